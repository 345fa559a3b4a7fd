"""Architecture families: which suits which data, and a recipe's network as a frozen record.

    table    mlp                 columns that hold a category's code are embedded
    image    cnn                 an mlp reads the pixels in a row
    series   rnn, cnn, mlp
    text     cnn, rnn, transformer; without cnn where every position is predicted: it reads later tokens too

Reading this file does not import torch; a record does when it is asked for shapes or for a module.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from steepest.base.architecture import FAMILIES
from steepest.base.errors import BadInput, closest
from steepest.base.recipe import Recipe
from steepest.networks.ports import Form, Ports

if TYPE_CHECKING:
    import torch
    from torch import nn

Options = tuple[tuple[str, Any], ...]

COMPETING: Mapping[Form, tuple[str, ...]] = {
    "table": ("mlp",),
    "image": ("cnn",),
    "series": ("rnn", "cnn", "mlp"),
    "text": ("cnn", "rnn", "transformer"),
}
"""Families that a search lets compete, by form of data, the first to try first."""

FAMILY_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "cnn": {"depth": 3, "width": 32, "norm": "batch", "lr": 5e-3, "schedule": "linear", "warmup": 0.05},
    "rnn": {"cell": "gru", "depth": 1, "width": 64, "lr": 3e-3, "schedule": "linear", "clip_norm": 1.0},
    "transformer": {
        "depth": 2, "width": 64, "norm": "layer", "activation": "gelu", "lr": 2e-3, "schedule": "linear",
        "warmup": 0.05, "clip_norm": 1.0,
    },
}  # fmt: skip
"""What a recipe of a family changes before anything is searched; other families start as recipes do.

These networks are trained for few epochs, for which a rate that starts high and falls to zero does better
than a low constant one: of a cnn on CIFAR-10 in four epochs, test accuracy .606 at a constant 1e-3, .689 at
3e-3 falling to zero, .702 at 5e-3 with warm-up, .706 with flips besides (one seed each).
"""

LARGE = 24
"""Side of an image from which a cnn starts at half its resolution, with one convolution a stage.

