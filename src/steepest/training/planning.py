"""Cut members into chunks: equal network shape and batch size, few enough to stay in cache.

The cut depends on the members and on the ways they are trained, never on the number of workers, so that results
do not either.
"""

import itertools
import math
from collections.abc import Callable, Sequence

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.chunk import arranged
from steepest.training.member import Member
from steepest.training.way import Way, usual

LEAST_PIECES, WORTHWHILE = 8, 16
"""A group is cut so that many cores have work, but not into chunks of fewer members than gain most of a stack."""


def stack_key(recipe: Recipe, ports: Ports) -> tuple[object, ...]:
    """What members of a chunk share: network shape, batch size, and whether a step takes all rows."""
    return spec_of(recipe, ports).shape, recipe.batch_size, recipe.optimizer == "gd"


def stacks(recipe: Recipe, ports: Ports) -> bool:
    """Whether members of a recipe's shape always train as one tensor program: dense networks do."""
    return isinstance(spec_of(recipe, ports), NetworkSpec)


def chunks(
    members: Sequence[Member], ports: Ports, way_of: Callable[[Recipe], Way] | None = None
) -> list[tuple[Member, ...]]:
    """All members in chunks of nearly equal size, similar members together.

    Args:
        members: to be trained.
        ports: what their networks read and write.
        way_of: how a recipe is trained; None for the usual ways.
    """
    groups: dict[tuple[object, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(stack_key(member.recipe, ports), []).append(member)
    cut: list[tuple[Member, ...]] = []
    for group in groups.values():
        group = arranged(group)
        recipe = group[0].recipe
        most = (way_of(recipe) if way_of else usual(recipe, ports)).members
        size = min(most, max(WORTHWHILE, math.ceil(len(group) / LEAST_PIECES)))
        pieces = -(-len(group) // size)
        edges = [round(i * len(group) / pieces) for i in range(pieces + 1)]
        cut += [tuple(group[a:b]) for a, b in itertools.pairwise(edges)]
    return cut
