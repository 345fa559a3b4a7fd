"""A recipe: the value of every knob. Frozen, torch-free, the same in YAML, JSON, Python and the store.

Ranges and defaults: AlgoPerf's tuning spaces (arXiv 2502.15015), RealMLP and TabM's published spaces
(arXiv 2407.04491, 2410.24210) and the Deep Learning Tuning Playbook, narrowed to networks that train
in minutes.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from steepest.base.errors import BadRecipe, closest
from steepest.base.knobs import Choice, Knob, Range

Network = Literal["linear", "mlp"]
Activation = Literal[
    "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish"
]
Initialisation = Literal[
    "small_normal",
    "xavier_uniform",
    "xavier_normal",
    "he_uniform",
    "he_normal",
    "lecun_normal",
    "orthogonal",
]
Optimizer = Literal["gd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadamw"]
Norm = Literal["none", "batch", "layer"]
Schedule = Literal["constant", "linear", "cosine", "wsd"]

ADAM_FAMILY = ("adam", "adamw", "nadamw")
_RATE = {
    "gd": Range(1e-2, 5.0, center=0.3, scale="log"),
    "sgd": Range(1e-2, 3.0, center=0.2, scale="log"),
    "momentum": Range(1e-3, 1.0, center=0.05, scale="log"),
    "nesterov": Range(1e-3, 1.0, center=0.05, scale="log"),
    "adagrad": Range(1e-3, 0.3, center=0.03, scale="log"),
    "rmsprop": Range(1e-4, 1e-2, center=1e-3, scale="log"),
    **{name: Range(1e-4, 3e-2, center=2e-3, scale="log") for name in ADAM_FAMILY},
}


class Recipe(BaseModel):
    """Every knob's value. Unknown names and values out of range are refused with the remedy.

    Example:
        >>> recipe = Recipe(optimizer="sgd", lr=0.1)
        >>> recipe.batch_size
        64
        >>> Recipe.from_yaml(recipe.to_yaml()) == recipe
        True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    network: Annotated[Network, Knob("architecture family", splits_stack=True)] = "mlp"
    depth: Annotated[
        int,
        Knob(
            "hidden layers",
            valid=(1, 32),
            search=Choice((1, 2, 3), (0.3, 0.45, 0.25)),
            when={"network": ("mlp",)},
            splits_stack=True,
        ),
    ] = 2
    width: Annotated[
        int,
        Knob(
            "units in each hidden layer",
            "units",
            valid=(1, 65536),
            search=Choice((32, 64, 128, 256), (0.15, 0.3, 0.35, 0.2)),
            when={"network": ("mlp",)},
            splits_stack=True,
        ),
    ] = 128
    taper: Annotated[
        float,
        Knob(
            "width of each further hidden layer as a share of the one before",
            valid=(0.05, 1.0),
            search=Choice((1.0, 0.5), (0.8, 0.2)),
            when={"network": ("mlp",)},
            splits_stack=True,
        ),
    ] = 1.0
    activation: Annotated[
        Activation,
        Knob(
            "non-linearity of the hidden layers",
            search=Choice(
                ("relu", "leaky_relu", "gelu", "silu", "mish", "elu", "tanh"),
                (0.35, 0.1, 0.2, 0.15, 0.08, 0.06, 0.06),
            ),
            when={"network": ("mlp",)},
        ),
    ] = "relu"
    norm: Annotated[
        Norm,
        Knob(
            "normalisation between each hidden layer's affine map and its activation",
            search=Choice(("none", "batch", "layer"), (0.6, 0.2, 0.2)),
            when={"network": ("mlp",)},
            splits_stack=True,
        ),
    ] = "none"
    initialisation: Annotated[
        Initialisation,
        Knob(
            "how weights start",
            search=Choice(
                ("he_uniform", "he_normal", "xavier_uniform", "xavier_normal", "lecun_normal", "orthogonal"),
                (0.2, 0.25, 0.15, 0.1, 0.15, 0.15),
            ),
        ),
    ] = "he_uniform"
    dropout: Annotated[
        float,
        Knob(
            "probability of dropping a hidden unit",
            valid=(0.0, 0.95),
            search=Range(0.02, 0.5, off=0.0),
            when={"network": ("mlp",)},
            source="TabM's MLP space: off half of the time, else uniform to .5",
        ),
    ] = 0.0
    input_noise: Annotated[
        float,
        Knob(
            "standard deviation of the Gaussian noise on standardised numbers while training",
            "deviations",
            valid=(0.0, 10.0),
        ),
    ] = 0.0
    input_dropout: Annotated[
        float,
        Knob(
            "probability of replacing an input by 0, its training mean, while training",
            valid=(0.0, 0.95),
        ),
    ] = 0.0
    mixup: Annotated[
        float,
        Knob(
            "α of the Beta distribution by which training rows are blended in pairs",
            valid=(0.0, 100.0),
            source="Zhang et al. 2018 (arXiv 1710.09412): .1 to .4 on ImageNet, 1 on CIFAR",
        ),
    ] = 0.0
    optimizer: Annotated[
        Optimizer,
        Knob(
            "update rule; gd takes all rows in every step",
            search=Choice(
                ("adamw", "adam", "nadamw", "rmsprop", "adagrad", "momentum", "nesterov", "sgd"),
                (0.34, 0.12, 0.14, 0.08, 0.06, 0.08, 0.12, 0.06),
            ),
        ),
    ] = "adamw"
    lr: Annotated[
        float,
        Knob(
            "learning rate at the schedule's peak",
            "per step",
            valid=(0.0, 1e4),
            search=Range(1e-5, 5.0, center=2e-3, scale="log"),
            search_by={("optimizer", name): where for name, where in _RATE.items()},
        ),
    ] = 1e-3
    momentum: Annotated[
        float,
        Knob(
            "β of heavy-ball and Nesterov momentum",
            valid=(0.0, 0.9999),
            search=Choice((0.8, 0.9, 0.95)),
            when={"optimizer": ("momentum", "nesterov")},
        ),
    ] = 0.9
    beta1: Annotated[
        float,
        Knob(
            "decay of Adam's first moment",
            valid=(0.0, 0.9999),
            search=Choice((0.8, 0.9, 0.95), (0.2, 0.6, 0.2)),
            when={"optimizer": ADAM_FAMILY},
        ),
    ] = 0.9
    beta2: Annotated[
        float,
        Knob("decay of Adam's second moment", valid=(0.0, 0.999999), when={"optimizer": ADAM_FAMILY}),
    ] = 0.999
    rho: Annotated[
        float,
        Knob("decay of RMSProp's mean square", valid=(0.0, 0.999999), when={"optimizer": ("rmsprop",)}),
    ] = 0.99
    eps: Annotated[
        float,
        Knob(
            "added to the root of the second moment",
            valid=(0.0, 1.0),
            when={"optimizer": ("adagrad", "rmsprop", *ADAM_FAMILY)},
        ),
    ] = 1e-8
    schedule: Annotated[
        Schedule,
        Knob(
            "shape of the learning rate over training",
            search=Choice(("constant", "linear", "cosine", "wsd"), (0.2, 0.35, 0.3, 0.15)),
            source="linear to zero: arXiv 2310.07831; WSD: arXiv 2405.18392",
        ),
    ] = "constant"
    warmup: Annotated[
        float,
        Knob(
            "share of training over which the rate rises from zero",
            valid=(0.0, 1.0),
            search=Choice((0.0, 0.02, 0.05), (0.5, 0.25, 0.25)),
        ),
    ] = 0.0
    weight_decay: Annotated[
        float,
        Knob(
            "decoupled decay: weights shrink by lr·decay in each step",
            "per step",
            valid=(0.0, 100.0),
            search=Range(1e-4, 0.3, scale="log", off=0.0),
            source="arXiv 1711.05101; biases are not decayed",
        ),
    ] = 1e-2
    l2: Annotated[
        float,
        Knob(
            "penalty λ/2·Σw² in the loss; biases are not penalised",
            valid=(0.0, 100.0),
            search=Range(1e-6, 1e-2, scale="log", off=0.0),
        ),
    ] = 0.0
    l1: Annotated[
        float,
        Knob(
            "penalty λ·Σ|w| in the loss; biases are not penalised",
            valid=(0.0, 100.0),
            search=Range(1e-6, 1e-3, scale="log", off=0.0),
        ),
    ] = 0.0
    label_smoothing: Annotated[
        float,
        Knob(
            "share of each label spread over all classes",
            valid=(0.0, 0.9),
            search=Range(5e-3, 0.1, scale="log", off=0.0),
            source="RealMLP (arXiv 2407.04491)",
        ),
    ] = 0.0
    clip_norm: Annotated[
        float,
        Knob(
            "largest gradient norm of the whole network; 0 is off",
            valid=(0.0, 1e9),
            search=Choice((0.0, 1.0), (0.6, 0.4)),
        ),
    ] = 0.0
    batch_size: Annotated[
        int,
        Knob(
            "examples in one step",
            "examples",
            valid=(1, 1_000_000),
            search=Choice((32, 64, 128, 256)),
            splits_stack=True,
        ),
    ] = 64
    epochs: Annotated[int, Knob("passes over the training rows", "epochs", valid=(1, 100_000))] = 27

    @model_validator(mode="before")
    @classmethod
    def _check(cls, values: Any) -> Any:
        if isinstance(values, dict):
            for name, value in values.items():
                _check_value(name, value)
        return values

    @classmethod
    def make(cls, **values: Any) -> "Recipe":
        """A recipe from keyword arguments; a bad one raises `BadRecipe` instead of pydantic's error."""
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "recipe"
            raise BadRecipe(name, first["msg"].lower(), first.get("input"), "Correct the value.") from None

    def replace(self, **changes: Any) -> "Recipe":
        """A copy with some knobs changed, checked again."""
        return Recipe.make(**{**self.model_dump(), **changes})

    def relevant(self) -> dict[str, Any]:
        """The knobs that matter under this recipe's other choices: no β₂ for SGD."""
        values = self.model_dump()
        return {n: v for n, v in values.items() if all(values[o] in ok for o, ok in KNOBS[n].when.items())}

    def key(self) -> str:
        """A digest of the relevant knobs: equal keys train identically."""
        text = json.dumps(self.relevant(), sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def to_yaml(self) -> str:
        """The recipe as YAML, each knob with its meaning as a comment."""
        lines = []
        for name, value in self.model_dump().items():
            text = yaml.safe_dump({name: value}).strip()
            lines.append(f"{text:<28} # {KNOBS[name].meaning}")
        return "\n".join(lines) + "\n"

    @classmethod
    def from_yaml(cls, text: str, where: str = "recipe") -> "Recipe":
        """Read what `to_yaml` wrote; `where` names the source in errors."""
        try:
            values = yaml.safe_load(text)
        except yaml.YAMLError as error:
            raise BadRecipe(
                where, "must be YAML", str(error).split("\n")[0], "See `steepest tune --help`."
            ) from None
        if not isinstance(values, dict):
            raise BadRecipe(where, "must be a list of `knob: value` lines", type(values).__name__)
        return cls.make(**{str(name): _number(str(name), value) for name, value in values.items()})

    @classmethod
    def load(cls, path: str | Path) -> "Recipe":
        """Read a recipe file."""
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
            raise BadRecipe(
                "recipe", "must be a readable file", f"{path} ({reason})", "Check the path."
            ) from None
        return cls.from_yaml(text, where=str(path))


def _knobs() -> dict[str, Knob]:
    hints = get_type_hints(Recipe, include_extras=True)
    return {
        name: next(a for a in get_args(hints[name]) if isinstance(a, Knob)) for name in Recipe.model_fields
    }


def _options(name: str) -> tuple[Any, ...]:
    return get_args(Recipe.model_fields[name].annotation)


def _number(name: str, value: Any) -> Any:
    """A numeric knob's value: YAML 1.1 reads 1e-3, without a dot, as text."""
    if isinstance(value, str) and name in KNOBS and KNOBS[name].valid is not None:
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _check_value(name: str, value: Any) -> None:
    if name not in KNOBS:
        raise BadRecipe(f"knob {name!r}", "must be a known knob", value, closest(name, KNOBS))
    knob, options = KNOBS[name], _options(name)
    if options and value not in options:
        raise BadRecipe(name, "must be a known name", value, closest(str(value), map(str, options)))
    if knob.valid is None:
        return
    kind = Recipe.model_fields[name].annotation
    if isinstance(value, bool) or not isinstance(value, int | float) or (kind is int and value != int(value)):
        raise BadRecipe(
            name, f"must be {'a whole number' if kind is int else 'a number'}", value, knob.meaning + "."
        )
    low, high = knob.valid
    if not low <= value <= high:
        raise BadRecipe(name, f"must lie in [{low:g}, {high:g}]", value, f"It is the {knob.meaning}.")


KNOBS: dict[str, Knob] = _knobs()
"""Every knob by name, in the order of `Recipe`'s fields."""
