"""Parzen estimators, one per knob, that propose a whole wave: l of the good members, g of the others.

    x_d = argmax l_d(x) / g_d(x)   of candidates drawn from l_d   (TPE: Bergstra et al. 2011, NeurIPS)

Each density is a mixture of one kernel per member and a uniform one, held as a table: a choice has a column
per option, a range has `CELLS` columns, and one more for "off". Proposals of one wave keep apart: each counts
among the others as soon as it is made (a constant liar).

Why not Optuna's: its multivariate TPE fits anew for every proposal and every group of knobs that occur
together: 5 to 8 ms of processor time per member and rung on the default space, against 0.8 to 1.2 here.
Departures: knobs are independent but for two things: a knob that does not matter for a member tells nothing,
and a rate is placed within its own optimizer's range; all members weigh the same.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from steepest.base.knobs import Choice, Range
from steepest.base.own import dotted
from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.search.crowding import best_first
from steepest.search.space import Space, rounded

Array = NDArray[np.float64]

CELLS = 64
CANDIDATES = 24
LEAST_KNOWN = 10
MISSING = -1
GOOD_SHARE, MOST_GOOD = 0.1, 25
"""Share of the members that count as good, and how many at most (Optuna's defaults)."""


class Densities:
    """Proposals for waves by the ratio of two densities; the interface is that of a `Suggester`.

    Args:
        space: what may be proposed.
        seed: of every draw.
    """

    def __init__(self, space: Space, seed: int) -> None:
        self._space, self._seed = space, seed
        self._order = sorted(space.names, key=lambda name: (name != "network", _hangs(space, name)))
        self._where = {name: space.everywhere(name) for name in self._order}
        self._reached: list[int] = []
        self._scores: list[float] = []
        self._costs: list[tuple[float, ...]] = []
        self._rows: list[list[int]] = []
        self.begin(0)

    def tell(
        self,
        recipe: Recipe,
        scores: Mapping[int, float],
        finished: bool,  # noqa: ARG002
        costs: tuple[float, ...] = (),
    ) -> None:
        """What became of a member: score by round, higher is better; none if it failed, which ranks last.

        With costs, which are to be low, the good members are those of the first fronts.
        """
        reached = max(scores, default=0)
        self._reached.append(reached)
        self._scores.append(scores.get(reached, -math.inf))
        self._costs.append(costs)
        columns = self._columns(recipe)
        self._rows.append([columns.get(name, MISSING) for name in self._order])

    def begin(self, wave: int) -> None:
        """Start the proposals of a wave from what was told so far."""
        self._draw = generator(self._seed, "densities", wave)
        best = best_first(self._reached, self._scores, self._costs)
        rows = np.array([self._rows[k] for k in best], dtype=int).reshape(-1, len(self._order))
        n_good = min(math.ceil(GOOD_SHARE * len(best)), MOST_GOOD)
        self._good, self._other = (
            {name: Table(self._where[name], part[:, d]) for d, name in enumerate(self._order)}
            for part in (rows[:n_good], rows[n_good:])
        )

    def ask(self, like: Recipe | None = None) -> Recipe:
        """A proposal; with the structure of `like`, if given, to share a stack."""
        given = self._columns(like) if like is not None else {}
        values, own = self._space.base.dotted(), {} if like is None else like.dotted()
        for name in self._order:
            knob = self._space.knob(name)
            if any(values[other] not in ok for other, ok in knob.when.items() if other in self._where):
                continue
            where = self._space.where(name, values)
            if knob.splits_stack and name in given:
                values[name] = own[name]
                continue
            column = self._best(name)
            self._other[name].add(column)
            values[name] = _value(self._where[name], where, column, self._draw.random())
        return self._space.tidy(values)

    def give_up(self) -> None:
        """The last proposal is not tried; the next keeps away from it all the same."""

    def _best(self, name: str) -> int:
        good, other = self._good[name].density(), self._other[name].density()
        count = CANDIDATES if len(self._rows) >= LEAST_KNOWN else 1
        drawn = np.searchsorted(np.cumsum(good)[:-1], self._draw.random(count), side="right")
        return int(drawn[np.argmax(good[drawn] / other[drawn])])

    def _columns(self, recipe: Recipe) -> dict[str, int]:
        """Column of every knob that matters and lies where it is searched."""
        values, relevant = recipe.dotted(), dotted(recipe.relevant())
        found = {}
        for name in self._order:
            if name in relevant:
                column = _column(self._where[name], self._space.where(name, values), values[name])
                if column is not None:
                    found[name] = column
        return found


class Table:
    """A knob's density, as the sum of its kernels.

    Args:
        where: the knob's range, whatever the others are.
        columns: of the members; MISSING where the knob did not matter.
    """

    def __init__(self, where: Range | Choice, columns: NDArray[np.int_]) -> None:
        columns = columns[columns != MISSING]
        n = len(columns)
        if isinstance(where, Choice):
            size, self._cells = len(where.options), 0
            self._sum = np.full(size, 1.0 / size)
        else:
            off = where.off is not None
            self._cells, size = CELLS, CELLS + off
            self._sum = np.full(size, (0.5 if off else 1.0) / CELLS)
            self._sum[CELLS:] = 0.5
        self._n, self._blur = 1, 1 / (n + 1)
        self._width = max(0.2 * max(n, 1) ** -0.2, 1 / min(100, n + 2))
        counts = np.bincount(columns, minlength=size)
        for column in np.flatnonzero(counts):
            self.add(int(column), int(counts[column]))

    def add(self, column: int, times: int = 1) -> None:
        """Add a member's kernel."""
        size, cells = len(self._sum), self._cells
        kinds = size - cells + (1 if cells else 0)  # options; or on, and off
        spread = self._blur / (1 + self._blur * kinds)
        kernel = np.full(size, spread / (cells or 1))
        kernel[cells:] = spread
        if column < cells:
            centre, edges = (column + 0.5) / cells, np.linspace(0, 1, cells + 1)
            mass = np.diff(ndtr((edges - centre) / self._width))
            kernel[:cells] += (1 - spread * kinds) * mass / mass.sum()
        else:
            kernel[column] += 1 - spread * kinds
        self._sum = self._sum + times * kernel
        self._n += times

    def density(self) -> Array:
        """Probability of every column."""
        probabilities: Array = self._sum / self._n
        return probabilities


def _hangs(space: Space, name: str) -> tuple[bool, bool]:
    """Sort key: what other knobs' ranges and relevance hang on comes first."""
    knob = space.knob(name)
    return bool(knob.when), any(other not in ("task", "network") for other, _ in knob.search_by)


def _scaled(where: Range, value: float) -> float:
    return math.log(value) if where.scale == "log" else value


def _column(whole: Range | Choice, where: Range | Choice, value: Any) -> int | None:
    if isinstance(whole, Choice) or isinstance(where, Choice):
        options = whole.options if isinstance(whole, Choice) else ()
        return options.index(value) if value in options else None
    if where.off is not None and value == where.off:
        return CELLS if whole.off is not None else None
    low, high = _scaled(where, where.low), _scaled(where, where.high)
    inside = _scaled(where, min(max(value, where.low), where.high))
    place = (inside - low) / (high - low) if high > low else 0.5
    return min(int(place * CELLS), CELLS - 1)


def _value(whole: Range | Choice, where: Range | Choice, column: int, within: float) -> Any:
    if isinstance(where, Choice):
        option = whole.options[column] if isinstance(whole, Choice) else None
        return option if option in where.options else where.options[0]
    if column == CELLS:
        return where.off
    low, high = _scaled(where, where.low), _scaled(where, where.high)
    value = low + (column + within) / CELLS * (high - low)
    return rounded(where, math.exp(value) if where.scale == "log" else value)
