"""What every drop-in optimizer must hold to, as plain functions: run them on one of your own.

    from steepest.testing.drop_ins import check_drop_in
    check_drop_in(lambda params, **settings: MyOptimizer(params, **settings))

`make` builds the optimizer; settings given are `lr` and, for some checks, `maximize`. Each check raises
`AssertionError` with what went wrong; `DROP_IN_CHECKS` holds them one by one, for a parametrised test.
"""

import copy
import io
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounter
from torch.nn import Parameter
from torch.optim import Optimizer

SHAPES = [(4, 3), (5,), (), (0,), (2, 2)]
Make = Callable[..., Optimizer]


def _params(dtype: torch.dtype = torch.float64) -> list[Parameter]:
    source = torch.Generator().manual_seed(0)
    return [Parameter(torch.randn(s, generator=source, dtype=torch.float64).to(dtype)) for s in SHAPES]


def _feed(params: list[Parameter], step: int) -> list[Tensor]:
    """Give every parameter the gradient of that step; copies of the gradients."""
    source = torch.Generator().manual_seed(step)
    for param in params:
        grad = torch.randn(param.shape, generator=source, dtype=torch.float64)
        param.grad = grad.to(param.dtype)
    return [param.grad.clone() for param in params if param.grad is not None]


def _train(optimizer: Optimizer, params: list[Parameter], steps: range) -> None:
    for step in steps:
        _feed(params, step)
        optimizer.step()


def _equal(left: list[Parameter], right: list[Parameter]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(left, right, strict=True))


def leaves_gradients_alone(make: Make) -> None:
    """`step()` writes no gradient, whichever direction is followed."""
    for settings in ({}, {"maximize": True}):
        params = _params()
        optimizer = make(params, lr=0.1, **settings)
        for step in range(3):
            before = _feed(params, step)
            optimizer.step()
            for param, grad in zip(params, before, strict=True):
                assert param.grad is not None, "a gradient was dropped"
                assert torch.equal(param.grad, grad), "a gradient was overwritten"


def climbs_when_told(make: Make) -> None:
    """`maximize` equals negated gradients, bit for bit."""
    up, down = _params(), _params()
    climber, descender = make(up, lr=0.1, maximize=True), make(down, lr=0.1)
    for step in range(5):
        _feed(up, step)
        _feed(down, step)
        for param in down:
            assert param.grad is not None
            param.grad.neg_()
        climber.step()
        descender.step()
    assert _equal(up, down), "maximize is not descent on the negated gradient"


def stands_still(make: Make) -> None:
    """lr = 0 moves nothing; nor do zero gradients without decay; nothing becomes NaN."""
    params, start = _params(), _params()
    optimizer = make(params, lr=0.0)
    _feed(params, 0)
    for param in params:
        assert param.grad is not None
        param.grad.zero_()
    optimizer.step()
    _train(optimizer, params, range(1, 4))
    assert _equal(params, start), "weights moved at lr = 0"
    optimizer = make(params, lr=0.1)
    for group in optimizer.param_groups:
        group.update({name: 0.0 for name in ("weight_decay", "eps") if name in group})
    for _ in range(3):
        for param in params:
            param.grad = torch.zeros_like(param)
        optimizer.step()
    assert _equal(params, start), "weights moved without a gradient"


def skips_what_has_no_gradient(make: Make) -> None:
    """A parameter without gradient keeps its weights and gets no state."""
    params, start = _params(), _params()
    optimizer = make(params, lr=0.1)
    for step in range(3):
        _feed(params, step)
        params[1].grad = None
        optimizer.step()
    assert torch.equal(params[1], start[1]), "a parameter without gradient moved"
    assert not optimizer.state.get(params[1]), "a parameter without gradient got state"
    _train(optimizer, params, range(3, 5))
    assert all(p.isfinite().all() for p in params), "a late starter broke the rest"
    assert not torch.equal(params[1], start[1]), "a late starter does not move"


def keeps_dtypes(make: Make) -> None:
    """Parameters stay in float64, float32, bfloat16, also side by side in one group."""
    mixed = [*_params(torch.float64), *_params(torch.float32), *_params(torch.bfloat16)]
    dtypes = [p.dtype for p in mixed]
    optimizer = make(mixed, lr=0.01)
    _train(optimizer, mixed, range(5))
    assert [p.dtype for p in mixed] == dtypes, "a dtype changed"
    assert all(p.isfinite().all() for p in mixed), "low precision broke the weights"
    exact, near = mixed[: len(SHAPES)], mixed[len(SHAPES) : 2 * len(SHAPES)]
    for a, b in zip(exact, near, strict=True):
        assert a.shape == b.shape, "a shape changed"


