"""Recurrent layers of a stack hold the numbers of torch's, forwards and in every gradient."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from steepest.networks.recurrence import BETWEEN, UNSTACKED, stack_recurrence

MEMBERS, ROWS, STEPS, INPUTS, UNITS = 3, 5, 6, 4, 7


def flat(states: Any) -> Tensor:
    return torch.cat([t.flatten() for t in (states if isinstance(states, tuple) else (states,))])


def loss(outputs: Tensor, states: Any) -> Tensor:
    """Something that depends on all outputs and last states, each with a weight of its own."""
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view(outputs.shape)
    last = flat(states)
    return (outputs * weights).sum() + (last.pow(2) * torch.arange(len(last), dtype=last.dtype)).sum()


def given(kind: type[nn.Module], options: dict[str, Any], dtype: torch.dtype) -> Any:
    """States to start from, of each member, that ask for gradients."""
    layers = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    draw = torch.Generator().manual_seed(5)
    made = [
        torch.randn(MEMBERS, layers, ROWS, UNITS, dtype=dtype, generator=draw).requires_grad_()
        for _ in range(2 if kind is nn.LSTM else 1)
    ]
    return tuple(made) if kind is nn.LSTM else made[0]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 2e-6)])
@pytest.mark.parametrize("starts", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_first": True},
        {"bias": False, "bidirectional": True},
        {"num_layers": 2, "bidirectional": True, "batch_first": True},
        {"num_layers": 3},
    ],
)
@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_outputs_states_and_gradients_are_those_of_torch(
    kind: type[nn.Module], options: dict[str, Any], starts: bool, dtype: torch.dtype, tolerance: float
) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        networks = [kind(INPUTS, UNITS, dtype=dtype, **options) for _ in range(MEMBERS)]
        base = kind(INPUTS, UNITS, dtype=dtype, **options)
        shape = (ROWS, STEPS) if options.get("batch_first") else (STEPS, ROWS)
        x = torch.randn(MEMBERS, *shape, INPUTS, dtype=dtype, requires_grad=True)
    stack_recurrence(base)
    assert list(base.state_dict()) == list(networks[0].state_dict())
    parameters, _ = stack_module_state(networks)
    start = given(kind, options, dtype) if starts else None
    leaves = [
        x,
        *parameters.values(),
        *(() if start is None else start if isinstance(start, tuple) else (start,)),
    ]
    if starts:
        outputs, last = vmap(lambda p, x, s: functional_call(base, p, (x, s)))(parameters, x, start)
    else:
        outputs, last = vmap(lambda p, x: functional_call(base, p, (x,)))(parameters, x)

    def of(states: Any, k: int) -> Any:
        return tuple(s[k] for s in states) if isinstance(states, tuple) else states[k]

    total = torch.stack([loss(outputs[k], of(last, k)) for k in range(MEMBERS)]).sum()
    found = torch.autograd.grad(total, leaves)
    alone = [
        functional_call(
            network, {n: p[k] for n, p in parameters.items()}, (x[k], *([of(start, k)] if starts else []))
        )
        for k, network in enumerate(networks)
    ]
    expected = torch.autograd.grad(torch.stack([loss(*each) for each in alone]).sum(), leaves)
    close = {"rtol": 0.0, "atol": tolerance}
    torch.testing.assert_close(outputs, torch.stack([o for o, _ in alone]), **close)
    for k, (_, states) in enumerate(alone):
        torch.testing.assert_close(flat(of(last, k)), flat(states), **close)
    for one, two in zip(found, expected, strict=True):
        torch.testing.assert_close(one, two, rtol=0.0, atol=tolerance * max(1.0, float(two.abs().max())))


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_a_member_that_is_not_finite_leaves_the_others_alone(kind: type[nn.Module]) -> None:
    base = kind(INPUTS, UNITS)
    stack_recurrence(base)
    parameters = {n: torch.randn(MEMBERS, *p.shape) for n, p in base.named_parameters()}
    x = torch.randn(MEMBERS, STEPS, ROWS, INPUTS)

    def run() -> tuple[Tensor, ...]:
        leaves = {n: p.clone().requires_grad_() for n, p in parameters.items()}
        outputs, _ = vmap(lambda p, x: functional_call(base, p, (x,)))(leaves, x)
        return outputs.detach(), *torch.autograd.grad(outputs.square().sum(), list(leaves.values()))

    before = run()
    parameters["weight_hh_l0"][1] = torch.nan
    for one, two in zip(before, run(), strict=True):
        assert torch.equal(one[[0, 2]], two[[0, 2]])
        assert not torch.isfinite(two[1]).all()


def test_a_layer_run_twice_before_its_gradient_keeps_both_passes_apart() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.GRU(UNITS, UNITS)

        def forward(self, x: Tensor) -> Tensor:
            return self.layer(self.layer(x)[0].flip(0))[0]

    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain, base = Twice().double(), Twice().double()
        base.load_state_dict(plain.state_dict())
        x = torch.randn(2, STEPS, ROWS, UNITS, dtype=torch.float64)
    stack_recurrence(base)
    parameters = {
        n: p.detach().expand(2, *p.shape).clone().requires_grad_() for n, p in plain.named_parameters()
    }
    for _ in range(3):  # what one step leaves behind, the next takes up
        outputs = vmap(lambda p, x: functional_call(base, p, (x,)))(parameters, x)
        found = torch.autograd.grad(outputs.square().sum(), list(parameters.values()))
        for k in range(2):
            expected = torch.autograd.grad(plain(x[k]).square().sum(), list(plain.parameters()))
            for one, two in zip(found, expected, strict=True):
                torch.testing.assert_close(one[k], two, rtol=1e-11, atol=1e-12)


def test_a_second_gradient_of_one_pass_is_refused() -> None:
    base = nn.GRU(INPUTS, UNITS)
    stack_recurrence(base)
    x = torch.randn(MEMBERS, STEPS, ROWS, INPUTS, requires_grad=True)
    outputs, _ = vmap(base)(x)
    torch.autograd.grad(outputs.sum(), x, retain_graph=True)
    with pytest.raises(RuntimeError, match="once for each pass"):
        torch.autograd.grad(outputs.sum(), x)


def test_what_cannot_be_stacked_says_so() -> None:
    between, projected = nn.GRU(2, 3, num_layers=2, dropout=0.5), nn.LSTM(2, 3, proj_size=1)
    for layer in (between, projected):
        stack_recurrence(layer)
    with pytest.raises(NotImplementedError, match=BETWEEN):
        between(torch.zeros(4, 1, 2))
    with pytest.raises(NotImplementedError, match=UNSTACKED):
        projected(torch.zeros(4, 1, 2))
    assert between.eval()(torch.zeros(4, 1, 2))[0].shape == (4, 1, 3)