CIFAR-10, three stages of 32, 64 and 128 channels, AdamW 5e-3, batches of 64, one core, the same 80 to 90
seconds for each: .718 in 4.5 epochs at half resolution, .686 in 2.5 epochs at full, .698 in 8 epochs with
stride 2 in every stage.
"""

_OPTIONS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "mlp": ("depth", "width", "taper", "residual", "norm"),
    "cnn": (
        "depth",
        "width",
        "kernel",
        "stem",
        "convolutions",
        "convolution",
        "pooling",
        "residual",
        "norm",
    ),
    "rnn": ("cell", "depth", "width", "bidirectional", "readout"),
    "transformer": ("depth", "width", "heads", "readout", "norm"),
}
_FILES = {
    "ConvNet": "conv.py",
    "RecurrentNet": "recurrent.py",
    "TransformerNet": "transformer.py",
    "PlainMLP": "residual.py",
    "ResidualMLP": "residual.py",
}


@dataclass(frozen=True)
class ModuleSpec:
    """A network that is trained as a torch module.

    Args:
        family: "linear", "mlp", "cnn", "rnn" or "transformer".
        ports: what it reads and writes.
        options: (knob, value) of every architecture knob that changes its shape, by name.
        activation: a name of `steepest.networks.activations.ACTIVATIONS`.
        dropout: probability of dropping a hidden unit, in [0, 1).
        drop_path: probability of leaving a residual branch out of a step, in [0, 1).

    Example:
        >>> spec = module_spec(Recipe(network="rnn", depth=1, width=8), Ports("series", (20, 3), 2))
        >>> spec.constructor()
        "RecurrentNet(inputs=3, outputs=2, cell='gru', depth=1, width=8, bidirectional=False, ...)"
        >>> spec.parameter_shapes["head.weight"], spec.source()
        ((2, 8), ('recurrent.py',))
    """

    family: str
    ports: Ports
    options: Options = ()
    activation: str = "relu"
    dropout: float = 0.0
    drop_path: float = 0.0

    @property
    def shape(self) -> tuple[str, Ports, Options]:
        """What members must share to train as one stack: all but activation, dropout and drop_path."""
        return (self.family, self.ports, self.options)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, in the built module's order."""
        return dict(_shapes(self)[0])

    @property
    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every running mean and variance that batch normalisation keeps."""
        return dict(_shapes(self)[1])

    def fresh_buffers(self) -> dict[str, float]:
        """Running means before the first step: mean 0, variance 1."""
        return {name: float(name.endswith("running_var")) for name in self.buffer_shapes}

    @property
    def decayed(self) -> tuple[str, ...]:
        """Names of the parameters that decay and penalties apply to.

        Those are the weights of maps and embeddings; biases, the gains of norms and the positions of a
        transformer are left alone.
        """
        shapes = self.parameter_shapes
        return tuple(name for name, shape in shapes.items() if len(shape) > 1 and name != "positions")

    def build(self, dtype: "torch.dtype | None" = None) -> "nn.Module":
        """The network on the CPU, its parameters 0, its running means fresh; nothing is drawn.

        Args:
            dtype: of its parameters; float32 if None.
        """
        network: nn.Module = _making().make(*self._call(), dtype)
        return network

    def outline(self, device: str = "meta") -> "nn.Module":
        """The network on torch's meta device: names and shapes, no numbers."""
        network: nn.Module = _making().outline(*self._call(), device)
        return network

    def source(self) -> tuple[str, ...]:
        """Files of `steepest.networks.plain` that the class needs, those that others need first.

        `steepest.networks.plain.pasting.paste` joins their text; `start.py` may follow.
        """
        name, _ = self._call()
        return (_FILES[name],) if name == "RecurrentNet" else ("parts.py", _FILES[name])

    def constructor(self) -> str:
        """A Python expression that makes the network, where the text of `source()` has run."""
        name, arguments = self._call()
        return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"

    def _call(self) -> tuple[str, dict[str, Any]]:
        """The class by name, and its arguments."""
        arguments = _CALLS[self.family](self.ports, dict(self.options))
        name = arguments.pop("class")
        if name != "RecurrentNet":
            arguments["activation"] = self.activation
        if name in ("TransformerNet", "ResidualMLP") or arguments.get("residual"):
            arguments["drop_path"] = self.drop_path
        return name, {**arguments, "dropout": self.dropout}


def module_spec(recipe: Recipe, ports: Ports) -> ModuleSpec:
    """The network a recipe asks for, as a torch module.

    Args:
        recipe: its architecture knobs, `dropout` and `drop_path` are read.
        ports: what the network reads and writes.

    Raises:
        BadInput: for a family that does not suit the ports, or options that do not suit each other.

    Example:
        >>> module_spec(Recipe(network="cnn", depth=4), Ports("image", (1, 8, 8), 10))
        Traceback (most recent call last):
        ...
        steepest.base.errors.BadInput: depth must be at most 3 for images of 8×8: ...
    """
    if recipe.network == "own":
        raise BadInput("network", "must be a family", "own", "It is read by own_spec, from module:function.")
    reason = suits(recipe.network, ports)
    if reason:
        others = ", ".join(name for name in FAMILIES if not suits(name, ports))
        raise BadInput("network", f"must suit the data: {reason}", recipe.network, f"Use one of: {others}.")
    _CHECKS.get(recipe.network, _fine)(recipe, ports)
    options = {name: getattr(recipe, name) for name in _OPTIONS[recipe.network]}
    if (ports.tokens and recipe.network != "transformer") or ports.codes:
        options["embedding"] = recipe.embedding
    if ports.each:
        options.pop("readout", None)
    if recipe.network == "mlp" and recipe.residual:
        options.pop("taper")  # residual sums need equal widths
    whole = {"linear": "identity", "rnn": "tanh"}.get(recipe.network, recipe.activation)
    residual = recipe.network == "transformer" or (recipe.network in ("mlp", "cnn") and recipe.residual)
    return ModuleSpec(
        recipe.network,
        ports,
        tuple(sorted(options.items())),
        whole,
        0.0 if recipe.network == "linear" else recipe.dropout,
        recipe.drop_path if residual else 0.0,
    )


