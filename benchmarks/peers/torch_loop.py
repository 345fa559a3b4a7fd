"""A loop written by hand in PyTorch: tensors in memory, fused AdamW, one thread, one network after the other.

About as fast as PyTorch trains one such network at a time without compiling it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch._dynamo  # PyTorch imports it with the first optimizer, a second's work: keep it off the clock
from torch import Tensor, nn
from torch.nn import functional

from work import BATCH, SIZES, Digits, digits, measure


class Tensors(NamedTuple):
    """The same rows as `Digits`."""

    x: Tensor
    y: Tensor
    x_held: Tensor
    y_held: Tensor


def tensors(data: Digits) -> Tensors:
    """Rows as PyTorch wants them."""
    return Tensors(*(torch.from_numpy(each) for each in data))


def network() -> nn.Sequential:
    """64 → 128 → ReLU → 64 → ReLU → 10."""
    inputs, first, second, outputs = SIZES
    return nn.Sequential(
        nn.Linear(inputs, first), nn.ReLU(), nn.Linear(first, second), nn.ReLU(), nn.Linear(second, outputs)
    )


def accuracy(model: nn.Module, rows: Tensors) -> float:
    """Share of the held-out rows that the network gets right."""
    with torch.no_grad():
        return (model(rows.x_held).argmax(1) == rows.y_held).double().mean().item()


def train_one(rate: float, epochs: int, rows: Tensors, seed: int = 0) -> float:
    """One network from its first weights to its score."""
    torch.manual_seed(seed)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate, fused=True)
    for _ in range(epochs):
        for batch in torch.randperm(len(rows.x)).split(BATCH):
            loss = functional.cross_entropy(model(rows.x[batch]), rows.y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return accuracy(model, rows)


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """One after the other."""
    torch.set_num_threads(1)  # with tensors as small as these, two threads are slower
    rows = tensors(digits())
    return [train_one(rate, epochs, rows) for rate in rates]


if __name__ == "__main__":
    measure(train)
