"""One table of everything a user can get wrong: the error names argument, constraint, value and remedy."""

import copy
import math

import pytest
import torch
from torch.nn import Parameter

from steepest import rules
from steepest.base.errors import BadInput
from steepest.rules.bounds import BOUNDS, BadHyper, check_number
from steepest.rules.catalogue import DROP_INS, RULES, rule
from steepest.rules.schedules import multiplier
from steepest.rules.two_moment import coefficients


def w():
    """Fresh weights."""
    return [Parameter(torch.ones(2, 2))]


def sparse_step():
    table = torch.nn.Embedding(4, 2, sparse=True)
    optimizer = rules.SGD(table.parameters())
    table(torch.tensor([1])).sum().backward()
    optimizer.step()


def foreign_state(theirs, ours):
    params = w()
    params[0].grad = torch.ones(2, 2)
    first = theirs(params)
    first.step()
    ours(w()).load_state_dict(copy.deepcopy(first.state_dict()))


def amsgrad(params):
    return torch.optim.Adam(params, amsgrad=True)


def eval_step():
    params = w()
    optimizer = rules.ScheduleFreeSGD(params)
    optimizer.eval()
    params[0].grad = torch.ones(2, 2)
    optimizer.step()


def pure(name, shape=(2, 3), state=None, **hyper):
    chosen = rule(name)
    theta = torch.ones(shape)
    return chosen.update(theta, theta, chosen.init(theta) if state is None else state, hyper)


ONE = torch.ones(2)
TABLE = [
    ("negative rate", lambda: rules.SGD(w(), lr=-0.1), ["lr", "[0, ∞)", "-0.1", "learning rate"]),
    ("NaN rate", lambda: rules.Adam(w(), lr=math.nan), ["lr", "[0, ∞)", "nan"]),
    ("infinite rate", lambda: rules.Adam(w(), lr=math.inf), ["lr", "inf"]),
    ("rate as text", lambda: rules.Adam(w(), lr="0.1"), ["lr must be a number", "'0.1'"]),
    ("rate as a switch", lambda: rules.Adam(w(), lr=True), ["lr must be a number", "True"]),
    ("a rate per member", lambda: rules.Adam(w(), lr=ONE), ["lr must be one number", "[2]", "stack"]),
    ("momentum of 1", lambda: rules.Momentum(w(), momentum=1.0), ["momentum", "[0, 1)", "1.0"]),
    ("β₂ of 1", lambda: rules.Adam(w(), betas=(0.9, 1.0)), ["betas[1]", "[0, 1)", "1.0"]),
    ("one β", lambda: rules.Adam(w(), betas=0.9), ["betas must be 2 numbers", "0.9", "(0.9, 0.999)"]),
    ("two of three β", lambda: rules.AdEMAMix(w(), betas=(0.9, 0.99)), ["betas must be 3 numbers"]),
    ("negative ε", lambda: rules.RMSProp(w(), eps=-1e-8), ["eps", "-1e-08"]),
    ("negative decay", lambda: rules.AdamW(w(), weight_decay=-1), ["weight_decay", "-1"]),
    ("no iterations", lambda: rules.Muon(w(), ns_steps=0), ["ns_steps", "[1, 99]", "0"]),
    ("no distance", lambda: rules.Prodigy(w(), d0=0.0), ["d0", "(0, ∞)", "0.0"]),
    ("misspelt word", lambda: rules.Adam(w(), eps_place="outsid"), ["eps_place", "Did you mean 'outside'"]),
    ("misspelt form", lambda: rules.Momentum(w(), form="mean"), ["form", "'mean'", "heavy_ball, average"]),
    ("Nesterov alone", lambda: rules.SGD(w(), nesterov=True), ["nesterov", "momentum=0.0", "Try"]),
    ("bad group", lambda: rules.SGD([{"params": w(), "lr": -1}]), ["lr", "-1"]),
    ("a lone tensor", lambda: rules.SGD(w()[0]), ["must be an iterable", "[2, 2]", "`[tensor]`"]),
    ("no tensors", lambda: rules.SGD([1.0]), ["params must hold tensors", "float", "network.parameters()"]),
    ("complex", lambda: rules.SGD([torch.ones(2) * 1j]), ["must be real", "complex64", "as_real"]),
    ("integers", lambda: rules.SGD([torch.ones(2).int()]), ["must be floating-point", "int32"]),
    ("sparse weights", lambda: rules.SGD([torch.eye(2).to_sparse()]), ["must be dense", "to_dense"]),
    ("sparse gradient", sparse_step, ["gradient must be dense", "[4, 2]", "sparse=False"]),
    ("no matrix", lambda: rules.Muon([Parameter(torch.ones(3))]), ["must hold a matrix", "[[3]]", "AdamW"]),
    ("Adam's state in SGD", lambda: foreign_state(rules.Adam, rules.SGD), ["state_dict", "exp_avg", "SGD"]),
    ("torch's NAdam", lambda: foreign_state(torch.optim.NAdam, rules.NAdamW), ["state_dict", "mu_product"]),
    ("AMSGrad", lambda: foreign_state(amsgrad, rules.Adam), ["amsgrad", "True"]),
    ("AdamW in Adam", lambda: foreign_state(torch.optim.AdamW, rules.Adam), ["decoupled_weight_decay"]),
    ("Nesterov in Momentum", lambda: foreign_state(rules.Nesterov, rules.Momentum), ["nesterov", "True"]),
    ("step after eval", eval_step, ["step()", "optimizer.train()"]),
    ("unknown rule", lambda: rule("adm"), ["rule", "'adm'", "Did you mean 'adam'"]),
    ("unknown optimizer", lambda: coefficients("amd", {"lr": ONE}, ONE), ["optimizer", "Did you mean"]),
    ("missing β", lambda: coefficients("adam", {"lr": ONE}, ONE), ["hyper", "'beta1'", "adam", "tensor"]),
    ("unknown schedule", lambda: multiplier("cosin", ONE, ONE), ["schedule", "Did you mean 'cosine'"]),
    ("unknown hyper", lambda: pure("sgd", momentm=ONE), ["'momentm'", "sgd"]),
    ("shape of K", lambda: pure("adam", lr=torch.ones(3)), ["must be shaped [2]", "[3]", "one per member"]),
    ("column of K", lambda: pure("adam", lr=torch.ones(2, 1)), ["lr must be shaped [2]", "[2, 1]"]),
    ("one bad member", lambda: pure("adam", lr=torch.tensor([0.1, -1.0])), ["lr", "-1 (member 1)"]),
    ("one NaN member", lambda: pure("adam", beta2=torch.tensor([0.1, math.nan])), ["nan (member 1)"]),
    ("state of another", lambda: pure("adam", state=rule("lion").init(ONE)), ["state", "adam.init"]),
    ("no member axis", lambda: rule("sgd").init(torch.tensor(1.0)), ["theta", "member axis", "theta[None]"]),
    ("Muon on vectors", lambda: pure("muon"), ["theta", "[K, rows, columns]", "[2, 3]", "adamw"]),
]  # fmt: skip


