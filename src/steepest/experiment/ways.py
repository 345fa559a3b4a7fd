"""The planner of a study, a sweep or a comparison: its workers measure, and what they find is kept."""

import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from steepest.base.recipe import Recipe
from steepest.data.image_cache import cache_folder
from steepest.experiment.workers import Workers
from steepest.networks.architecture import Spec, spec_of
from steepest.networks.ports import Ports
from steepest.training.measuring import Measured, measure
from steepest.training.planner import Asked, Planner
from steepest.training.source import Source
from steepest.training.stackable import stackable
from steepest.training.trust import trust
from steepest.training.vmapped_program import undropped

PATIENCE = 1.0
"""Seconds after which no further way to train a kind of network is tried, unless a study affords more."""

MEASURING_SHARE = 0.03
"""Of the budget: after so long the ways to train further kinds of network are not measured."""


@dataclass(slots=True)
class Measuring:
    """What a study spends on measuring.

    Args:
        seconds: so far.
        skipped: kinds of network that were not measured for want of time.
    """

    seconds: float = 0.0
    skipped: set[str] = field(default_factory=set)

    def learn(self, planner: Planner, recipes: Iterable[Recipe], at_once: int, budget: float) -> bool:
        """Measure the kinds of network that are new, the most frequent first, as many as the budget allows.

        Args:
            planner: learns of them.
            recipes: of the members to come.
            at_once: kinds that are measured side by side.
            budget: seconds of the whole study.

        Returns:
            Whether anything was learnt.
        """
        kinds: defaultdict[str, list[Recipe]] = defaultdict(list)
        for recipe in recipes:
            kinds[planner.kind(recipe)].append(recipe)
        waiting = sorted((k for k in kinds if k not in planner.choices), key=lambda k: (-len(kinds[k]), k))
        before = len(planner.choices)
        for first in range(0, len(waiting), at_once):
            if self.seconds > MEASURING_SHARE * budget:
                self.skipped.update(waiting[first:])
                break
            started = time.monotonic()
            planner.learn(r for kind in waiting[first : first + at_once] for r in kinds[kind])
            self.seconds += time.monotonic() - started
        return len(planner.choices) > before


def planner_for(
    source: Source, workers: Workers, rounding: bool = True, patience: float = PATIENCE, fresh: bool = False
) -> Planner:
    """A planner that lets workers measure, and keeps what they find in the user's cache folder.

    Args:
        source: the rows.
        workers: have been served their data by the time something is measured.
        rounding: False forbids bfloat16.
        patience: seconds after which no further way to train a kind of network is tried.
        fresh: measures again what is kept.
    """

    def measured(asked: Sequence[Asked]) -> list[list[Measured]]:
        """All cores are at work meanwhile, as they will be: two at once share memory's speed."""
        rest = [asked[i % len(asked)] for i in range(-len(asked) % max(workers.count, 1))]
        waiting: list[Future[Any]] = [
            workers.submit(measure, recipe, ways, patience) for recipe, ways in [*asked, *rest]
        ]
        return [future.result() for future in waiting][: len(asked)]

    distrusted: dict[Spec, str] = {}

    def reason(recipe: Recipe, ports: Ports) -> str:
        if recipe.network != "own":
            return stackable(recipe, ports)
        spec = undropped(spec_of(recipe, ports))
        if spec not in distrusted:
            found = trust(recipe, source)
            distrusted[spec] = stackable(recipe, ports) if found.stack else found.words
        return distrusted[spec]

    return Planner(source.ports, measured, cache_folder() / "ways.json", rounding, fresh, reason)
