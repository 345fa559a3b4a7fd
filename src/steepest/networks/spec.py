"""What a network is: a frozen, torch-free record that the other files of this room read."""

import itertools
from dataclasses import dataclass
from typing import Literal, NamedTuple

from steepest.base.architecture import Norm
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe

Family = Literal["linear", "mlp"]


class Layer(NamedTuple):
    """One affine map y = W·x + b of a built network.

    Args:
        name: where the built module keeps it: "0", "3", …
        fan_in: numbers it reads.
        fan_out: numbers it writes.
        biased: whether it adds b. Before batch normalisation it does not: the norm takes any b away again,
            and Adam would turn its gradient, which is rounding noise, into steps of full length.
    """

    name: str
    fan_in: int
    fan_out: int
    biased: bool = True

    @property
    def weight(self) -> str:
        """Parameter name of W, shape [fan_out, fan_in]."""
        return f"{self.name}.weight"

    @property
    def bias(self) -> str:
        """Parameter name of b, shape [fan_out]."""
        return f"{self.name}.bias"


@dataclass(frozen=True)
class NetworkSpec:
    """A network's family and sizes.

    Args:
        family: "linear" (one affine map) or "mlp" (affine, activation, dropout; repeated; affine).
        inputs: numbers in one example.
        outputs: classes, or 1 for regression.
        hidden: units of each hidden layer; empty for "linear".
        activation: a name of `steepest.networks.activations.ACTIVATIONS`.
        dropout: probability of dropping a hidden unit, in [0, 1).
        norm: "none", "batch" or "layer": what stands between a hidden layer's affine map and its activation.

    Raises:
        BadInput: for a size below 1, a linear network with hidden layers, an mlp without any.

    Example:
        >>> spec = NetworkSpec("mlp", inputs=64, outputs=10, hidden=(128, 32))
        >>> [tuple(layer) for layer in spec.layers]
        [('0', 64, 128, True), ('3', 128, 32, True), ('6', 32, 10, True)]
        >>> spec.layers[-1].weight
        '6.weight'
    """

    family: Family
    inputs: int
    outputs: int
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    dropout: float = 0.0
    norm: Norm = "none"

    def __post_init__(self) -> None:
        for argument, size in (("inputs", self.inputs), ("outputs", self.outputs)):
            if size < 1:
                raise BadInput(argument, "must be at least 1", size, "Give the network something to read.")
        if any(width < 1 for width in self.hidden):
            raise BadInput("hidden", "must be at least 1 unit in every layer", self.hidden, "Widen it.")
        if bool(self.hidden) != (self.family == "mlp"):
            raise BadInput(
                "hidden",
                "must be empty for family 'linear' and hold at least one width for 'mlp'",
                self.hidden,
                f"The family is {self.family!r}.",
            )
        if not 0.0 <= self.dropout < 1.0:
            raise BadInput("dropout", "must lie in [0, 1)", self.dropout, "0 turns it off.")

    @property
    def shape(self) -> tuple[str, int, int, tuple[int, ...], str]:
        """What members must share to train as one stack: everything but activation and dropout."""
        return (self.family, self.inputs, self.outputs, self.hidden, self.norm)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every affine map in order; the last writes the outputs.

        Names step by three because each hidden layer is three modules: affine, activation, dropout; by four
        with a norm after the affine map. The dropout module is there at rate 0 too, so that names do not
        depend on the rate.
        """
        step = 3 if self.norm == "none" else 4
        sizes = (self.inputs, *self.hidden, self.outputs)
        pairs = itertools.pairwise(sizes)
        last = len(sizes) - 2
        return tuple(
            Layer(str(step * i), *pair, self.norm != "batch" or i == last) for i, pair in enumerate(pairs)
        )

    @property
    def norms(self) -> tuple[tuple[str, int], ...]:
        """Every norm in order: its name in the built module, and its units."""
        if self.norm == "none":
            return ()
        return tuple((str(4 * i + 1), width) for i, width in enumerate(self.hidden))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, in the built module's order."""
        shapes: dict[str, tuple[int, ...]] = {}
        norms = dict(zip(self.layers, self.norms, strict=False))
        for layer in self.layers:
            shapes[layer.weight] = (layer.fan_out, layer.fan_in)
            if layer.biased:
                shapes[layer.bias] = (layer.fan_out,)
            if layer in norms:
                name, units = norms[layer]
                shapes |= {f"{name}.weight": (units,), f"{name}.bias": (units,)}
        return shapes

    @property
    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every running mean that batch normalisation keeps: mean, then variance, per layer."""
        kept = ("running_mean", "running_var") if self.norm == "batch" else ()
        return {f"{name}.{which}": (units,) for name, units in self.norms for which in kept}

    @property
    def decayed(self) -> tuple[str, ...]:
        """Names of the weights, which decay and penalties apply to."""
        return tuple(layer.weight for layer in self.layers)

    def fresh_buffers(self) -> dict[str, float]:
        """Running means before the first step: mean 0, variance 1."""
        return {name: float(name.endswith("running_var")) for name in self.buffer_shapes}


def dense_spec(recipe: Recipe, inputs: int, outputs: int) -> NetworkSpec:
    """The dense network a recipe asks for.

    Args:
        recipe: its `network`, `depth`, `width`, `taper`, `norm`, `activation` and `dropout` are read.
        inputs: numbers in one encoded example.
        outputs: number of classes, or 1 for regression.

    Example:
        >>> dense_spec(Recipe(depth=2, width=64), inputs=8, outputs=3).hidden
        (64, 64)
        >>> dense_spec(Recipe(network="linear", dropout=0.5), inputs=8, outputs=3).dropout
        0.0
    """
    if recipe.network == "linear":
        return NetworkSpec("linear", inputs, outputs, activation="identity")
    hidden = tuple(max(1, round(recipe.width * recipe.taper**i)) for i in range(recipe.depth))
    return NetworkSpec("mlp", inputs, outputs, hidden, recipe.activation, recipe.dropout, recipe.norm)
