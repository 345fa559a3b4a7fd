"""Other dropout rates, activations and norms in a network that is built already."""

from collections.abc import Callable, Iterator

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from steepest.base.errors import BadInput
from steepest.networks.plain.parts import ACTIVATIONS, PositionRMSNorm, normalisation

_CHANNELS: dict[type[nn.Module], int] = {nn.BatchNorm1d: 1, nn.BatchNorm2d: 2, nn.BatchNorm3d: 3}
"""Norms of channels that positions follow, with the number of their dimensions."""
_CONVOLUTIONS: dict[type[nn.Module], int] = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}
_KEPT = (nn.Identity, nn.Sigmoid)
"""Sigmoids are gates or outputs, and an identity is nobody's activation."""


def replaceable(network: nn.Module) -> tuple[str, ...]:
    """Which of "dropout", "activation" and "norm" `replaced` would find in a network.

    Example:
        >>> replaceable(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Dropout(0.1), nn.Linear(3, 1)))
        ('dropout', 'activation')
    """
    layers = list(network.modules())
    found = {
        "dropout": any(isinstance(layer, _DropoutNd) for layer in layers),
        "activation": any(_is_activation(layer) for layer in layers),
        "norm": any(_units(layer) for layer in layers),
    }
    return tuple(name for name, there in found.items() if there)


def replaced(
    network: nn.Module,
    *,
    dropout: float | None = None,
    activation: str | None = None,
    norm: str | None = None,
) -> nn.Module:
    """The network with other layers in place of its own; what is None stays.

    Norms of channels (batch, group) become any other. Layer and RMS norms of the last axis become one another
    or "none": the others would normalise another axis. New norms start with gain 1 and shift 0.

    Args:
        network: changed in place.
        dropout: the rate of every dropout layer.
        activation: a name of `ACTIVATIONS`, in place of all others. Sigmoids stay: they are gates or outputs.
        norm: "none", "batch", "layer", "group" or "rms".

    Raises:
        BadInput: if there is nothing to replace, or a norm has no counterpart.

    Example:
        >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU())
        >>> [type(layer).__name__ for layer in replaced(network, activation="gelu", norm="layer")]
        ['Conv2d', 'GroupNorm', 'GELU']
    """
    asked = {"dropout": dropout, "activation": activation, "norm": norm}
    there = replaceable(network)
    for name, value in asked.items():
        if value is not None and name not in there:
            remedy = f"Leave {name} out, or add such a layer to the network."
            raise BadInput(name, "must find a layer of the network to replace", value, remedy)
    if dropout is not None:
        for layer in network.modules():
            if isinstance(layer, _DropoutNd):
                layer.p = dropout
    if activation is not None:
        network = _swapped(network, _is_activation, lambda _: ACTIVATIONS[activation]())
    if norm is not None:
        dims = _positions(network)
        network = _swapped(network, lambda layer: bool(_units(layer)), lambda old: _other(old, norm, dims))
    return network


def _swapped(
    network: nn.Module, wanted: Callable[[nn.Module], bool], make: Callable[[nn.Module], nn.Module]
) -> nn.Module:
    """The network with each wanted layer replaced; one used in two places stays one."""
    if wanted(network):
        return make(network)
    made: dict[int, nn.Module] = {}
    for parent, name, layer in list(_children(network)):
        if wanted(layer):
            new = made.setdefault(id(layer), make(layer))
            setattr(parent, name, new.train(layer.training))
    return network


def _children(network: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    for parent in network.modules():
        for name, layer in parent.named_children():
            yield parent, name, layer


def _is_activation(layer: nn.Module) -> bool:
    return isinstance(layer, tuple(ACTIVATIONS.values())) and not isinstance(layer, _KEPT)


def _units(layer: nn.Module) -> int:
    """Channels that a norm normalises; 0 for anything else."""
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
        return layer.num_features
    if isinstance(layer, nn.GroupNorm):
        return layer.num_channels
    if isinstance(layer, nn.LayerNorm | nn.RMSNorm) and len(layer.normalized_shape) == 1:
        return int(layer.normalized_shape[0])
    return 0


def _positions(network: nn.Module) -> int:
    """Dimensions of the positions, judged by the convolutions and batch norms; 0 where they disagree."""
    kinds = {**_CHANNELS, **_CONVOLUTIONS}
    found = {dims for layer in network.modules() for kind, dims in kinds.items() if isinstance(layer, kind)}
    return found.pop() if len(found) == 1 else 0


def _other(old: nn.Module, norm: str, dims: int) -> nn.Module:
    """A norm of the same units."""
    units = _units(old)
    last = isinstance(old, nn.LayerNorm | nn.RMSNorm) and not isinstance(old, PositionRMSNorm)
    dims = next((d for kind, d in _CHANNELS.items() if isinstance(old, kind)), dims)
    if (last and norm in ("batch", "group")) or (norm == "batch" and not dims):
        what = type(old).__name__
        constraint = (
            f"must have a counterpart for every norm: a {what} does not say which axis {norm} would take"
        )
        raise BadInput("norm", constraint, norm, "Use 'layer', 'rms' or 'none'.")
    made = normalisation(norm, units, 0 if last else max(1, dims))
    return made[0] if made else nn.Identity()
