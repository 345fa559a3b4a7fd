"""The network that a recipe asks for: written-out dense layers where those do, torch modules elsewhere."""

from typing import TypeAlias

import torch
from torch import Tensor, nn

from steepest.base.recipe import Recipe
from steepest.networks import build as dense
from steepest.networks.families import ModuleSpec, module_spec
from steepest.networks.initialisation import initialise, initialise_module
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec, dense_spec

Spec: TypeAlias = NetworkSpec | ModuleSpec


def spec_of(recipe: Recipe, ports: Ports) -> Spec:
    """The network of a recipe.

    A `NetworkSpec` reads flat rows [B, D] and trains in stacks; a `ModuleSpec` reads what `ports` says.

    Args:
        recipe: its architecture knobs are read.
        ports: what the network reads and writes.

    Raises:
        BadInput: if the family does not suit the data, with the reason.

    Example:
        >>> spec_of(Recipe(depth=2, width=64), Ports.table(8, 3)).hidden
        (64, 64)
    """
    numbers = not ports.tokens and not ports.codes
    plain = recipe.norm in ("none", "batch", "layer") and not recipe.residual
    if numbers and (recipe.network == "linear" or (recipe.network == "mlp" and plain)):
        return dense_spec(recipe, ports.inputs, ports.outputs)
    return module_spec(recipe, ports)


def starting_parameters(recipe: Recipe, spec: Spec, seed: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """Parameters before the first step, by the recipe's initialisation."""
    if isinstance(spec, NetworkSpec):
        return initialise(spec, recipe.initialisation, seed, dtype, recipe.init_std)
    return initialise_module(spec, recipe.initialisation, seed, dtype, recipe.init_std, recipe.zero_init)


def build(spec: Spec, dtype: torch.dtype = torch.float32) -> nn.Module:
    """The network as a torch module, its parameters without meaning until they are loaded."""
    return dense.build(spec, dtype) if isinstance(spec, NetworkSpec) else spec.build(dtype)


def load(spec: Spec, params: dict[str, Tensor]) -> nn.Module:
    """The network with a copy of parameters and running means in it, on the CPU."""
    if isinstance(spec, NetworkSpec):
        return dense.load(spec, params)
    network = spec.build(next(iter(params.values())).dtype)
    missing, unexpected = network.load_state_dict(params, strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)
    return network