@pytest.mark.parametrize(("mistake", "words"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_the_error_says_what_and_how(mistake, words):
    with pytest.raises(BadInput) as caught:
        mistake()
    message = str(caught.value)
    for word in words:
        assert word in message, message


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, "1", None])
@pytest.mark.parametrize("name", BOUNDS)
def test_every_bound_refuses(name, value):
    with pytest.raises(BadHyper, match=name):
        check_number(name, value)


@pytest.mark.parametrize("name", DROP_INS)
def test_every_number_of_every_drop_in_is_bounded(name):
    optimizer = DROP_INS[name]([Parameter(torch.ones(2, 2))])
    running = {"k", "weight_sum", "lr_max", "d", "d_numerator"}  # state, not settings
    for setting, value in optimizer.defaults.items():
        if isinstance(value, float) and setting not in running:
            with pytest.raises(BadHyper, match=setting):
                DROP_INS[name]([{"params": w(), setting: -1.0}])


@pytest.mark.parametrize("name", RULES)
def test_every_hyperparameter_of_every_rule_is_bounded(name):
    for hyper in RULES[name].defaults:
        with pytest.raises(BadHyper, match=hyper):
            RULES[name].hyper(2, {hyper: torch.tensor([0.5, -1.0])})


def test_errors_are_what_torch_users_catch():
    with pytest.raises(ValueError, match="lr"):
        rules.SGD(w(), lr=-1)
    with pytest.raises(TypeError, match="tensors"):
        rules.SGD(["weight"])
