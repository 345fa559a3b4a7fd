"""The contract table: every rule against every check that ships in `steepest.testing`."""

from dataclasses import replace

import pytest
import torch

from steepest import rules
from steepest.rules.catalogue import DROP_INS, RULES
from steepest.testing.drop_ins import DROP_IN_CHECKS, check_drop_in
from steepest.testing.rules import RULE_CHECKS, check_rule


@pytest.mark.parametrize("check", RULE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", RULES)
def test_rule(name, check):
    check(RULES[name])


@pytest.mark.parametrize("check", DROP_IN_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", DROP_INS)
def test_drop_in(name, check):
    check(DROP_INS[name])


VARIANTS = {
    "sgd with everything": lambda p, **s: rules.SGD(p, momentum=0.9, dampening=0.3, weight_decay=0.1, **s),
    "average momentum": lambda p, **s: rules.Momentum(p, form="average", weight_decay=0.1, **s),
    "rmsprop centred with momentum": lambda p, **s: rules.RMSProp(
        p, centered=True, momentum=0.9, eps=0.1, weight_decay=0.1, **s
    ),
    "adam inside": lambda p, **s: rules.Adam(p, eps_place="inside", weight_decay=0.1, **s),
    "adam uncorrected": lambda p, **s: rules.Adam(p, correction="off", **s),
    "adagrad inside": lambda p, **s: rules.AdaGrad(p, eps_place="inside", lr_decay=0.1, **s),
}


@pytest.mark.parametrize("check", DROP_IN_CHECKS[:-1], ids=lambda check: check.__name__)  # compiled alike
@pytest.mark.parametrize("name", VARIANTS)
def test_variant(name, check):
    check(VARIANTS[name])


@pytest.mark.parametrize("check", [check_drop_in, check_rule])
def test_a_broken_rule_is_caught(check):
    """The table can fail: torch's foreach Nesterov overwrites gradients; a sum over members couples them."""
    if check is check_drop_in:

        def make(params, **settings):
            return torch.optim.SGD(params, momentum=0.9, nesterov=True, foreach=True, **settings)

        with pytest.raises(AssertionError, match="overwritten"):
            check(make)
    else:
        coupled = replace(RULES["sgd"], move=lambda t, g, s, h: (t - h["lr"][0] * g.mean(), s))
        with pytest.raises(AssertionError, match="member"):
            check(coupled)
