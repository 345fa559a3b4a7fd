"""The knobs of a network's architecture, one declaration each; they become fields of `Recipe`.

A name means the same in every family: `depth` counts hidden layers, stages or blocks, `width` the numbers
that the first of them writes. Ranges: RealMLP and TabM's spaces for dense networks (arXiv 2407.04491,
2410.24210); for the other families, sizes that train in minutes on a processor core.
"""

from typing import Annotated, Literal

from pydantic import BaseModel

from steepest.base.knobs import Choice, Knob

Network = Literal["linear", "mlp", "cnn", "rnn", "transformer", "own"]
Activation = Literal[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish"
]
Initialisation = Literal[
    "normal",
    "small_normal",
    "xavier_uniform",
    "xavier_normal",
    "he_uniform",
    "he_normal",
    "lecun_normal",
    "orthogonal",
    "own",
]
Norm = Literal["none", "batch", "layer", "group", "rms"]

FAMILIES = ("linear", "mlp", "cnn", "rnn", "transformer")
"""Architecture families; "own" is the user's."""

_HIDDEN = ("mlp", "cnn", "rnn", "transformer")


class ArchitectureKnobs(BaseModel):
    """What the network is, and how its weights start."""

    network: Annotated[Network, Knob("architecture family", splits_stack=True)] = "mlp"
    depth: Annotated[
        int,
        Knob(
            "hidden layers (mlp, rnn), stages that halve the resolution (cnn), blocks (transformer)",
            valid=(1, 32),
            search=Choice((1, 2, 3), (0.3, 0.45, 0.25)),
            search_by={
                ("network", "cnn"): Choice((2, 3), (0.4, 0.6)),
                ("network", "rnn"): Choice((1, 2), (0.7, 0.3)),
            },
            when={"network": _HIDDEN},
            splits_stack=True,
        ),
    ] = 2
    width: Annotated[
        int,
        Knob(
            "units in each hidden layer; channels of a cnn's first stage, doubled by each further one",
            "units",
            valid=(1, 65536),
            search=Choice((16, 32, 64, 128, 256), (0.05, 0.15, 0.3, 0.3, 0.2)),
            search_by={
                ("network", "mlp"): Choice((32, 64, 128, 256), (0.15, 0.3, 0.35, 0.2)),
                ("network", "cnn"): Choice((16, 32, 64), (0.3, 0.5, 0.2)),
                ("network", "rnn"): Choice((32, 64, 128), (0.3, 0.4, 0.3)),
                ("network", "transformer"): Choice((32, 64, 128), (0.3, 0.4, 0.3)),
            },
            when={"network": _HIDDEN},
            splits_stack=True,
        ),
    ] = 128
    taper: Annotated[
        float,
        Knob(
            "width of each further hidden layer as a share of the one before",
            valid=(0.05, 1.0),
            search=Choice((1.0, 0.5), (0.8, 0.2)),
            when={"network": ("mlp",), "residual": (False,)},
            splits_stack=True,
        ),
    ] = 1.0
    residual: Annotated[
        bool,
        Knob(
            "whether what a hidden layer or a pair of convolutions computes is added to what it read",
            source="He et al. 2016 (arXiv 1512.03385)",
            search_by={("network", "cnn"): Choice((False, True), (0.5, 0.5))},
            when={"network": ("mlp", "cnn")},
            splits_stack=True,
        ),
    ] = False
    kernel: Annotated[
        int,
        Knob(
            "side of a convolution's window",
            "positions",
            valid=(1, 63),
            search=Choice((3, 5), (0.8, 0.2)),
            when={"network": ("cnn",)},
            splits_stack=True,
        ),
    ] = 3
    stem: Annotated[
        Literal["full", "half"],
        Knob(
            "resolution at which a cnn's first stage computes; half: by a first convolution of stride 2",
            search=Choice(("full", "half")),
            when={"network": ("cnn",), "pooling": ("max", "average")},
            forms=("image",),
            splits_stack=True,
        ),
    ] = "full"
    convolutions: Annotated[
        int,
        Knob(
            "convolutions in each stage of a cnn; a residual stage has two",
            valid=(1, 8),
            search=Choice((1, 2)),
            when={"network": ("cnn",), "residual": (False,)},
            splits_stack=True,
        ),
    ] = 2
    convolution: Annotated[
        Literal["standard", "separable"],
        Knob(
            "standard, or depthwise separable: each channel by itself, then all channels at each position",
            source="Chollet 2017 (arXiv 1610.02357)",
            search=Choice(("standard", "separable"), (0.8, 0.2)),
            when={"network": ("cnn",)},
            splits_stack=True,
        ),
    ] = "standard"
    pooling: Annotated[
        Literal["max", "average", "stride"],
        Knob(
            "how each stage of a cnn halves the resolution: by pooling, or by a convolution of stride 2",
            search=Choice(("max", "average", "stride"), (0.5, 0.2, 0.3)),
            when={"network": ("cnn",)},
            splits_stack=True,
        ),
    ] = "max"
    cell: Annotated[
        Literal["lstm", "gru"],
        Knob(
            "recurrent cell",
            source="Hochreiter & Schmidhuber 1997; Cho et al. 2014 (arXiv 1406.1078)",
            search=Choice(("gru", "lstm")),
            when={"network": ("rnn",)},
            splits_stack=True,
        ),
    ] = "gru"
    bidirectional: Annotated[
        bool,
        Knob(
            "whether a second recurrent layer reads each sequence backwards",
            search=Choice((False, True), (0.7, 0.3)),
            when={"network": ("rnn",)},
            tasks=("classification", "regression", "multilabel", "forecasting"),
            splits_stack=True,
        ),
    ] = False
    readout: Annotated[
        Literal["last", "mean"],
        Knob(
            "what of a sequence's states is read: the last one, or their mean",
            search=Choice(("last", "mean"), (0.6, 0.4)),
            when={"network": ("rnn", "transformer")},
            tasks=("classification", "regression", "multilabel", "forecasting"),
            splits_stack=True,
        ),
    ] = "last"
    heads: Annotated[
        int,
        Knob(
            "attention heads, which share the width",
            valid=(1, 64),
            search=Choice((2, 4)),
            when={"network": ("transformer",)},
            splits_stack=True,
        ),
    ] = 4
    embedding: Annotated[
        int,
        Knob(
            "numbers that stand for a token, or for a category of too many values to give each an input",
            valid=(1, 4096),
            search=Choice((16, 32, 64)),
            when={"network": ("mlp", "cnn", "rnn")},
            forms=("table", "text"),
            splits_stack=True,
        ),
    ] = 32
    bins: Annotated[
        Literal[0, 4, 8, 16, 32, 64],
        Knob(
            "quantile bins in which each number of a table is read besides as itself; 0 is off",
            source="piecewise linear encoding, Gorishniy et al. 2022 (arXiv 2203.05556), eq. 1",
            search=Choice((0, 16, 64), (0.4, 0.2, 0.4)),
            when={"network": ("mlp",)},
            forms=("table",),
            splits_stack=True,
        ),
    ] = 0
    activation: Annotated[
        Activation,
        Knob(
            "non-linearity of the hidden layers",
            search=Choice(
                ("relu", "leaky_relu", "gelu", "silu", "mish", "elu", "tanh"),
                (0.35, 0.1, 0.2, 0.15, 0.08, 0.06, 0.06),
            ),
            when={"network": ("mlp", "cnn", "transformer")},
        ),
    ] = "relu"
    norm: Annotated[
        Norm,
        Knob(
            "normalisation: before each activation (mlp, cnn), before each half of a block (transformer)",
            search=Choice(("none", "batch", "layer", "group", "rms"), (0.4, 0.3, 0.1, 0.1, 0.1)),
            search_by={
                ("network", "mlp"): Choice(("none", "batch", "layer"), (0.6, 0.2, 0.2)),
                ("network", "cnn"): Choice(("none", "batch", "group"), (0.1, 0.8, 0.1)),
                ("network", "transformer"): Choice(("layer", "rms"), (0.5, 0.5)),
            },
            when={"network": ("mlp", "cnn", "transformer")},
            splits_stack=True,
        ),
    ] = "none"
    initialisation: Annotated[
        Initialisation,
        Knob(
            "how weights start; own: as the user's own network starts them",
            search=Choice(
                ("he_uniform", "he_normal", "xavier_uniform", "xavier_normal", "lecun_normal", "orthogonal"),
                (0.2, 0.25, 0.15, 0.1, 0.15, 0.15),
            ),
            search_by={
                ("network", "own"): Choice(
                    ("own", "he_normal", "xavier_uniform", "orthogonal"), (0.7, 0.1, 0.1, 0.1)
                )
            },
        ),
    ] = "he_uniform"
    init_std: Annotated[
        float,
        Knob(
            "standard deviation of weights that start by 'normal'",
            valid=(1e-6, 10.0),
            when={"initialisation": ("normal",)},
        ),
    ] = 0.05
    zero_init: Annotated[
        bool,
        Knob(
            "whether the last map of every residual branch starts at zero",
            source="Goyal et al. 2017 (arXiv 1706.02677), section 5.1",
            when={"network": ("mlp", "cnn", "transformer")},
        ),
    ] = False
