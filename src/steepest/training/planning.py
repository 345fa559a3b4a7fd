"""Cut members into chunks: equal network shape, few enough to stay in cache.

The cut depends on the members and on the ways they are trained, never on the number of workers, so that
results do not either.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.chunk import arranged, batch_matters
from steepest.training.member import Member
from steepest.training.way import Way, usual

LEAST_PIECES, WORTHWHILE, SMALLEST = 8, 16, 4
"""A group is cut so that many cores have work, but not into chunks of fewer members than gain most of a
stack; where cores would stand idle, into smaller ones, which gain half.
"""


def stack_key(recipe: Recipe, ports: Ports) -> tuple[object, ...]:
    """What members of a stack share: network shape, and batch size where batches must stay whole."""
    spec = spec_of(recipe, ports)
    whole = batch_matters(recipe, spec)
    return spec.shape, recipe.batch_size if whole else 0, recipe.optimizer == "gd"


def stacks(recipe: Recipe, ports: Ports) -> bool:
    """Whether members of a recipe's shape always train as one tensor program: dense networks do."""
    return isinstance(spec_of(recipe, ports), NetworkSpec)


def chunks(
    members: Sequence[Member],
    ports: Ports,
    way_of: Callable[[Recipe], Way] | None = None,
    step_seconds: Callable[[Recipe, int], float] | None = None,
) -> list[tuple[Member, ...]]:
    """All members in chunks of nearly equal size, similar members together.

    Args:
        members: to be trained.
        ports: what their networks read and write.
        way_of: how a recipe is trained; None for the usual ways.
        step_seconds: time of a step of so many members of a recipe. Members of different batch sizes share
            chunks, taking their batches in parts, where it says that this is faster; None keeps them apart.
    """
    stacks: dict[tuple[object, ...], dict[int, list[Member]]] = {}
    for member in members:
        sizes = stacks.setdefault(stack_key(member.recipe, ports), {})
        sizes.setdefault(member.recipe.batch_size, []).append(member)
    groups: list[list[Member]] = []
    for sizes in stacks.values():
        groups += together(sizes, step_seconds) if step_seconds else sizes.values()
    cut: list[tuple[Member, ...]] = []
    for group in groups:
        group = arranged(group)
        recipe = group[0].recipe
        most = (way_of(recipe) if way_of else usual(recipe, ports)).members
        size = min(most, max(WORTHWHILE, math.ceil(len(group) / LEAST_PIECES)))
        pieces = -(-len(group) // size)
        edges = [round(i * len(group) / pieces) for i in range(pieces + 1)]
        cut += [tuple(group[a:b]) for a, b in itertools.pairwise(edges)]
    return cut


def shared_out(
    cut: Sequence[tuple[Member, ...]], work: Callable[[Member], float]
) -> list[tuple[Member, ...]]:
    """Chunks that keep all workers busy to the end: an eighth of the work at most, long ones first.

    But for the shortest, which leads: so the first scores are soon there.

    Args:
        cut: chunks.
        work: expected seconds of a member.

    Example:
        >>> cut = chunks([Member(k, Recipe(), seed=k) for k in range(32)], Ports.table(64, 10))
        >>> [len(chunk) for chunk in cut], [len(chunk) for chunk in shared_out(cut, lambda _: 1.0)]
        ([16, 16], [4, 4, 4, 4, 4, 4, 4, 4])
        >>> [len(chunk) for chunk in shared_out([cut[0][:8]], lambda _: 1.0)]
        [4, 4]
    """
    most = sum(work(m) for chunk in cut for m in chunk) / LEAST_PIECES
    pieces: list[tuple[Member, ...]] = []
    for chunk in cut:
        count = min(math.ceil(len(chunk) / SMALLEST), math.ceil(sum(map(work, chunk)) / most))
        edges = [round(i * len(chunk) / count) for i in range(count + 1)]
        pieces += [chunk[a:b] for a, b in itertools.pairwise(edges)]
    if not pieces:
        return []
    *longer, shortest = sorted(pieces, key=lambda chunk: -sum(map(work, chunk)))
    return [shortest, *longer]


def together(
    sizes: Mapping[int, Sequence[Member]], step_seconds: Callable[[Recipe, int], float]
) -> list[list[Member]]:
    """Members of one stack by batch size, in groups that train fastest: a size joins a smaller one that
    divides it where their time together is less than apart.

    A step of a group takes as many rows of each member as its smallest batch has, so members of large batches
    take part in more steps than alone, but pay for no calls of their own.

    Args:
        sizes: batch size → members.
        step_seconds: as for `chunks`.

    Example:
        >>> sizes = {b: [Member(b, Recipe(batch_size=b), 0)] for b in (16, 32, 64)}
        >>> calls, rows = lambda r, n: 1.0, lambda r, n: n * r.batch_size
        >>> [len(group) for group in together(sizes, calls)], [len(group) for group in together(sizes, rows)]
        ([3], [1, 1, 1])
    """
    groups: list[list[Member]] = []
    for size in sorted(sizes):
        group, alone = list(sizes[size]), _row_seconds(sizes[size], step_seconds)
        saved = [
            (_row_seconds(other, step_seconds) + alone - _row_seconds([*other, *group], step_seconds), i)
            for i, other in enumerate(groups)
            if size % other[0].recipe.batch_size == 0
        ]
        most, i = max(saved, default=(0.0, 0))
        if most > 0:
            groups[i] += group
        else:
            groups.append(group)
    return groups


def _row_seconds(group: Sequence[Member], step_seconds: Callable[[Recipe, int], float]) -> float:
    """Time of a group's steps for each row that its members go through; the first has the smallest batch."""
    recipe = group[0].recipe
    return step_seconds(recipe, len(group)) / recipe.batch_size
