"""Options hung on an optimizer's steps, on ours and on torch's."""

import pytest
import torch
from torch.nn import Parameter

from steepest import rules
from steepest.base.errors import BadInput
from steepest.rules.hooks import (
    cautious_decay,
    clip_before_step,
    l1_before_step,
    proximal_l1_after_step,
)

MAKERS = [
    lambda p: rules.SGD(p, lr=0.1),
    lambda p: torch.optim.SGD(p, lr=0.1),
    lambda p: rules.Adam(p, lr=0.1),
]


def pair():
    source = torch.Generator().manual_seed(0)
    return [
        [Parameter(torch.randn(s, generator=source.manual_seed(i))) for i, s in enumerate([(3, 2), (2,), ()])]
        for _ in range(2)
    ]


def feed(*lists):
    for params in lists:
        for i, p in enumerate(params):
            p.grad = torch.randn(p.shape, generator=torch.Generator().manual_seed(10 + i)) * 5


@pytest.mark.parametrize("make", MAKERS)
def test_clipping_is_torchs(make):
    ours, theirs = pair()
    one, two = make(ours), make(theirs)
    handle = clip_before_step(one, norm=1.0, value=2.0)
    for _ in range(3):
        feed(ours, theirs)
        torch.nn.utils.clip_grad_value_(theirs, 2.0)
        torch.nn.utils.clip_grad_norm_(theirs, 1.0)
        one.step()
        two.step()
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)
    handle.remove()
    feed(ours)
    one.step()
    assert float(ours[0].grad.abs().max()) > 2, "a removed option still acts"


def test_l1_joins_the_gradient_of_weights_only():
    ours, theirs = pair()
    one, two = rules.Momentum(ours, lr=0.1), rules.Momentum(theirs, lr=0.1)
    l1_before_step(one, 0.5)
    feed(ours, theirs)
    theirs[0].grad.add_(theirs[0].detach().sign(), alpha=0.5)
    one.step()
    two.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("make", MAKERS[:2])
def test_proximal_l1_ends_at_exact_zeros(make):
    weight = Parameter(torch.tensor([[1.0, 0.3]]))
    bias = Parameter(torch.tensor([0.3]))
    optimizer = make([weight, bias])
    proximal_l1_after_step(optimizer, 0.4)
    for _ in range(300):
        weight.grad = weight.detach() - torch.tensor([[1.0, 0.1]])  # pulls to (1, 0.1), less than l1
        bias.grad = torch.zeros(1)
        optimizer.step()
    assert weight[0, 1] == 0
    assert weight[0, 0] > 0.3
    assert torch.equal(bias, torch.tensor([0.3])), "biases are not penalised by default"


def test_cautious_decay_is_decay_where_the_step_agrees():
    ours, theirs = pair()
    one, two = rules.SGD(ours, lr=0.1), rules.SGD(theirs, lr=0.1)
    cautious_decay(one, 0.5)
    before = theirs[0].detach().clone()
    feed(ours, theirs)
    one.step()
    two.step()
    agrees = (theirs[0].grad * before) > 0
    assert bool(agrees.any())
    assert bool((~agrees).any())
    torch.testing.assert_close(ours[0].detach(), theirs[0].detach() - 0.05 * before * agrees)
    assert torch.equal(ours[1], theirs[1])


@pytest.mark.parametrize(
    "mistake",
    [
        lambda o: clip_before_step(o, norm=0.0),
        lambda o: clip_before_step(o, value=-1.0),
        lambda o: l1_before_step(o, float("nan")),
        lambda o: proximal_l1_after_step(o, -1.0),
        lambda o: cautious_decay(o, -1.0),
    ],
)
def test_bad_strengths_are_refused(mistake):
    with pytest.raises(BadInput, match="must lie in"):
        mistake(rules.SGD([Parameter(torch.ones(2, 2))]))
