"""A transformer for series and texts."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from steepest.networks.plain.parts import ACTIVATIONS, Residual, normalisation


class Attention(nn.Module):
    """Each step reads a weighted mean of all steps, or of those up to itself, once per head."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """The same shape [B, steps, width]."""
        qkv = self.qkv(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)  # [3, B, heads, steps, …]
        mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], is_causal=self.causal)
        mapped: Tensor = self.out(mixed.transpose(1, 2).flatten(2))
        return mapped


class TransformerNet(nn.Module):
    """Blocks of attention and of two affine maps at each step, each added to what it reads; a linear map.

    Reads [B, steps, features], or tokens [B, steps] (tokens=True). Writes [B, outputs], or
    [B, steps, outputs] where the readout is "each"; no step then reads a later one.

    Args:
        inputs: features of a step, or different tokens.
        outputs: numbers to write.
        steps: of the longest sequence; each place has a vector of its own, which is learned.
        depth: blocks.
        width: numbers at each step.
        heads: of the attention; they share the width.
        readout: "last" step, "mean" over the steps, or "each" step by itself.
        norm: before each half of a block and before the last map: "layer", "rms" or "none".
        activation: a name of `ACTIVATIONS`.
        tokens: whether the inputs are codes 0 … inputs - 1, to be embedded.
        dropout: probability of dropping a number that is written to the sum.
        drop_path: probability of leaving an example's half block out of a step.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        steps: int,
        depth: int = 2,
        width: int = 64,
        heads: int = 4,
        readout: str = "last",
        norm: str = "layer",
        activation: str = "gelu",
        tokens: bool = False,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.readout = readout
        self.read = nn.Embedding(inputs, width) if tokens else nn.Linear(inputs, width)
        self.positions = nn.Parameter(torch.zeros(steps, width))
        self.dropout = nn.Dropout(dropout)
        halves: list[Residual] = []
        for _ in range(depth):
            attend = [Attention(width, heads, causal=readout == "each")]
            think = [nn.Linear(width, 4 * width), ACTIVATIONS[activation](), nn.Linear(4 * width, width)]
            for layers in (attend, think):
                branch = nn.Sequential(*normalisation(norm, width), *layers, nn.Dropout(dropout))
                halves.append(Residual(branch, drop_path))
        self.halves = nn.Sequential(*halves)
        self.norm = nn.Sequential(*normalisation(norm, width))
        self.head = nn.Linear(width, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs [B, outputs] or [B, steps, outputs]."""
        x = self.dropout(self.read(x) + self.positions[: x.shape[1]])  # [B, steps, width]
        x = self.norm(self.halves(x))
        if self.readout == "mean":
            x = x.mean(1)
        elif self.readout == "last":
            x = x[:, -1]
        logits: Tensor = self.head(x)
        return logits
