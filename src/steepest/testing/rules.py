"""What every rule must hold to, as plain functions: run them on a rule of your own.

    from steepest.testing.rules import check_rule
    check_rule(my_rule)                                    # a steepest.rules.rule.Rule

Each check raises `AssertionError` with what went wrong; `RULE_CHECKS` holds them one by one, for parametrised
tests. Optimizers of the `torch.optim` kind have theirs in `steepest.testing.drop_ins`.
"""

import copy
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounter

from steepest.rules.rule import Rule, State

MEMBERS, SHAPE, STEPS = 4, (5, 3), 12


def _stack(rule: Rule, dtype: torch.dtype = torch.float64) -> tuple[Tensor, list[Tensor], dict[str, Tensor]]:
    """Weights [K, ...], gradients of every step, and hyperparameters that differ between members."""
    source = torch.Generator().manual_seed(0)
    theta = torch.randn(MEMBERS, *SHAPE, generator=source, dtype=torch.float64).to(dtype)
    grads = [
        torch.randn(MEMBERS, *SHAPE, generator=source, dtype=torch.float64).to(dtype) for _ in range(STEPS)
    ]
    spread = torch.linspace(0.5, 1.0, MEMBERS, dtype=torch.float64)
    return theta, grads, {name: default * spread for name, default in rule.defaults.items()}


def _run(
    rule: Rule, theta: Tensor, grads: Sequence[Tensor], hyper: Mapping[str, Tensor]
) -> tuple[Tensor, State]:
    state = rule.init(theta)
    for grad in grads:
        theta, state = rule.update(theta, grad, state, hyper)
    return theta, state


def _same(left: Tensor, right: Tensor) -> bool:
    return torch.equal(left.nan_to_num(12345.0), right.nan_to_num(12345.0))


def members_are_independent(rule: Rule) -> None:
    """A member's path is its path alone, bit for bit, in any slot, beside a neighbour that turned to NaN."""
    theta, grads, hyper = _stack(rule)
    together, _ = _run(rule, theta, grads, hyper)
    order = torch.tensor([2, 0, 3, 1])
    shuffled, _ = _run(rule, theta[order], [g[order] for g in grads], {n: v[order] for n, v in hyper.items()})
    assert _same(shuffled, together[order]), "another slot changes a member"
    for member in range(MEMBERS):
        at = slice(member, member + 1)
        alone, _ = _run(rule, theta[at], [g[at] for g in grads], {n: v[at] for n, v in hyper.items()})
        assert _same(alone, together[at]), f"member {member} differs when it trains alone"
    broken = [g.clone() for g in grads]
    for grad in broken[3:]:
        grad[1] = torch.nan
    beside, _ = _run(rule, theta, broken, hyper)
    assert beside[1].isnan().all(), "the NaN was lost"
    others = [0, 2, 3]
    assert _same(beside[others], together[others]), "a neighbour's NaN changes a member"


def stands_still_at_rate_zero(rule: Rule) -> None:
    """A member with lr = 0 keeps every bit of its weights, from the first step, with any second moment."""
    theta, grads, hyper = _stack(rule)
    grads[0] = torch.zeros_like(grads[0])
    moved, _ = _run(rule, theta, grads, hyper | {"lr": torch.zeros(MEMBERS)})
    assert torch.equal(moved, theta), "weights moved at lr = 0"


def stands_still_without_gradient(rule: Rule) -> None:
    """Zero gradients and no decay move nothing and make no NaN, even with ε = 0."""
    theta, grads, hyper = _stack(rule)
    still = {n: torch.zeros(MEMBERS) for n in ("eps", "weight_decay", "l1", "l2") if n in rule.defaults}
    moved, _ = _run(rule, theta, [torch.zeros_like(g) for g in grads], hyper | still)
    assert torch.equal(moved, theta), "weights moved without a gradient"


def keeps_dtypes(rule: Rule) -> None:
    """float32, float64 and bfloat16 weights stay what they are, and low precision stays near float64."""
    exact, _ = _run(rule, *_stack(rule))
    for dtype, bound in ((torch.float64, 0.0), (torch.float32, 1e-3), (torch.bfloat16, 0.3)):
        moved, state = _run(rule, *_stack(rule, dtype))
        assert moved.dtype == dtype, f"{dtype} weights became {moved.dtype}"
        assert all(v.dtype in (dtype, torch.float32, torch.float64) for v in state.values()), (
            f"state of {dtype} weights"
        )
        assert (moved.double() - exact).abs().max() <= bound, f"{dtype} strays from float64"


def takes_scalars_and_nothing(rule: Rule) -> None:
    """Members of one number, members of no number, and a stack of no member."""
    shapes = [(3, 1, 1), (3, 0, 2), (0, 2, 2)] if rule.matrices else [(3,), (3, 0), (0, 4)]
    for shape in shapes:
        theta = torch.ones(shape)
        moved, _ = _run(rule, theta, [torch.ones(shape)] * 2, {})
        assert moved.shape == theta.shape, f"a stack of shape {shape} became {tuple(moved.shape)}"
        assert moved.isfinite().all(), f"a stack of shape {shape} is not finite"


def is_pure(rule: Rule) -> None:
    """Weights, gradients, state and hyperparameters that go in are left as they were."""
    theta, grads, hyper = _stack(rule)
    _, state = _run(rule, theta, grads, hyper)
    inputs = (theta, grads[0], state, hyper)
    before = copy.deepcopy(inputs)
    rule.update(*inputs)
    for now, then in zip(_tensors(inputs), _tensors(before), strict=True):
        assert torch.equal(now, then), "an input was written to"


def _tensors(parts: Sequence[Any]) -> list[Tensor]:
    return [t for p in parts for t in (p.values() if isinstance(p, dict) else [p])]


def state_round_trips(rule: Rule) -> None:
    """A run saved half-way and read back without pickle's freedom continues identically."""
    theta, grads, hyper = _stack(rule)
    whole, _ = _run(rule, theta, grads, hyper)
    half, state = _run(rule, theta, grads[:5], hyper)
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    for grad in grads[5:]:
        half, state = rule.update(half, grad, state, hyper)
    assert torch.equal(half, whole), "a resumed run ends elsewhere"


def compiles_once(rule: Rule) -> None:
    """Under `torch.compile` the arithmetic is one graph; later steps and other numbers do not recompile."""
    theta, grads, hyper = _stack(rule)
    hyper = rule.hyper(MEMBERS, hyper)
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(rule.move, backend=counter, fullgraph=True)
    state = rule.init(theta)
    for step, grad in enumerate(grads[:4]):
        state = state | {"step": state["step"] + 1}
        theta, state = compiled(theta, grad, state, {n: v / (step + 1) for n, v in hyper.items()})
    torch._dynamo.reset()
    assert counter.frame_count == 1, f"{counter.frame_count} compilations instead of one"


RULE_CHECKS: tuple[Callable[[Rule], None], ...] = (
    members_are_independent,
    stands_still_at_rate_zero,
    stands_still_without_gradient,
    keeps_dtypes,
    takes_scalars_and_nothing,
    is_pure,
    state_round_trips,
    compiles_once,
)
"""Checks of a pure rule."""


def check_rule(rule: Rule) -> None:
    """Run every check of a pure rule."""
    for check in RULE_CHECKS:
        check(rule)
