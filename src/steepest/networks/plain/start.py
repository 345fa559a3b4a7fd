"""How the weights of a network start. Biases start at 0 and the gains of norms at 1."""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from steepest.networks.plain.parts import ACTIVATIONS

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)
GATES = {nn.GRU: 3, nn.LSTM: 4}
CHARACTERS, CHARACTER_STD, WORD_STD = 256, 1.0, 0.1  # embeddings: of so few codes, and of more
POSITION_STD = 0.02


class Draw(NamedTuple):
    """How one weight is drawn: `blocks` matrices [rows, fan_in], one below the other.

    The gates of a recurrent cell, the three maps of attention and the groups of a convolution each are a
    matrix of their own. The gain is that of the activation that follows, 1 where none does.
    """

    blocks: int
    fan_in: int
    fan_out: int
    gain: float = 1.0
    std: float = 0.0  # above 0 where the scheme has no say: embeddings, positions


SCALES: dict[str, Callable[[Draw], float]] = {
    "small_normal": lambda _: 0.01,
    "xavier_uniform": lambda draw: math.sqrt(2 / (draw.fan_in + draw.fan_out)),
    "xavier_normal": lambda draw: math.sqrt(2 / (draw.fan_in + draw.fan_out)),
    "he_uniform": lambda draw: draw.gain / math.sqrt(draw.fan_in),
    "he_normal": lambda draw: draw.gain / math.sqrt(draw.fan_in),
    "lecun_normal": lambda draw: 1 / math.sqrt(draw.fan_in),
    "orthogonal": lambda draw: draw.gain,
}


@torch.no_grad()
def initialise(
    network: nn.Module,
    scheme: str,
    gain: float,
    std: float = 0.05,
    zero_init: bool = False,
    generator: Callable[[int], torch.Generator] | None = None,
) -> None:
    """Start the weights of every layer known here; other parameters stay as they are.

    Args:
        network: changed in place.
        scheme: "normal" (standard deviation `std`), or a name of `SCALES`.
        gain: of the activation; for maps that one follows.
        zero_init: whether the last map, or norm, of every residual branch starts at 0.
        generator: index of a parameter → what draws it; torch's own if None.
    """
    planned = draws(network, gain)
    for index, (name, weight) in enumerate(network.named_parameters()):
        if name in planned:
            source = generator(index) if generator else None
            weight.copy_(drawn(tuple(weight.shape), planned[name], scheme, std, source))
    for module in network.modules():
        rest(module)
    if zero_init:
        for module in network.modules():
            branch = getattr(module, "branch", None)
            if isinstance(branch, nn.Module):
                last_weight(branch).zero_()


def draws(network: nn.Module, gain: float) -> dict[str, Draw]:
    """How each weight is drawn, by its name."""
    gains = {id(layer): gain for layer in activated(network)}
    found: dict[str, Draw] = {}
    for path, module in network.named_modules():
        start = f"{path}." if path else ""
        its_gain = gains.get(id(module), 1.0)
        if isinstance(module, nn.Linear):
            blocks = 3 if path.endswith("qkv") else 1  # queries, keys and values
            rows = module.out_features // blocks
            found[f"{start}weight"] = Draw(blocks, module.in_features, rows, its_gain)
        elif isinstance(module, CONVOLUTIONS):
            window, groups = math.prod(module.kernel_size), module.groups
            reads, writes = module.in_channels // groups, module.out_channels // groups
            found[f"{start}weight"] = Draw(groups, reads * window, writes * window, its_gain)
        elif isinstance(module, nn.GRU | nn.LSTM):
            for name, weight in module.named_parameters():
                if weight.dim() == 2:
                    rows = len(weight) // GATES[type(module)]
                    found[start + name] = Draw(GATES[type(module)], weight.shape[1], rows)
        elif isinstance(module, nn.MultiheadAttention) and module.in_proj_weight is not None:
            found[f"{start}in_proj_weight"] = Draw(3, module.embed_dim, module.embed_dim)
        elif isinstance(module, nn.Embedding):
            few = module.num_embeddings <= CHARACTERS
            found[f"{start}weight"] = Draw(1, 1, 1, std=CHARACTER_STD if few else WORD_STD)
    for path, module in network.named_modules():  # what positions are added to is as small as they are
        if isinstance(getattr(module, "positions", None), nn.Parameter):
            start = f"{path}." if path else ""
            tables = [name for name, child in module.named_children() if isinstance(child, nn.Embedding)]
            for name in ("positions", *(f"{table}.weight" for table in tables)):
                found[start + name] = Draw(1, 1, 1, std=POSITION_STD)
    return found


def activated(network: nn.Module) -> list[nn.Module]:
    """The maps that an activation follows, at once or after a norm, in an `nn.Sequential`."""
    activations, found = tuple(ACTIVATIONS.values()), []
    for module in network.modules():
        if type(module) is nn.Sequential:
            layers = [layer for layer in module if not isinstance(layer, NORMS)]
            found += [first for first, second in pairwise(layers) if isinstance(second, activations)]
    return found


def drawn(
    shape: tuple[int, ...], draw: Draw, scheme: str, std: float, generator: torch.Generator | None
) -> Tensor:
    """One weight, in float64."""
    if draw.std or scheme == "normal":
        return torch.randn(shape, generator=generator, dtype=torch.float64) * (draw.std or std)
    blocks = [block(shape[0] // draw.blocks, draw.fan_in, scheme, generator) for _ in range(draw.blocks)]
    return torch.cat(blocks).view(shape) * SCALES[scheme](draw)


def block(rows: int, columns: int, scheme: str, generator: torch.Generator | None) -> Tensor:
    """Draws of mean 0, variance 1; or orthonormal rows or columns, whichever are fewer."""
    if scheme.endswith("uniform"):  # on [-√3, √3)
        draws = torch.rand(rows, columns, generator=generator, dtype=torch.float64)
        return (draws - 0.5) * math.sqrt(12)
    normal = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    if scheme != "orthogonal":
        return normal
    q, r = torch.linalg.qr(normal.T if rows < columns else normal)
    q = q * torch.where(r.diagonal() < 0, -1.0, 1.0)  # else some orthogonal matrices would be likelier
    return torch.as_tensor(q.T if rows < columns else q)


def rest(module: nn.Module) -> None:
    """What is not drawn: biases 0, the gains of norms 1, an LSTM's forget gates 1.

    An open forget gate lets gradients through from the start (Jozefowicz et al. 2015, section 2.2).
    """
    if isinstance(module, NORMS) and module.weight is not None:
        module.weight.fill_(1.0)
    if isinstance(module, (*NORMS, *CONVOLUTIONS, nn.Linear, nn.GRU, nn.LSTM, nn.MultiheadAttention)):
        for name, bias in module.named_parameters(recurse=False):
            if "bias" in name:
                bias.zero_()
                if isinstance(module, nn.LSTM) and "bias_ih" in name:  # gates: input, forget, cell, output
                    bias[len(bias) // 4 : len(bias) // 2] = 1.0


def last_weight(branch: nn.Module) -> Tensor:
    """The weight of a branch's last map or norm."""
    kinds = (*NORMS, *CONVOLUTIONS, nn.Linear)
    last = [m for m in branch.modules() if isinstance(m, kinds) and m.weight is not None][-1]
    return last.weight.data
