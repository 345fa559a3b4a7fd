"""Networks by the name of their class, without memory for shapes and without draws for real ones."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from steepest.networks.plain.conv import ConvNet
from steepest.networks.plain.recurrent import RecurrentNet
from steepest.networks.plain.residual import PlainMLP, ResidualMLP
from steepest.networks.plain.transformer import TransformerNet

CLASSES: dict[str, type[nn.Module]] = {
    made.__name__: made for made in (ConvNet, RecurrentNet, TransformerNet, PlainMLP, ResidualMLP)
}


def outline(name: str, arguments: dict[str, Any], device: str = "meta") -> nn.Module:
    """The network on the meta device: names and shapes, no numbers."""
    with torch.device(device):
        return CLASSES[name](**arguments)


def make(name: str, arguments: dict[str, Any], dtype: torch.dtype | None = None) -> nn.Module:
    """The network on the CPU, its parameters all 0, running means 0 and variances 1. Nothing is drawn.

    Example:
        >>> network = make("PlainMLP", {"inputs": 2, "outputs": 1, "hidden": ()}, torch.float64)
        >>> network(torch.ones(3, 2, dtype=torch.float64)).tolist()
        [[0.0], [0.0], [0.0]]
    """
    network = outline(name, arguments)
    network._apply(lambda t: _blank(t, dtype or torch.float32))  # type: ignore[no-untyped-call]
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
    return network


def _blank(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    """Zeros of a tensor's shape. (What `to_empty` does instead imports SymPy, a third of a second's work.)"""
    return torch.zeros(tensor.shape, dtype=dtype if tensor.is_floating_point() else tensor.dtype)
