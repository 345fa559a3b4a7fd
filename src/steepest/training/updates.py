"""What computes updates: torch's fused kernels, or a loop compiled here, where that is faster.

Which of the two is measured once on a machine and kept, so that all processes compute alike.
"""

import functools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.data.image_cache import cache_folder
from steepest.rules.native import Loop, NotBuilt, build
from steepest.rules.native_stack import NativeRule
from steepest.rules.stacked import RuleState, StackedRule
from steepest.training.kept import machine, settled
from steepest.training.matmul import one_thread

UPDATED = (16, (8192, 8192, 640, 202))
"""What is timed: members, and blocks of a stack of the default recipe on 64 numbers and 10 classes."""

CALLS, REPEATS = 4, 15
"""Updates of a stretch, and stretches of each way, in turns: the quickest counts."""


@dataclass(frozen=True, slots=True)
class Updates:
    """How weights are updated on one core: seconds a weight.

    Args:
        fused: by torch's fused kernels.
        loop: by the compiled loop; NaN where there is none.
        chosen: whether the loop computes updates: it was the faster when that was settled.
        why_not: why there is no loop, in words; "" if there is one.
    """

    fused: float
    loop: float
    chosen: bool
    why_not: str = ""

    @property
    def words(self) -> str:
        """What computes updates, and why."""
        if self.chosen:
            return "the compiled loop, the faster"
        return f"torch's fused kernels: {self.why_not or 'the compiled loop is no faster'}"


def rule_of(
    recipes: Sequence[Recipe], theta: Tensor, grads: Sequence[Tensor], state: RuleState, decayed: int
) -> StackedRule:
    """The rule of a stack, by what is faster on this machine; the arguments are those of `StackedRule`."""
    loop = _chosen()
    if loop is None or not loop.knows(theta.dtype):
        return StackedRule(recipes, theta, grads, state, decayed)
    return NativeRule(loop, recipes, theta, grads, state, decayed)


def updates() -> Updates:
    """Time both ways, and say which is taken.

    Example:
        >>> found = updates()
        >>> 0 < found.fused < 1e-6, found.chosen == (not found.why_not and found.words.startswith("the"))
        (True, True)
    """
    found = _built()
    if isinstance(found, str):
        return Updates(_seconds(None)[0], math.nan, False, found)
    return Updates(*_seconds(found), _chosen() is not None)


@functools.cache
def _built() -> Loop | str:
    """The loop, or why there is none."""
    try:
        return Loop(build(cache_folder(), machine()))
    except NotBuilt as error:
        return str(error)


@functools.cache
def _chosen() -> Loop | None:
    """The loop if the first process on this machine that asked found it the faster."""
    loop = _built()
    if isinstance(loop, str):
        return None

    def find() -> bool:
        fused, looped = _seconds(loop)
        return looped < fused

    return loop if settled(cache_folder() / f"updates-{machine()}.json", find, otherwise=False) else None


def _seconds(loop: Loop | None) -> tuple[float, float]:
    """Seconds a weight by the fused kernels and by the loop, in turns: both meet the same neighbours."""
    members, blocks = UPDATED
    rules: list[StackedRule] = []
    for each in range(1 + (loop is not None)):
        theta = torch.zeros(members, sum(blocks))
        grads = [torch.full((members, n), 0.1) for n in blocks]
        given = [Recipe()] * members, theta, grads, RuleState.zeros(theta), sum(blocks[:-1])
        rules.append(NativeRule(loop, *given) if each and loop else StackedRule(*given))
    best = [math.inf] * len(rules)
    with one_thread():
        for _ in range(REPEATS):
            for i, rule in enumerate(rules):
                best[i] = min(best[i], _stretch(rule, members))
    fused, looped = [*best, math.nan][:2]
    return fused / theta.numel(), looped / theta.numel()


def _stretch(rule: StackedRule, members: int) -> float:
    """Seconds of a step."""
    rates, active = [1e-3] * members, [True] * members
    rule.begin([rates] * CALLS)
    began = time.thread_time()  # not the wall clock: others may have the core for a while
    for _ in range(CALLS):
        rule.step(rates, active)
    return (time.thread_time() - began) / CALLS
