"""The two-moment rule for a whole stack as one compiled loop: every array is read and written once.

Each member follows its own row of numbers, so a stack of nine optimizers costs what a stack of one costs: 28
bytes per float32 weight and step. The first call compiles (seconds, cached on disk); other sizes of the stack
reuse the code. `steepest.rules.two_moment.update` is the reference that this must match.
"""

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor

from steepest.base.errors import BadInput
from steepest.rules.rows import Coefficients

ROWS = ("a1", "b1", "a2", "b2", "A", "B", "P", "Q", "keep", "l1", "l2")


def compact(c: Coefficients) -> Tensor:
    """The numbers as the loop wants them: [..., 11, K], from coefficients [..., K].

    With √k moved out of the root, θ ← keep·θ − (A·m + B·g)/(P·√v + Q), where A = lr·c₁/r, B = lr·c₂/r,
    Q = p·ε/r + 1 − p, and r = √k where p is 1, else 1: one root and one division.

    Raises:
        BadInput: for rows with a centred moment or ε inside the root, which this form has no place for.
    """
    if bool((c.z != 0).any()) or bool((c.inner != 0).any()):
        remedy = "Use `two_moment.update` for centred rules and for ε inside the root."
        raise BadInput("coefficients", "must have z = inner = 0", "others", remedy)
    root = torch.where(c.p > 0, c.k, torch.ones_like(c.k)).sqrt()
    step_first, step_raw = c.lr * c.c1 / root, c.lr * c.c2 / root
    offset = c.p * c.eps / root + 1 - c.p
    keep = 1 - c.lr * c.wd
    return torch.stack([c.a1, c.b1, c.a2, c.b2, step_first, step_raw, c.p, offset, keep, c.l1, c.l2], dim=-2)


def _step_(
    theta: Tensor,
    grad: Tensor,
    first: Tensor,
    second: Tensor,
    numbers: Tensor,
    active: Tensor,
    decayed: int,
    penalised: bool,
) -> None:
    a1, b1, a2, b2, by_first, by_raw, p, offset, keep, l1, l2 = numbers[:, :, None].unbind(0)
    moving = active[:, None]
    weights = (
        torch.arange(theta.shape[1], device=theta.device) < decayed
    )  # never stored: an index in the loop
    if penalised:
        grad = grad + torch.where(weights, l2 * theta + l1 * theta.sign(), 0.0)
    m = a1 * first + b1 * grad
    v = a2 * second + b2 * grad * grad
    kept = torch.where(weights, keep, 1.0) * theta
    moved = kept - (by_first * m + by_raw * grad) / (p * v.sqrt() + offset)
    theta.copy_(torch.where(moving, moved, theta))
    first.copy_(torch.where(moving, m, first))
    second.copy_(torch.where(moving, v, second))


@cache
def _compiled() -> Callable[..., Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's compiler imports torch's old one
        return torch.compile(_step_, dynamic=True)


@torch.no_grad()
def step_(
    theta: Tensor,
    grad: Tensor,
    first: Tensor,
    second: Tensor,
    numbers: Tensor,
    active: Tensor,
    decayed: int | None = None,
    penalised: bool = True,
) -> None:
    """One step of every active member, in place.

    Args:
        theta, grad, first, second: flat buffers [K, P]; the gradient is only read.
        numbers: [11, K] in the buffers' dtype: one step of `compact`'s table.
        active: [K] bool; members that are off keep every bit, whatever their numbers and gradients.
        decayed: the first `decayed` columns take decay and penalties, the rest none; None is all.
        penalised: False where no member has l1 or l2: saves their arithmetic.

    Example:
        >>> theta, zero = torch.ones(2, 8, dtype=torch.float64), torch.zeros(2, 8, dtype=torch.float64)
        >>> from steepest.rules.two_moment import coefficients
        >>> c = coefficients("sgd", {"lr": torch.tensor([0.1, 0.2], dtype=torch.float64)}, torch.tensor(1))
        >>> step_(theta, theta.clone(), zero, zero.clone(), compact(c), torch.tensor([True, False]))
        >>> theta[:, 0].tolist()
        [0.9, 1.0]
    """
    columns = theta.shape[1] + 1 if decayed is None else decayed  # + 1: no size that the compiler ties to P
    _compiled()(theta, grad, first, second, numbers, active, columns, penalised)
