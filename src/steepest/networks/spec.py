"""What a network is: a frozen, torch-free record that the other files of this room read."""

import itertools
from dataclasses import dataclass
from typing import Literal, NamedTuple

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe

Family = Literal["linear", "mlp"]


class Layer(NamedTuple):
    """One affine map y = W·x + b of a built network.

    Args:
        name: where the built module keeps it: "0", "3", …
        fan_in: numbers it reads.
        fan_out: numbers it writes.
    """

    name: str
    fan_in: int
    fan_out: int

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

    Raises:
        BadInput: for a size below 1, a linear network with hidden layers, an mlp without any.

    Example:
        >>> spec = NetworkSpec("mlp", inputs=64, outputs=10, hidden=(128, 32))
        >>> [tuple(layer) for layer in spec.layers]
        [('0', 64, 128), ('3', 128, 32), ('6', 32, 10)]
        >>> spec.layers[-1].weight
        '6.weight'
    """

    family: Family
    inputs: int
    outputs: int
    hidden: tuple[int, ...] = ()
    activation: str = "relu"
    dropout: float = 0.0

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
    def shape(self) -> tuple[str, int, int, tuple[int, ...]]:
        """What members must share to train as one stack: everything but activation and dropout."""
        return (self.family, self.inputs, self.outputs, self.hidden)

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every affine map in order; the last writes the outputs.

        Names step by three because each hidden layer is three modules: affine, activation, dropout. The
        dropout module is there at rate 0 too, so that names do not depend on the rate.
        """
        sizes = (self.inputs, *self.hidden, self.outputs)
        pairs = itertools.pairwise(sizes)
        return tuple(Layer(str(3 * i), fan_in, fan_out) for i, (fan_in, fan_out) in enumerate(pairs))

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, in the built module's order."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer in self.layers:
            shapes[layer.weight] = (layer.fan_out, layer.fan_in)
            shapes[layer.bias] = (layer.fan_out,)
        return shapes


def spec_of(recipe: Recipe, inputs: int, outputs: int) -> NetworkSpec:
    """The network a recipe asks for.

    Args:
        recipe: its `network`, `depth`, `width`, `taper`, `activation` and `dropout` are read.
        inputs: numbers in one encoded example.
        outputs: number of classes, or 1 for regression.

    Example:
        >>> spec_of(Recipe(depth=2, width=64), inputs=8, outputs=3).hidden
        (64, 64)
        >>> spec_of(Recipe(network="linear", dropout=0.5), inputs=8, outputs=3).dropout
        0.0
    """
    if recipe.network == "linear":
        return NetworkSpec("linear", inputs, outputs, activation="identity")
    hidden = tuple(max(1, round(recipe.width * recipe.taper**i)) for i in range(recipe.depth))
    return NetworkSpec("mlp", inputs, outputs, hidden, recipe.activation, recipe.dropout)
