"""Who stays at a rung: synchronous successive halving with ties and a little luck.

Jamieson & Talwalkar 2016 (arXiv 1502.07943) keep the top 1/η. Two changes: a member within `noise` of the
last one that stays is not told apart from it and stays too, as far as slots allow (PASHA's soft ranks, Bohdal
et al. 2023, arXiv 2207.06940); and a share of the slots goes to members drawn at random, so that late
bloomers are not always lost and some of the data stays unbiased.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from steepest.base.seeds import generator

ETA = 3


@dataclass(frozen=True, slots=True)
class Rung:
    """Who stays, by position: first those that earned it (best first), then those that were lucky."""

    earned: tuple[int, ...]
    lucky: tuple[int, ...]

    @property
    def staying(self) -> tuple[int, ...]:
        """Everyone who stays."""
        return self.earned + self.lucky


def promote(
    scores: Sequence[float], seed: int, *, noise: float = 0.0, eta: int = ETA, luck: float = 0.1
) -> Rung:
    """Decide a rung.

    Args:
        scores: one per member, higher is better; NaN for members that have diverged: they leave.
        seed: names the lucky draw.
        noise: scores closer than this are ties.
        eta: one in `eta` stays.
        luck: share of the slots filled at random among the others.

    Example:
        >>> promote([0.1, 0.9, 0.8, float("nan"), 0.2, 0.3], seed=0).earned
        (1, 2)
    """
    values = np.asarray(scores, dtype=float)
    ranked = [int(i) for i in np.argsort(-values, kind="stable") if not math.isnan(values[i])]
    slots = max(1, round(len(values) / eta))
    n_lucky = min(round(slots * luck), max(len(ranked) - slots, 0)) if slots > 3 else 0
    earned = ranked[: slots - n_lucky]
    if not earned:
        return Rung((), ())
    ties = [i for i in ranked[len(earned) :] if values[i] > values[earned[-1]] - noise]
    earned += ties[: max(slots // 4, 0)]
    rest = [i for i in ranked if i not in set(earned)]
    lucky = sorted(generator(seed, "luck").permutation(rest)[:n_lucky].tolist())
    return Rung(tuple(earned), tuple(int(i) for i in lucky))


def rung_rounds(horizon: int, eta: int = ETA, least: int = 1) -> list[int]:
    """Rounds after which members are compared: horizon/η³, /η², /η and the horizon, none before `least`.

    Args:
        horizon: rounds of a full training.
        eta: η.
        least: the earliest, unless the horizon comes first.

    Example:
        >>> rung_rounds(81), rung_rounds(9), rung_rounds(2)
        ([3, 9, 27, 81], [1, 3, 9], [1, 2])
    """
    steps = [math.ceil(horizon / eta**i) for i in (3, 2, 1, 0)]
    return sorted({max(min(least, horizon), step) for step in steps})


def rounds_of_wave(rungs: Sequence[int], ties: float = 0.2) -> float:
    """Mean rounds per member of a wave: of each rung's members one in η goes on, and some ties.

    Args:
        rungs: rounds after which members are compared.
        ties: members that go on beyond one in η, as a share of these.

    Example:
        >>> rounds_of_wave([1, 3, 9], ties=0.0)
        2.333333333333333
    """
    rounds, before, share = 0.0, 0, 1.0
    for rung in rungs:
        rounds += share * (rung - before)
        before, share = rung, share / ETA * (1 + ties)
    return rounds


def same_ranking(pairs: Sequence[tuple[float, float]], noise: float) -> bool:
    """Whether two rungs rank members alike, those within `noise` of each other at the later one being equal.

    Every place of the earlier ranking must be held by somebody who could hold it in the later one (the soft
    ranks of PASHA: Bohdal et al. 2023, arXiv 2207.06940).

    Args:
        pairs: scores at the earlier and the later rung, one pair per member.
        noise: scores at the later rung closer than this are ties.

    Example:
        >>> same_ranking([(0.1, 0.2), (0.3, 0.4)], 0.0), same_ranking([(0.3, 0.2), (0.1, 0.4)], 0.0)
        (True, False)
    """
    before = sorted(range(len(pairs)), key=lambda k: -pairs[k][0])
    after = sorted(range(len(pairs)), key=lambda k: -pairs[k][1])
    return all(abs(pairs[b][1] - pairs[a][1]) <= noise for b, a in zip(before, after, strict=True))