def suits(family: str, ports: Ports) -> str:
    """ "" if a family can read and write what the ports say, else why it cannot.

    Raises:
        BadInput: for an unknown family.

    Example:
        >>> suits("cnn", Ports("text", (64,), 90, tokens=90, each=True))
        'a cnn reads later tokens too, and would be given the answer'
    """
    if family not in FAMILIES:
        raise BadInput("network", "must be a family", family, closest(family, FAMILIES))
    if family in ("linear", "mlp"):
        if ports.tokens:
            return f"{_an(family)} reads numbers, not tokens"
        if ports.each:
            return f"{_an(family)} writes once for all steps, not at each"
        return ""
    if ports.form == "table":
        return f"a {family} reads {'images, ' if family == 'cnn' else ''}series and texts, not tables"
    if family == "cnn":
        return "a cnn reads later tokens too, and would be given the answer" if ports.each else ""
    return f"a {family} reads series and texts, not images" if ports.form == "image" else ""


def families_for(ports: Ports) -> tuple[str, ...]:
    """The families that a search lets compete, the first to try first.

    Example:
        >>> families_for(Ports("text", (64,), 90, tokens=90, each=True))
        ('rnn', 'transformer')
    """
    return tuple(family for family in COMPETING[ports.form] if not suits(family, ports))


def defaults_for(ports: Ports, family: str | None = None) -> dict[str, Any]:
    """What a recipe changes for this data before anything is searched.

    On 400 held-out film reviews, after 20 s on a core (two seeds): cnn of 1 stage 80 %, transformer 81 %, GRU
    read by its mean 78 %, cnn of 3 stages 74 %, GRU read by its last state 69 %.

    Args:
        ports: what the network reads and writes.
        family: asked for by the user; None takes the first of `families_for`.

    Example:
        >>> defaults_for(Ports("image", (3, 8, 8), 10))
        {'network': 'cnn', 'depth': 3, 'width': 32, 'norm': 'batch', 'lr': 0.005, 'schedule': 'linear', ...}
    """
    family = family or families_for(ports)[0]
    changes = {"network": family, **FAMILY_DEFAULTS.get(family, {})}
    if family == "cnn":
        changes["depth"] = max(1, min(1 if ports.tokens else 3, _most_stages(ports)))
        if ports.form == "image" and min(ports.shape[1:]) >= LARGE:
            changes |= {"stem": "half", "convolutions": 1}
    if family == "rnn" and ports.each:
        changes |= {"width": 128, "lr": 6e-3, "batch_size": 16}
    if family in ("rnn", "transformer") and ports.tokens and not ports.each:
        changes["readout"] = "mean"
    return changes


@functools.lru_cache(maxsize=1024)
def _shapes(spec: ModuleSpec) -> tuple[Options, Options]:
    """(name, shape) of parameters and of buffers."""
    network = spec.outline()
    parameters = tuple((name, tuple(value.shape)) for name, value in network.named_parameters())
    buffers = ((name, tuple(v.shape)) for name, v in network.named_buffers() if v.is_floating_point())
    return parameters, tuple(buffers)


def _making() -> Any:
    """The file that knows the classes: it imports torch, and is loaded when a record is first built."""
    return import_module("steepest.networks.plain.making")


def _an(family: str) -> str:
    return f"an {family}" if family == "mlp" else f"a {family}"


# What each family's class is called with.


