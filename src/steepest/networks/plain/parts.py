"""What the networks share: activations by name, norms by name, residual sums."""

import torch
from torch import Tensor, nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "identity": nn.Identity,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,  # slope 0.01 below zero
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
}


class PositionRMSNorm(nn.RMSNorm):
    """RMS normalisation over the channels of each position: [B, channels, …]."""

    def forward(self, x: Tensor) -> Tensor:
        """The same shape, each position's channels at mean square 1 times the learned gains."""
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def normalisation(name: str, units: int, dims: int = 0) -> list[nn.Module]:
    """The norm called `name`, as a list that is empty for "none".

    Args:
        name: "none", "batch", "layer", "group" or "rms".
        units: numbers or channels to normalise.
        dims: 0 where they stand last, [B, units] or [B, steps, units]; else the dimensions of the positions
            that follow the channels: [B, units, positions…].
    """
    if name == "batch":
        return [(nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dims](units)]
    if name == "layer":
        return [nn.GroupNorm(1, units) if dims else nn.LayerNorm(units)]
    if name == "group":  # up to 8 groups, of at least 4 units each: alone, a number would be normalised to 0
        return [nn.GroupNorm(max(g for g in (1, 2, 4, 8) if g == 1 or units % (4 * g) == 0), units)]
    if name == "rms":
        return [(PositionRMSNorm if dims else nn.RMSNorm)(units, eps=1e-5)]
    return []


class DropPath(nn.Module):
    """In training, sets whole examples to zero with probability p and scales the others by 1/(1 - p)."""

    def __init__(self, p: float = 0.0) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The same shape [B, …]."""
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(len(x), *[1] * (x.dim() - 1), dtype=x.dtype, device=x.device) >= self.p
        return x * kept / (1 - self.p)


class Residual(nn.Module):
    """shortcut(x) + branch(x); the shortcut is x itself unless one is given."""

    def __init__(self, branch: nn.Module, drop_path: float = 0.0, shortcut: nn.Module | None = None) -> None:
        super().__init__()
        self.branch = branch
        self.drop_path = DropPath(drop_path)
        self.shortcut = nn.Identity() if shortcut is None else shortcut

    def forward(self, x: Tensor) -> Tensor:
        """The sum."""
        total: Tensor = self.shortcut(x) + self.drop_path(self.branch(x))
        return total
