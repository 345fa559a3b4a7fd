"""What a chunk asks of the program that computes its members' losses and gradients.

`dense_program.py` computes all members of a chunk at once; `module_program.py` goes from one to the next,
with autograd. Which of the two is the network's matter, and no member's path depends on it.
"""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from steepest.training.metrics import Values


class Program(Protocol):
    """Losses, gradients and scores of the members of a chunk."""

    patience: int
    """Steps that may go by until somebody asks whether to stop."""

    activations: tuple[str, ...]
    """Names of the hidden layers that `activity` tells of."""

    places: tuple[str, ...]
    """Names that `fault` can give."""

    def step(self, rows: Tensor, start: int, round_: int, step: int, active: Sequence[bool]) -> Tensor:
        """One training step: writes the gradients.

        Args:
            rows: row numbers of the batch, [K, B]; where a member has fewer left, the rest is padding.
            start: place of the batch's first row in the round.
            round_, step: where training is: they address what is drawn.
            active: members that take part; others may be left out.

        Returns:
            losses [K].
        """

    def score(self) -> dict[str, Values]:
        """Metric name → values [K] on the held-out rows."""

    def watch(self, watching: bool) -> None:
        """Whether `activity` will be asked after the next step, for what only then is kept."""

    def activity(self) -> Tensor:
        """Of the activations in the last step: mean, deviation, shares flat and dead, [4, K, layers].

        Called before the next step; NaN where not known.
        """

    def fault(self, k: int) -> str:
        """Where member k's last step came upon its first number that was not finite, as one of `places`.

        Called before the next step; "" where all that the network wrote was finite.
        """