def _dense(ports: Ports, options: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {"class": "PlainMLP", "inputs": ports.inputs, "outputs": ports.outputs}
    if ports.codes:
        arguments |= {"codes": ports.codes, "embedding": options["embedding"]}
    if not options.get("depth"):
        return arguments | {"hidden": ()}
    if options["residual"]:
        sizes = {name: options[name] for name in ("depth", "width", "norm")}
        return arguments | {"class": "ResidualMLP", **sizes}
    hidden = (max(1, round(options["width"] * options["taper"] ** i)) for i in range(options["depth"]))
    return arguments | {"hidden": tuple(hidden), "norm": options["norm"]}


def _sequence(ports: Ports) -> dict[str, Any]:
    ends = {"inputs": ports.tokens or ports.shape[-1], "outputs": ports.outputs}
    return ends | ({"tokens": True} if ports.tokens else {})


def _conv(ports: Ports, options: dict[str, Any]) -> dict[str, Any]:
    if ports.form != "image":
        return {"class": "ConvNet", **_sequence(ports), "dims": 1, **_ordered("cnn", options)}
    dims = len(ports.shape) - 1
    ends = {"inputs": ports.shape[0], "outputs": ports.outputs, "dims": dims}
    return {"class": "ConvNet", **ends, **_ordered("cnn", options)}


def _recurrent(ports: Ports, options: dict[str, Any]) -> dict[str, Any]:
    readout = {"readout": "each"} if ports.each else {}
    return {"class": "RecurrentNet", **_sequence(ports), **_ordered("rnn", options), **readout}


def _transformer(ports: Ports, options: dict[str, Any]) -> dict[str, Any]:
    ends = {**_sequence(ports), "steps": ports.shape[0]}
    readout = {"readout": "each"} if ports.each else {}
    return {"class": "TransformerNet", **ends, **_ordered("transformer", options), **readout}


def _ordered(family: str, options: dict[str, Any]) -> dict[str, Any]:
    """The options in the order in which they are declared."""
    return {name: options[name] for name in (*_OPTIONS[family], "embedding") if name in options}


_CALLS = {
    "linear": _dense,
    "mlp": _dense,
    "cnn": _conv,
    "rnn": _recurrent,
    "transformer": _transformer,
}


# What a recipe's knobs must agree on.


def _most_stages(ports: Ports) -> int:
    """How often the shortest side can be halved."""
    sides = ports.shape[1:] if ports.form == "image" else ports.shape[:1]
    return min(sides).bit_length() - 1


def _check_conv(recipe: Recipe, ports: Ports) -> None:
    if recipe.kernel % 2 == 0:
        odd = f"Use {recipe.kernel - 1} or {recipe.kernel + 1}: an odd window has a middle."
        raise BadInput("kernel", "must be odd", recipe.kernel, odd)
    most = _most_stages(ports)
    if recipe.depth > most:
        sides = ports.shape[1:] if ports.form == "image" else ports.shape[:1]
        what = f"images of {'×'.join(map(str, sides))}" if ports.form == "image" else f"{sides[0]} steps"
        constraint = f"must be at most {most} for {what}: each stage of a cnn halves them"
        remedy = f"Use depth {most} or less." if most else "Use another family: these cannot be halved."
        raise BadInput("depth", constraint, recipe.depth, remedy)


def _check_recurrent(recipe: Recipe, ports: Ports) -> None:
    if recipe.bidirectional and ports.each:
        constraint = "must be off where every step is predicted: backwards, the network would read the answer"
        raise BadInput("bidirectional", constraint, True, "Set bidirectional to false.")


def _check_transformer(recipe: Recipe, _ports: Ports) -> None:
    if recipe.width % recipe.heads:
        fitting = [heads for heads in range(1, min(recipe.width, 64) + 1) if recipe.width % heads == 0]
        nearest = min(fitting, key=lambda heads: abs(heads - recipe.heads))
        constraint = f"must divide the width {recipe.width}, which the heads share"
        raise BadInput("heads", constraint, recipe.heads, f"Use {nearest}, or another width.")
    if recipe.norm in ("batch", "group"):
        constraint = "must be 'layer', 'rms' or 'none' in a transformer"
        raise BadInput("norm", constraint, recipe.norm, "Use 'layer'.")


def _fine(_recipe: Recipe, _ports: Ports) -> None:
    pass


_CHECKS = {"cnn": _check_conv, "rnn": _check_recurrent, "transformer": _check_transformer}
