"""Dense networks: plain, or with residual sums; for tables, and for anything flattened."""

from itertools import pairwise

import torch
from torch import Tensor, nn

from steepest.networks.plain.parts import ACTIVATIONS, Residual, normalisation


class Embedded(nn.Module):
    """Flattens each example, and puts a learned vector in the place of each input that holds a code.

    Args:
        inputs: numbers in an example.
        codes: (input, codes) of the inputs that hold a code 0 … codes - 1.
        embedding: numbers that stand for a code.
    """

    def __init__(self, inputs: int, codes: tuple[tuple[int, int], ...], embedding: int) -> None:
        super().__init__()
        self.places = [place for place, _ in sorted(codes)]
        self.tables = nn.ModuleList(nn.Embedding(size, embedding) for _, size in sorted(codes))
        self.written = inputs + len(codes) * (embedding - 1)

    def forward(self, x: Tensor) -> Tensor:
        """Numbers [B, written]."""
        x = x.flatten(1)
        parts, start = [], 0
        for place, table in zip(self.places, self.tables, strict=True):
            parts += [x[:, start:place], table(x[:, place].long())]
            start = place + 1
        return torch.cat([*parts, x[:, start:]], 1) if parts else x


class PlainMLP(nn.Module):
    """Affine map, norm, activation and dropout, once per hidden layer; an affine map.

    Reads [B, inputs] or any shape that flattens to it. Writes [B, outputs].

    Args:
        inputs: numbers in an example.
        outputs: numbers to write.
        hidden: units of each hidden layer; () leaves one affine map.
        norm: "none", "batch", "layer", "group" or "rms".
        activation: a name of `ACTIVATIONS`.
        codes: (input, codes) of the inputs that hold a category's code and are embedded.
        embedding: numbers that stand for a code.
        dropout: probability of dropping a hidden unit.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        hidden: tuple[int, ...] = (128, 128),
        norm: str = "none",
        activation: str = "relu",
        codes: tuple[tuple[int, int], ...] = (),
        embedding: int = 32,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.front = Embedded(inputs, codes, embedding)
        sizes = [self.front.written, *hidden]
        layers: list[nn.Module] = []
        for read, write in pairwise(sizes):
            layers += hidden_layer(read, write, norm, activation, dropout)
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(sizes[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs [B, outputs]."""
        logits: Tensor = self.head(self.layers(self.front(x)))
        return logits


class ResidualMLP(nn.Module):
    """A hidden layer; further ones, each mapped back to the width and added to what it read; an affine map.

        h ← dropout(φ(norm(W₀x + b₀)))
        h ← h + W′ dropout(φ(norm(W h + b))) + b′      for each further hidden layer

    Args:
        inputs: numbers in an example.
        outputs: numbers to write.
        depth: hidden layers, the first included.
        width: units of each.
        norm: "none", "batch", "layer", "group" or "rms".
        activation: φ, a name of `ACTIVATIONS`.
        codes: (input, codes) of the inputs that hold a category's code and are embedded.
        embedding: numbers that stand for a code.
        dropout: probability of dropping a hidden unit.
        drop_path: probability of leaving an example's further hidden layer out of a step.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        depth: int = 3,
        width: int = 128,
        norm: str = "none",
        activation: str = "relu",
        codes: tuple[tuple[int, int], ...] = (),
        embedding: int = 32,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.front = Embedded(inputs, codes, embedding)
        self.first = nn.Sequential(*hidden_layer(self.front.written, width, norm, activation, dropout))
        blocks = []
        for _ in range(depth - 1):
            layers = hidden_layer(width, width, norm, activation, dropout)
            blocks.append(Residual(nn.Sequential(*layers, nn.Linear(width, width)), drop_path))
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs [B, outputs]."""
        logits: Tensor = self.head(self.blocks(self.first(self.front(x))))
        return logits


def hidden_layer(read: int, write: int, norm: str, activation: str, dropout: float) -> list[nn.Module]:
    """An affine map, its norm, activation, dropout.

    Before batch normalisation the map has no bias: the norm would take it away again.
    """
    affine = nn.Linear(read, write, bias=norm != "batch")
    return [affine, *normalisation(norm, write), ACTIVATIONS[activation](), nn.Dropout(dropout)]
