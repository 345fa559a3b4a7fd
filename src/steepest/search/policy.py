"""What to try next: a portfolio, the prior and uniform points first; later a model's proposals, mutations.

Quasi-random search is hard to beat while many members run side by side (Godbole et al. 2023, Deep Learning
Tuning Playbook), a portfolio gives a good recipe at once (AlgoPerf, arXiv 2502.15015), and a lasting uniform
share guards against a bad prior (PriorBand, Mallik et al. 2023, arXiv 2306.12370). The shares are in
`shares.py`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from steepest.base.knobs import Choice, Range
from steepest.base.recipe import Recipe
from steepest.base.seeds import derive, generator
from steepest.search.densities import Densities
from steepest.search.portfolio import portfolio
from steepest.search.shares import SHARES, Shares
from steepest.search.space import Origin, Space, cube, rounded
from steepest.search.strategy import Proposal
from steepest.search.suggest import Maker, Suggester

PER_STRUCTURE = 12
"""Members that share each drawn structure. A search that gave every member a structure of its own would leave
stacks of one; sharing costs little, because knobs that do not split stacks differ all the same."""


class Policy:
    """Proposals for a whole study; no recipe is proposed twice.

    A proposal is a function of (seed, wave, what was proposed and told before) alone.

    Args:
        space: what may be proposed.
        seed: of every draw.
        sharing: members that share each drawn structure; 1 where members do not train as stacks.
        sampler: makes an Optuna sampler from a seed, to be asked instead of our own densities.
        shares: of the sources of proposals.
    """

    def __init__(
        self,
        space: Space,
        seed: int,
        sharing: int = PER_STRUCTURE,
        sampler: Maker | None = None,
        shares: Shares = SHARES,
    ) -> None:
        self.space, self._seed, self._sharing, self._shares = space, seed, sharing, shares
        self.suggester = Suggester(space, seed, sampler) if sampler else Densities(space, seed)
        self._seen = {space.base.key()}

    def remember(self, proposals: Iterable[Proposal]) -> None:
        """These were proposed before, and will not be again."""
        self._seen.update(p.recipe.key() for p in proposals)

    def typical(self, count: int) -> list[Recipe]:
        """Recipes like those of a first wave, to estimate its cost; they are not counted as proposed."""
        points = self._cube(count, derive(self._seed, "typical"), self._sharing)
        return [self.space.recipe(p, "prior" if i % 5 < 3 else "uniform") for i, p in enumerate(points)]

    def first_wave(self, count: int) -> list[Proposal]:
        """Known recipes and quasi-random points, `count` in all, or fewer where the space has no more.

        An earlier study's recipes come first, then the portfolio.
        """
        known = [Proposal(r, "user") for r in self.space.earlier[:count]]
        known += [
            Proposal(r, "portfolio")
            for r in portfolio(self.space)[: max(1, int(count * self._shares.portfolio))]
        ]
        wave = self._new(known)[:count]
        points = count - len(wave)
        n_prior = round(points * self._shares.prior)
        wave += self.points(n_prior, "prior", 0)
        return wave + self.points(count - len(wave), "uniform", 0)

    def pioneers(self, count: int) -> list[Proposal]:
        """The first members of the first wave: known recipes, and as many points of the prior.

        These share a structure, so that they make few chunks, and what they cost tells what the others will.
        """
        known = [Proposal(r, "user") for r in self.space.earlier]
        known += [Proposal(r, "portfolio") for r in portfolio(self.space)]
        found = self._new(known[: count // 2])
        return found + self.points(count - len(found), "prior", "pioneers")

    def model_wave(
        self, count: int, incumbents: Sequence[Recipe], wave: int, prior: float = 0.5
    ) -> list[Proposal]:
        """A wave that learns from the results so far.

        Args:
            count: proposals wanted.
            incumbents: the best recipes so far, best first; mutations start from these.
            wave: its number, from 1; no two waves share one.
            prior: share of the prior in what is drawn near something known, the rest are mutations.

        Returns:
            `count` proposals, or fewer where the space has no more recipes that are new and allowed.
        """
        n_tpe, n_local = round(count * self._shares.model), round(count * self._shares.local)
        n_mutation = round(n_local * (1 - prior)) if incumbents else 0
        n_prior = n_local - n_mutation
        found = self._asked(n_tpe, wave)
        found += self._new(
            [Proposal(self._mutated(incumbents, wave, i), "mutation") for i in range(n_mutation)]
        )
        found += self.points(n_prior, "prior", wave)
        return found + self.points(count - len(found), "uniform", wave)

    def _asked(self, count: int, wave: int) -> list[Proposal]:
        found: list[Proposal] = []
        kinds = math.ceil(count / self._sharing) + 1
        self.suggester.begin(wave)
        for _ in range(2 * count):  # refused and repeated recipes are asked for again, their trials given up
            if len(found) == count:
                break
            like = found[len(found) % kinds].recipe if len(found) >= kinds else None
            fresh = self._new([Proposal(self.suggester.ask(like), "tpe")])
            if not fresh:
                self.suggester.give_up()
            found += fresh
        return found

    def points(self, count: int, origin: Origin, wave: int | str) -> list[Proposal]:
        """New quasi-random points of the prior or uniform ones, `count` or as many as there are."""
        found: list[Proposal] = []
        for attempt in range(5):  # refused and repeated points are drawn again, not sharing a structure
            missing = count - len(found)
            if missing <= 0:
                break
            seed = derive(self._seed, "points", wave, origin, attempt)
            points = self._cube(missing, seed, 1 if attempt else self._sharing)
            found += self._new([Proposal(self.space.recipe(p, origin), origin) for p in points])
        return found

    def _cube(self, count: int, seed: int, sharing: int = PER_STRUCTURE) -> list[list[float]]:
        """Quasi-random points in which `sharing` members have the coordinates that split stacks in common."""
        names, structural = self.space.names, set(self.space.structural)
        points = cube(len(names), count, seed)
        kinds = math.ceil(count / sharing)
        shared = [i for i, name in enumerate(names) if name in structural]
        if shared:
            points[:, shared] = cube(len(shared), kinds, derive(seed, "structure"))[np.arange(count) % kinds]
        return [[float(u) for u in point] for point in points]

    def _new(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        fresh = []
        for proposal in proposals:
            key = proposal.recipe.key()
            if key not in self._seen and self.space.allowed(proposal.recipe):
                self._seen.add(key)
                fresh.append(proposal)
        return fresh

    def _mutated(self, incumbents: Sequence[Recipe], wave: int, i: int) -> Recipe:
        """One of the best recipes with one to three knobs moved."""
        draw = generator(self._seed, "mutation", wave, i)
        parent = incumbents[min(int(draw.geometric(0.5)) - 1, len(incumbents) - 1)]
        values = parent.dotted()
        structural = set(self.space.structural) if draw.random() < 0.75 else set()  # mostly stay in its stack
        free = [name for name in self.space.names if name not in structural] or list(self.space.names)
        names = [str(n) for n in draw.permutation(free)[: int(draw.integers(1, 4))]]
        for name in names:
            values[name] = _moved(values[name], self.space.where(name, values), draw)
            values = self.space.fitted(values)
        rate = self.space.where("lr", values)
        if isinstance(rate, Range) and "lr" in self.space.names:  # another optimizer works at other rates
            values["lr"] = min(max(values["lr"], rate.low), rate.high)
        return self.space.tidy(values)


def _moved(value: Any, where: Range | Choice, draw: np.random.Generator) -> Any:
    """A neighbouring value: another option, on or off, or an eighth of the range away (one SD)."""
    if isinstance(where, Choice):
        return where.options[int(draw.integers(len(where.options)))]
    if where.off is not None and value != where.off and draw.random() < 0.25:
        return where.off
    if value == where.off:
        value = where.middle
    if where.scale == "log":
        moved = value * math.exp(draw.normal() * math.log(where.high / where.low) / 8)
    else:
        moved = value + draw.normal() * (where.high - where.low) / 8
    return rounded(where, moved)
