"""How long an epoch of a recipe takes on this machine, measured by training for a few steps."""

import math
import statistics
from dataclasses import dataclass, replace

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive, generator
from steepest.training import job
from steepest.training.chunk import arranged
from steepest.training.job import Job
from steepest.training.member import Member
from steepest.training.source import Source

LONG_ENOUGH = 0.1
"""Seconds that a stretch of training must take, beyond what is paid once, to be timed well."""

PATIENCE = 3.0
"""Seconds after which a stretch is not repeated."""

REPEATS = 5
FULL_BATCH_PIECE = 512
"""Rows by which a step grows that takes all rows: its time is that of its rows."""


@dataclass(frozen=True, slots=True)
class Timing:
    """The time of one epoch, from short stretches of training.

    Args:
        members: trained together, on one core.
        epoch_seconds: of one epoch of all members: the median of the repeats.
        lowest, highest: of the repeats.
        repeats: n, pairs of a short and a long stretch; the difference leaves out what is paid once.
        steps: of each member, in all stretches together.
        seconds: wall time of all stretches.
        diverged: members whose loss stopped being a number meanwhile.
    """

    members: int
    epoch_seconds: float
    lowest: float
    highest: float
    repeats: int
    steps: int
    seconds: float
    diverged: int

    @property
    def member_seconds(self) -> float:
        """One member's share of an epoch."""
        return self.epoch_seconds / self.members


@dataclass(frozen=True, slots=True)
class Stretch:
    """So many batches of training: a part of an epoch, or several whole epochs.

    Args:
        rows: of an epoch, the first `rows` in a random order.
        epochs: passes over them.
        steps: of each member.
    """

    rows: int
    epochs: int
    steps: int

    @property
    def seen(self) -> int:
        """Rows seen by each member, repeats counted."""
        return self.rows * self.epochs


def stretch(batches: int, rows: int, recipe: Recipe) -> Stretch:
    """The stretch of about so many batches over an epoch of `rows` rows.

    Example:
        >>> stretch(4, 1000, Recipe(batch_size=64))
        Stretch(rows=256, epochs=1, steps=4)
        >>> stretch(32, 1000, Recipe(batch_size=64))
        Stretch(rows=1000, epochs=2, steps=32)
        >>> stretch(2, 3000, Recipe(optimizer="gd"))
        Stretch(rows=1024, epochs=1, steps=1)
    """
    whole = recipe.optimizer == "gd"
    piece = FULL_BATCH_PIECE if whole else recipe.batch_size
    most = math.ceil(rows / piece)
    used, epochs = min(batches * piece, rows), max(1, batches // most)
    return Stretch(used, epochs, epochs * (1 if whole else math.ceil(used / piece)))


class Probe:
    """Stretches of training for members of one recipe, on the training rows of a source's first fold.

    Args:
        source: the rows.
        recipe: followed as it is, its learning rate included.
        members: how many train together.
        seed: decides which rows come first, and the members' seeds.
    """

    def __init__(self, source: Source, recipe: Recipe, members: int, seed: int) -> None:
        self._source, self._rows, self._recipe = source, len(source.folds[0].train), recipe
        self._order = generator(seed, "cost", "rows").permutation(source.folds[0].train)
        self._group = tuple(arranged([Member(k, recipe, derive(seed, "cost", k)) for k in range(members)]))
        self._steps, self._seconds, self._diverged = 0, 0.0, 0

    def timing(self) -> Timing:
        """Lengthen a stretch until it can be timed, then time it against a quarter of itself.

        Raises:
            MemoryError: if memory does not suffice for a single member.
        """
        self._train(self._stretch(1))  # what only the first step of a process pays
        once = self._train(self._stretch(1))
        batches = 2
        while self._train(self._stretch(batches)) - once < LONG_ENOUGH and self._seconds < PATIENCE:
            batches *= 2
        short, long = self._stretch(max(1, batches // 4)), self._stretch(batches)
        found: list[float] = []
        while len(found) < REPEATS and (not found or self._seconds < PATIENCE):
            found.append(self._row_seconds(short, long))
        epochs = [self._rows * each for each in found]
        members = len(self._group)
        middle = statistics.median(epochs)
        return Timing(
            members, middle, min(epochs), max(epochs), len(found), self._steps, self._seconds, self._diverged
        )

    def _row_seconds(self, short: Stretch, long: Stretch) -> float:
        """Seconds per row: the difference of two stretches; all of the long one where noise swallows it."""
        less, more = self._train(short), self._train(long)
        if more > less:
            return (more - less) / (long.seen - short.seen)
        return more / long.seen

    def _stretch(self, batches: int) -> Stretch:
        return stretch(batches, self._rows, self._recipe)

    def _train(self, part: Stretch) -> float:
        fold = replace(self._source.folds[0], train=self._order[: part.rows])
        done = job.run(Job(self._group, part.epochs, ()), replace(self._source, folds=(fold,), rounds=1))
        if done.starved or done.state is None:
            raise MemoryError
        self._steps += part.steps
        self._seconds += done.seconds
        self._diverged = max(self._diverged, done.state.alive.count(False))
        return done.seconds
