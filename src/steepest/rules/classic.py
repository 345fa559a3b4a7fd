"""The drop-in face of the two-moment rule: collects state, picks torch's fused kernel or the general path."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from steepest.rules import foreach
from steepest.rules.drop_in import DropIn, Group, refuse_sparse
from steepest.rules.rows import LEAST_EPS, Row

Lists = tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor], list[Tensor]]


_LATER = 2.0  # the step of a rule that only tells the first from later ones; `_begin` sees to the first


class Classic(DropIn):
    """A row of the two-moment rule as an optimizer; a subclass names its state and gives the row.

    Class attributes:
        first, second: torch's names of the moments in the state; "" where the rule has none.
        counted: whether the state counts steps.
    """

    first: ClassVar[str] = ""
    second: ClassVar[str] = ""
    counted: ClassVar[bool] = True

    def _row(self, group: Group, step: Any) -> Row:
        """The rule's numbers at a 1-based step."""
        raise NotImplementedError

    def _fused(self, group: Group, lists: Lists) -> bool:  # noqa: ARG002
        """Run torch's fused kernel on the lists if it computes exactly this rule; say whether it did."""
        return False

    def _moments(self, group: Group) -> tuple[str, str]:  # noqa: ARG002
        """Names of the moments that this group needs."""
        return self.first, self.second

    def _init_group(self, group: Group, *lists: list[Tensor]) -> None:
        """Fill (parameters, gradients, first, second, steps), making state where there is none.

        The name is torch's: its compiler runs a method of this name outside the compiled graph.
        """
        params, grads, first, second, steps = lists
        params.extend([p for p in group["params"] if p.grad is not None])
        grads.extend([p.grad for p in params])  # type: ignore[misc]
        refuse_sparse(grads)
        names = self._moments(group)
        if not (self.counted or any(names)):
            return
        states = [self.state[p] for p in params]
        for param, state in zip(params, states, strict=True):
            if not state:
                self._begin(state, param, group)
        for name, into in zip(names, (first, second), strict=True):
            if name:
                into.extend(self._kept(name, states, params))
        if self.counted:
            steps.extend([state["step"] for state in states])

    def _kept(self, name: str, states: list[dict[str, Tensor]], params: list[Tensor]) -> list[Tensor]:
        try:
            return [state[name] for state in states]
        except KeyError:  # a setting that needs it was switched on during the run
            return [s.setdefault(name, torch.zeros_like(p)) for s, p in zip(states, params, strict=True)]

    def _begin(self, state: dict[str, Tensor], param: Tensor, group: Group) -> None:
        """State before a parameter's first step: zeros."""
        if self.counted:
            state["step"] = torch.zeros((), device=param.device)
        for name in self._moments(group):
            if name:
                state[name] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _move(self, group: Group) -> None:
        lists: Lists = ([], [], [], [], [])
        self._init_group(group, *lists)
        if not lists[0]:
            return
        if torch.compiler.is_compiling():
            self._trace(group, lists)
            return
        for part in _by_place(lists):
            if part[4]:
                torch._foreach_add_(part[4], 1.0)
            if not self._fused(group, part):
                self._general(group, part)

    def _general(self, group: Group, lists: Lists) -> None:
        for step, part in _by_step(lists):
            params, grads, first, second, _ = part
            foreach.step_(params, grads, first, second, self._row(group, step), group["maximize"])

    def _trace(self, group: Group, lists: Lists) -> None:
        """Plain operations that torch's compiler merges; the step stays a tensor: no recompilation."""
        params, grads, first, second, steps = lists
        for index, (param, grad) in enumerate(zip(params, grads, strict=True)):
            step: Any = steps[index].add_(1) if steps else _LATER
            moments = (first[index] if first else None, second[index] if second else None)
            _traced(param, -grad if group["maximize"] else grad, *moments, self._row(group, step))


def number(value: Any) -> Any:
    """A setting as a plain float; under the compiler it stays as it is."""
    return float(value) if isinstance(value, Tensor) and not torch.compiler.is_compiling() else value


def _by_place(lists: Lists) -> Sequence[Lists]:
    """Split lists whose parameters lie on several devices; kernels take one device at a time."""
    devices = {p.device for p in lists[0]}
    if len(devices) == 1:
        return (lists,)
    parts = []
    for device in devices:
        at = [i for i, p in enumerate(lists[0]) if p.device == device]
        parts.append(_pick(lists, at))
    return parts


def _by_step(lists: Lists) -> Sequence[tuple[float, Lists]]:
    """Split lists whose parameters have taken different numbers of steps."""
    if not lists[4]:
        return ((_LATER, lists),)
    counts = [float(step) for step in lists[4]]
    if counts.count(counts[0]) == len(counts):
        return ((counts[0], lists),)
    return [(n, _pick(lists, [i for i, c in enumerate(counts) if c == n])) for n in sorted(set(counts))]


def _pick(lists: Lists, at: Sequence[int]) -> Lists:
    params, grads, first, second, steps = ([items[i] for i in at] if items else [] for items in lists)
    return params, grads, first, second, steps


def _traced(theta: Tensor, grad: Tensor, first: Tensor | None, second: Tensor | None, row: Row) -> None:
    if row.get("l2"):
        grad = grad + row["l2"] * theta
    direction = row.get("c2", 0.0) * grad
    if first is not None:
        first.copy_(row["a1"] * first + row["b1"] * grad)
        direction = row.get("c1", 0.0) * first + direction
    if second is not None:
        second.copy_(row["a2"] * second + row["b2"] * grad * grad)
        inside = row["k"] * second + row.get("inner", 0.0)
        if first is not None and "z" in row:
            inside = (inside - first * first).clamp_min(0)
        direction = direction / (inside.sqrt() + row.get("eps", 0.0) + LEAST_EPS)
    theta.copy_((1 - row["lr"] * row.get("wd", 0.0)) * theta - row["lr"] * direction)