def state_round_trips(make: Make) -> None:
    """A checkpoint, written and read with `weights_only`, continues identically; so does a deep copy."""
    params = _params()
    optimizer = make(params, lr=0.1)
    _train(optimizer, params, range(4))
    file = io.BytesIO()
    torch.save({"weights": [p.detach() for p in params], "optimizer": optimizer.state_dict()}, file)
    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed = [Parameter(w) for w in saved["weights"]]
    second = make(resumed, lr=9.0)
    second.load_state_dict(saved["optimizer"])
    copied, third = copy.deepcopy((params, optimizer))
    for each, weights in ((optimizer, params), (second, resumed), (third, copied)):
        _train(each, weights, range(4, 8))
    assert _equal(params, resumed), "a loaded checkpoint continues elsewhere"
    assert _equal(params, copied), "a deep copy continues elsewhere"


def groups_keep_their_rates(make: Make) -> None:
    """Each param group moves by its own rate, and a group may join later."""
    left, right = _params(), _params()
    grouped = make([{"params": left[:1], "lr": 0.0}, {"params": left[1:4]}], lr=0.1)
    grouped.add_param_group({"params": left[4:], "lr": 0.0})
    _train(grouped, left, range(3))
    assert torch.equal(left[0], right[0]), "a group's lr = 0 is not obeyed"
    assert torch.equal(left[4], right[4]), "a late group's lr = 0 is not obeyed"
    assert not torch.equal(left[1], right[1]), "the other group does not move"


def returns_the_closure(make: Make) -> None:
    """`step(closure)` runs the closure once, with gradients on, and returns its loss."""
    params = _params()
    optimizer = make(params, lr=0.01)
    calls = []

    def closure() -> float:
        optimizer.zero_grad()
        loss = sum((p**2).sum() for p in params)
        assert isinstance(loss, Tensor)
        loss.backward()  # type: ignore[no-untyped-call]
        calls.append(1)
        return float(loss.detach())

    first: Any = optimizer.step(closure)
    assert isinstance(first, float), "the closure's loss is not returned"
    assert len(calls) == 1, "the closure ran more than once"


def follows_schedulers(make: Make) -> None:
    """torch's schedulers move the rate: a scheduled run equals one whose rate is set by hand."""
    scheduled, by_hand = _params(), _params()
    one, two = make(scheduled, lr=0.1), make(by_hand, lr=0.1)
    scheduler = torch.optim.lr_scheduler.LambdaLR(one, lambda step: 0.5**step)
    for step in range(4):
        _feed(scheduled, step)
        _feed(by_hand, step)
        for group in two.param_groups:
            group["lr"] = 0.1 * 0.5**step
        one.step()
        two.step()
        scheduler.step()
    constant = _params()
    _train(make(constant, lr=0.1), constant, range(4))
    assert _equal(scheduled, by_hand), "the scheduled rate is not the one used"
    assert not _equal(scheduled, constant), "the scheduled rate is ignored"


def works_with_grad_scaler(make: Make) -> None:
    """`GradScaler` skips a step with an infinite gradient and leaves others as they would be unscaled."""
    scaled, plain = _params(torch.float32), _params(torch.float32)
    one, two = make(scaled, lr=0.01), make(plain, lr=0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1000)
    for step in range(4):
        _feed(plain, step)
        _feed(scaled, step)
        scaler.scale(torch.ones(()))
        for param in scaled:
            assert param.grad is not None
            param.grad.mul_(scaler.get_scale())
        if step == 2:
            assert scaled[0].grad is not None
            scaled[0].grad[0] = torch.inf
        else:
            two.step()
        scaler.step(one)
        scaler.update()
    for a, b in zip(scaled, plain, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-7)


def compiles_once(make: Make) -> None:
    """A training step with `optimizer.step()` inside compiles once and changes nothing."""
    compiled, eager = _params(), _params()
    one, two = make(compiled, lr=0.1), make(eager, lr=0.1)
    torch._dynamo.reset()
    counter = CompileCounter()

    @torch.compile(backend=counter)
    def advance() -> Tensor:
        before = compiled[0].detach() * 2
        one.step()
        return before + 1

    frames = []
    for step in range(4):
        _feed(compiled, step)
        advance()
        frames.append(counter.frame_count)
    torch._dynamo.reset()
    _train(two, eager, range(4))
    assert frames[1] == frames[-1], f"compilations per call: {frames}"
    assert _equal(compiled, eager), "compiled steps end elsewhere"


DROP_IN_CHECKS: tuple[Callable[[Make], None], ...] = (
    leaves_gradients_alone,
    climbs_when_told,
    stands_still,
    skips_what_has_no_gradient,
    keeps_dtypes,
    state_round_trips,
    groups_keep_their_rates,
    returns_the_closure,
    follows_schedulers,
    works_with_grad_scaler,
    compiles_once,
)
"""Checks of a drop-in optimizer."""


def check_drop_in(make: Make) -> None:
    """Run every check of a drop-in optimizer."""
    for check in DROP_IN_CHECKS:
        check(make)
