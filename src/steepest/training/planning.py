"""Cut members into chunks: equal network shape and batch size, few enough to stay in cache.

The cut depends on the members alone, never on the number of workers, so that results do not either.
"""

import itertools
from collections.abc import Sequence

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.chunk import arranged
from steepest.training.layout import Layout
from steepest.training.member import Member

MOST_MEMBERS = 16
"""32 were 2 % faster than 16 on one core (17,226 parameters, AMD EPYC), and fill two cores less evenly."""

CACHE_BYTES = 12 * 2**20
"""Weights, gradients, moments and activations of a chunk: a guess at the cache a core can count on."""


def stack_key(recipe: Recipe, ports: Ports) -> tuple[object, ...]:
    """What members of a chunk share: network shape, batch size, and whether a step takes all rows."""
    return spec_of(recipe, ports).shape, recipe.batch_size, recipe.optimizer == "gd"


def member_bytes(spec: NetworkSpec, batch: int, item: int = 4) -> int:
    """Bytes one member keeps busy in a step: θ, ∇, m, v; inputs, z, φ(z) and δ; logits and their gradient."""
    activations = batch * (spec.inputs + 3 * sum(spec.hidden) + 2 * spec.outputs)
    return item * (4 * Layout(spec).size + activations)


def chunk_size(recipe: Recipe, ports: Ports) -> int:
    """Members per chunk for a recipe's network and batch size.

    Torch modules train one after the other, so that a chunk of them would gain nothing.

    Example:
        >>> ports = Ports.table(64, 10)
        >>> chunk_size(Recipe(width=64), ports), chunk_size(Recipe(width=1024), ports)
        (16, 1)
    """
    spec = spec_of(recipe, ports)
    if not isinstance(spec, NetworkSpec):
        return 1
    return max(1, min(MOST_MEMBERS, CACHE_BYTES // member_bytes(spec, recipe.batch_size)))


def stacks(recipe: Recipe, ports: Ports) -> bool:
    """Whether members of a recipe's shape train as one tensor program."""
    return isinstance(spec_of(recipe, ports), NetworkSpec)


def chunks(members: Sequence[Member], ports: Ports) -> list[tuple[Member, ...]]:
    """All members in chunks of nearly equal size, similar members together."""
    groups: dict[tuple[object, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(stack_key(member.recipe, ports), []).append(member)
    cut: list[tuple[Member, ...]] = []
    for group in groups.values():
        group = arranged(group)
        pieces = -(-len(group) // chunk_size(group[0].recipe, ports))
        edges = [round(i * len(group) / pieces) for i in range(pieces + 1)]
        cut += [tuple(group[a:b]) for a, b in itertools.pairwise(edges)]
    return cut
