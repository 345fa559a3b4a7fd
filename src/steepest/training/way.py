"""A way to train members of one network shape: what the planner chooses, and what is usual before that."""

from dataclasses import dataclass

from steepest.base.recipe import Recipe
from steepest.networks.architecture import Spec, spec_of
from steepest.networks.own_spec import OwnSpec
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec
from steepest.training.layout import Layout
from steepest.training.precision import has_bfloat16

MOST_MEMBERS = 64

CACHE_BYTES = 12 * 2**20
"""Weights, gradients, moments and activations of a chunk: a guess at the cache a core can count on."""


@dataclass(frozen=True, slots=True)
class Way:
    """How members of one network shape are trained. Their paths do not depend on it, but for rounding.

    Args:
        stacked: as one tensor program; else one after the other.
        members: of a chunk, at most.
        channels_last: whether kernels and images lie in memory with their channels last.
        bfloat16: whether what layers read is rounded to bfloat16; parameters and updates stay in float32.

    Example:
        >>> str(Way(True, 16)), str(Way(False, 1, bfloat16=True))
        ('stacked, 16 members', 'one by one, channels last, bfloat16')
    """

    stacked: bool = True
    members: int = 1
    channels_last: bool = True
    bfloat16: bool = False

    def __str__(self) -> str:
        order = "channels last" if self.channels_last else "channels first"
        if self.stacked:
            many = "s" if self.members > 1 else ""
            return f"stacked, {self.members} member{many}" + (", bfloat16" if self.bfloat16 else "")
        return f"one by one, {order}" + (", bfloat16" if self.bfloat16 else "")


def usual(recipe: Recipe, ports: Ports) -> Way:
    """What is done where nothing has been measured: dense ones in stacks that fit the cache, others alone.

    Example:
        >>> ports = Ports.table(64, 10)
        >>> usual(Recipe(width=64), ports).members, usual(Recipe(width=1024), ports).members
        (32, 1)
    """
    spec = spec_of(recipe, ports)
    if isinstance(spec, NetworkSpec):
        fitting = CACHE_BYTES // member_bytes(spec, recipe.batch_size)
        return Way(True, max(1, min(MOST_MEMBERS, 2 ** (fitting.bit_length() - 1) if fitting else 1)))
    return Way(False, 1, bfloat16=rounds_well(spec, ports) and has_bfloat16())


def rounds_well(spec: Spec, ports: Ports) -> bool:
    """Whether bfloat16 is worth asking about: for images, where layers convolve; not for the user's own
    network, which may not allow for numbers of two types."""
    return ports.form == "image" and not isinstance(spec, OwnSpec | NetworkSpec)


def member_bytes(spec: NetworkSpec, batch: int, item: int = 4) -> int:
    """Bytes one member keeps busy in a step: θ, ∇, m, v; inputs, z, φ(z) and δ; logits and their gradient."""
    activations = batch * (spec.inputs + 3 * sum(spec.hidden) + 2 * spec.outputs)
    return item * (4 * Layout(spec).size + activations)
