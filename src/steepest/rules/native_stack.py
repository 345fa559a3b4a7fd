"""The two-moment rule for a whole stack by the loop of `native.py`: one call for each block of gradients."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.rules.native import Loop
from steepest.rules.rows import LEAST_EPS
from steepest.rules.stacked import RuleState, StackedRule
from steepest.rules.two_moment import OPTIMIZERS

NUMBERS = 9
"""Of a member and move: a₁, b₁, a₂, b₂, A, B, P, Q and keep, as `two_moment.c` says."""

_HYPER = ("momentum", "beta1", "beta2", "rho", "eps", "weight_decay")

Hyper = dict[str, Any]


class NativeRule(StackedRule):
    """The update of every member of a stack, as `StackedRule` computes it but for rounding.

    Args:
        loop: compiled.
        recipes, theta, grads, state, decayed: as for `StackedRule`.
    """

    def __init__(
        self,
        loop: Loop,
        recipes: Sequence[Recipe],
        theta: Tensor,
        grads: Sequence[Tensor],
        state: RuleState,
        decayed: int,
    ) -> None:
        super().__init__(recipes, theta, grads, state, decayed)
        self._loop = loop
        edges = [0, *itertools.accumulate(block.shape[1] for block in grads)]
        self._pieces: list[tuple[tuple[Tensor, Tensor, Tensor, Tensor], bool]] = []
        for (start, end), block in zip(itertools.pairwise(edges), grads, strict=True):
            middle = min(max(decayed, start), end)
            for a, b in ((start, middle), (middle, end)):
                if a < b:
                    whole = theta, state.first, state.second
                    of_theta, first, second = (each[:, a:b] for each in whole)
                    piece = of_theta, block[:, a - start : b - start], first, second
                    self._pieces.append((piece, b <= decayed))
        self._groups = _by_optimizer(recipes)
        self._table = theta.new_empty(0, len(recipes), NUMBERS)
        self._taken = [0] * len(recipes)  # rows of the table, by each member
        self._flags: tuple[list[bool], Tensor] = [], torch.empty(0)

    def begin(self, rates: Sequence[Sequence[float]]) -> None:
        """See `StackedRule`: makes the numbers of all these moves at once."""
        lr = np.array(rates, dtype=np.float64)
        steps = self.state.steps.double().numpy() + np.arange(1, len(lr) + 1)[:, None]
        table = np.empty((*lr.shape, NUMBERS))
        for slots, optimizer, hyper in self._groups:
            table[:, slots] = _numbers(optimizer, {**hyper, "lr": lr[:, slots]}, steps[:, slots])
        self._table = torch.from_numpy(table).to(self._table.dtype)
        self._taken = [0] * len(self._recipes)

    def _move(self, rates: Sequence[float], active: Sequence[bool]) -> None:
        places = {n for n, moves in zip(self._taken, active, strict=True) if moves}
        if not places:
            return
        if max(places) >= len(self._table):  # nobody has told of this move
            self.begin([rates])
            places = {0}
        self.state.steps.add_(self._ones(active))
        numbers = self._table[min(places)] if len(places) == 1 else self._each(max(places))
        if active != self._flags[0]:
            self._flags = list(active), torch.tensor(active, dtype=torch.uint8)
        for piece, decays in self._pieces:
            self._loop.move(*piece, numbers, self._flags[1], decays)
        self._taken = [n + moves for n, moves in zip(self._taken, active, strict=True)]

    def _each(self, last: int) -> Tensor:
        """The numbers of members that have made different counts of moves, [K, 9]."""
        places = torch.tensor([min(n, last) for n in self._taken])
        return self._table[places, torch.arange(len(places))]


def _by_optimizer(recipes: Sequence[Recipe]) -> list[tuple[list[int], str, Hyper]]:
    """Members that share an optimizer: their places, its name, and their hyperparameters, [n] each."""
    names = sorted({r.optimizer for r in recipes})
    places = {name: [k for k, r in enumerate(recipes) if r.optimizer == name] for name in names}
    return [
        (slots, name, {knob: np.array([getattr(recipes[k], knob) for k in slots]) for knob in _HYPER})
        for name, slots in places.items()
    ]


def _numbers(optimizer: str, hyper: Hyper, steps: Any) -> NDArray[np.float64]:
    """What the loop reads at these steps [T, n] of members with this optimizer, [T, n, 9].

    As in `compiled.compact`, √k is moved out of the root, and ε with it.
    """
    row = OPTIMIZERS[optimizer](hyper, steps)
    lr, p = row["lr"], row.get("p", 0.0)
    root = np.sqrt(row["k"]) if p else 1.0
    found = np.empty((*np.shape(steps), NUMBERS))
    for i, name in enumerate(("a1", "b1", "a2", "b2")):
        found[..., i] = row.get(name, 0.0)
    found[..., 4], found[..., 5] = lr * row.get("c1", 0.0) / root, lr * row.get("c2", 0.0) / root
    found[..., 6] = p
    found[..., 7] = np.maximum(row.get("eps", 0.0) / root, LEAST_EPS) if p else 1.0  # 0/0 becomes 0
    found[..., 8] = 1 - lr * hyper["weight_decay"]
    return found
