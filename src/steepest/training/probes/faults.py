"""Where a number stopped being finite: the first of a network's layers to write one that is not."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def first_fault(names: Sequence[str], outputs: Sequence[Tensor]) -> str:
    """The name of the first tensor that holds a number that is not finite; "" if all are finite.

    Example:
        >>> first_fault(["0", "1"], [torch.ones(2), torch.tensor([1.0, torch.inf])])
        '1'
    """
    for name, output in zip(names, outputs, strict=True):
        if not bool(torch.isfinite(output).all()):
            return name
    return ""


def first_faulty_module(network: nn.Module, x: Tensor) -> str:
    """The name of the innermost module that is the first to write a number that is not finite.

    Args:
        network: computes its outputs for `x` once more, which may change its buffers.
        x: what it reads.

    Returns:
        "inputs" where x itself holds such a number, "" where all that modules write is finite.

    Example:
        >>> network = nn.Sequential(nn.Linear(1, 1), nn.ReLU())
        >>> _ = network[0].bias.data.fill_(torch.inf)
        >>> first_faulty_module(network, torch.zeros(1, 1))
        '0'
    """
    if x.is_floating_point() and not bool(torch.isfinite(x).all()):
        return "inputs"
    found: list[str] = []

    def look(name: str) -> Callable[..., None]:
        def after(_module: nn.Module, _args: object, output: object) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if not found and isinstance(first, Tensor) and not bool(torch.isfinite(first).all()):
                found.append(name)

        return after

    handles = [each.register_forward_hook(look(name)) for name, each in network.named_modules() if name]
    try:
        with torch.no_grad():
            network(x)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else ""
