"""The drop-in face of the two-moment rule: collects state, picks torch's fused kernel or the general path."""

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor

from steepest.rules import foreach
from steepest.rules.drop_in import DropIn, Group, refuse_sparse
from steepest.rules.rows import Row

Lists = tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor], list[Tensor]]


LARGE = 100_000
"""Elements above which a tensor's temporaries are no longer cheap beside those of its neighbours."""
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

    def _collect(self, group: Group, lists: Lists) -> None:
        """Fill (parameters, gradients, first, second, steps), making state where there is none."""
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

    def _begin(self, state: dict[str, Tensor], param: Tensor, group: Group) -> None:
        """State before a parameter's first step: zeros."""
        if self.counted:
            state["step"] = torch.zeros((), device=param.device if self.steps_beside_weights else "cpu")
        for name in self._moments(group):
            if name:
                state[name] = torch.zeros_like(param, memory_format=torch.preserve_format)

    def _move(self, group: Group) -> None:
        lists: Lists = ([], [], [], [], [])
        self._collect(group, lists)
        if not lists[0]:
            return
        for part in _by_place(lists):
            if part[4]:
                torch._foreach_add_(part[4], 1.0)
            if not self._fused(group, part):
                self._general(group, part)

    def _general(self, group: Group, lists: Lists) -> None:
        for step, part in _by_step(lists):
            row = self._row(group, step)
            for params, grads, first, second, _ in _small_enough(part):
                foreach.step_(params, grads, first, second, row, group["maximize"])


def _by_place(lists: Lists) -> Sequence[Lists]:
    """Split lists that no kernel takes at once: several devices, or several dtypes off the CPU."""
    devices = {p.device for p in lists[0]}
    if len(devices) == 1 and next(iter(devices)).type == "cpu":
        return (lists,)
    places: dict[tuple[torch.device, torch.dtype], list[int]] = {}
    for index, param in enumerate(lists[0]):
        places.setdefault((param.device, param.dtype), []).append(index)
    return [_pick(lists, at) for at in places.values()]


def _by_step(lists: Lists) -> Sequence[tuple[float, Lists]]:
    """Split lists whose parameters have taken different numbers of steps."""
    if not lists[4]:
        return ((_LATER, lists),)
    counts = [float(step) for step in lists[4]]
    if counts.count(counts[0]) == len(counts):
        return ((counts[0], lists),)
    return [(n, _pick(lists, [i for i, c in enumerate(counts) if c == n])) for n in sorted(set(counts))]


def _small_enough(lists: Lists) -> Sequence[Lists]:
    """One list per tensor where tensors are large, so that temporaries stay in the cache."""
    params = lists[0]
    if params[0].device.type != "cpu" or max(p.numel() for p in params) < LARGE:
        return (lists,)
    return [_pick(lists, [i]) for i in range(len(params))]


def _pick(lists: Lists, at: Sequence[int]) -> Lists:
    params, grads, first, second, steps = ([items[i] for i in at] if items else [] for items in lists)
    return params, grads, first, second, steps
