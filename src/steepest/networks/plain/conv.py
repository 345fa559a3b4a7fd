"""A convolutional network for images, volumes, series and texts."""

from itertools import pairwise

from torch import Tensor, nn

from steepest.networks.plain.parts import ACTIVATIONS, Residual, normalisation

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
POOLS = {
    "max": (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d),
    "average": (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
}


class ConvNet(nn.Module):
    """Stages of convolutions that halve the resolution and double the channels; their mean; a linear map.

    Reads [B, channels, height, width] (dims=2), a depth before the height (dims=3), [B, steps, features]
    (dims=1), or tokens [B, steps] (dims=1, tokens=True). Writes [B, outputs].

    Args:
        inputs: channels, features of a step, or different tokens.
        outputs: numbers to write.
        dims: dimensions along which the windows slide.
        depth: stages.
        width: channels of the first stage; each further one has twice as many.
        kernel: side of a window, odd.
        stem: "half" lets the first stage halve the resolution before its convolutions, by the first one's
            stride, whatever the pooling.
        convolutions: in a stage; a residual one has two.
        convolution: "standard", or "separable": each channel by itself, then all channels at each position.
        pooling: how a stage halves the resolution: "max", "average", or by a first convolution of "stride" 2.
        residual: whether a stage adds what it reads, brought to its size, to what its convolutions compute.
        norm: after each convolution: "none", "batch", "layer", "group" or "rms".
        activation: a name of `ACTIVATIONS`.
        tokens: whether the inputs are codes 0 … inputs - 1, to be embedded.
        embedding: numbers that stand for a token.
        dropout: probability of dropping a number before the last map.
        drop_path: probability of leaving an example's residual branch out of a step.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        dims: int = 2,
        depth: int = 3,
        width: int = 32,
        kernel: int = 3,
        stem: str = "full",
        convolutions: int = 2,
        convolution: str = "standard",
        pooling: str = "max",
        residual: bool = False,
        norm: str = "batch",
        activation: str = "relu",
        tokens: bool = False,
        embedding: int = 32,
        dropout: float = 0.0,
        drop_path: float = 0.0,
    ) -> None:
        super().__init__()
        self.dims = dims
        self.embedding = nn.Embedding(inputs, embedding) if tokens else None
        channels = [embedding if tokens else inputs, *(width * 2**stage for stage in range(depth))]
        layers: list[nn.Module] = []
        for stage, (read, write) in enumerate(pairwise(channels)):
            strided = pooling == "stride" or (stem == "half" and stage == 0)
            stride = 2 if strided else 1
            sizes = [(read, write, stride), *[(write, write, 1)] * ((2 if residual else convolutions) - 1)]
            steps = [convolve(*size, dims, kernel, convolution, norm) for size in sizes]
            if residual:
                branch = nn.Sequential(*steps[0], ACTIVATIONS[activation](), *steps[1])
                shortcut = nn.Sequential(*convolve(read, write, stride, dims, 1, "standard", norm))
                layers += [Residual(branch, drop_path, shortcut), ACTIVATIONS[activation]()]
            else:
                layers += [layer for step in steps for layer in (*step, ACTIVATIONS[activation]())]
            if not strided:
                layers.append(POOLS[pooling][dims - 1](2))
        self.stages = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs [B, outputs]."""
        if self.embedding is not None:
            x = self.embedding(x)  # [B, steps, embedding]
        if self.dims == 1:
            x = x.transpose(1, 2)  # [B, channels, steps]
        x = self.stages(x).flatten(2).mean(2)  # [B, channels]
        logits: Tensor = self.head(self.dropout(x))
        return logits


def convolve(
    read: int, write: int, stride: int, dims: int, kernel: int, convolution: str, norm: str
) -> list[nn.Module]:
    """A convolution that keeps the resolution, or halves it with stride 2, and its norm.

    Before batch normalisation it has no bias: the norm would take it away again.
    """
    make, bias = CONVOLUTIONS[dims - 1], norm != "batch"
    if convolution == "separable":
        maps: list[nn.Module] = [
            make(read, read, kernel, stride, kernel // 2, groups=read, bias=False),
            make(read, write, 1, bias=bias),
        ]
    else:
        maps = [make(read, write, kernel, stride, kernel // 2, bias=bias)]
    return [*maps, *normalisation(norm, write, dims)]
