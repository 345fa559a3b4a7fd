"""Averages of members' weights along training, which are what is scored and kept of a member that has one.

Of a member with averaging d, after its t-th step,

    a ← a + w·(θ − a),    w = (1 − d)/(1 − dᵗ)

for its weights and, with the same w, its running means of batch normalisation. Those describe what the
weights in training make of a batch; to first order in how far these have moved within the average's memory,
what the averaged weights make of it is the average of that. The newest ones would belong to other weights.

One interpolation per step of each member that averages: 8 to 11 % of a step (dense networks of 1,482 to
85,002 parameters on digits, batches of 64, one core). Others have no average, and cost nothing.

The search leaves it alone: with rates tuned for each value, .9 and .99 were not known to be better than none
on digits and diabetes (`steepest compare digits averaging=0,0.9,0.99 --epochs 30`), and while weights are
young their average lags behind, which rungs would hold against it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.rules.averaging import newest_share, swap_
from steepest.training.state import StackState


class Averages:
    """The averages of a chunk's members.

    Args:
        recipes: one per member.
        state: of the chunk; its `average` is written by `update`.

    References:
        Polyak & Juditsky (1992); the unbiased form: Kingma & Ba (2015), section 7.2; as `rules.averaging`.
    """

    def __init__(self, recipes: Sequence[Recipe], state: StackState) -> None:
        self._steps = state.rule.steps
        self._decays = {k: r.averaging for k, r in enumerate(recipes) if r.averaging}
        columns = state.theta.shape[1]
        self._pairs: dict[int, list[tuple[Tensor, Tensor]]] = {}
        for k in self._decays:
            average = state.average[k]
            pairs = [(average[:columns], state.theta[k]), (average[columns:], state.buffers[k])]
            self._pairs[k] = [(a, now) for a, now in pairs if len(a)]

    def update(self, active: Sequence[bool]) -> None:
        """Take in what the step that was just taken made of the active members."""
        for k, decay in self._decays.items():
            if active[k]:
                weight = newest_share(decay, int(self._steps[k]))
                for average, now in self._pairs[k]:
                    average.lerp_(now, weight)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Put the averages where the weights are for as long as the block lasts."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for pairs in self._pairs.values():
            swap_(pairs)
