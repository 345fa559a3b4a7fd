"""The exported `train.py`: a recipe as plain PyTorch, to read, run and change without this package.

The script must do what a study's training does: same loss, same update, same rates, same standardisation.
Only the random numbers differ. Everything here is text: torch is not imported.
"""

from dataclasses import dataclass
from typing import Literal

from jinja2 import Environment, PackageLoader, StrictUndefined

from steepest.base.recipe import Recipe

LEAST_EPS = 1.2e-38
"""Smallest ε written: with 0 a weight that never gets a gradient would become 0/0."""


@dataclass(frozen=True)
class ScriptFacts:
    """What the script says.

    It reads `data.npz` from its own folder: x float32 [N, inputs], encoded but not standardised, NaN where
    missing; y, int64 class codes or float64, [N]; train_rows and test_rows, int64; scaled, bool [inputs].

    Args:
        recipe: every knob's value.
        task: decides loss and metric.
        inputs: numbers in one encoded example.
        outputs: number of classes, or 1 for regression.
        hidden: units of each hidden layer; empty for a linear network.
        gain: the activation's gain for the initialisation.
        clip: standardised inputs are cut to [-clip, clip].
        data_name: the data set, as the script's heading names it.
        target: the target column; "" leaves it out of the heading.
        seed: default of `--seed`.
    """

    recipe: Recipe
    task: Literal["classification", "regression"]
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    gain: float
    clip: float
    data_name: str
    target: str = ""
    seed: int = 0


MODULES: dict[str, str] = {
    "identity": "nn.Identity()",
    "sigmoid": "nn.Sigmoid()",
    "tanh": "nn.Tanh()",
    "relu": "nn.ReLU()",
    "leaky_relu": "nn.LeakyReLU(0.01)",
    "elu": "nn.ELU()",
    "selu": "nn.SELU()",
    "gelu": "nn.GELU()",
    "silu": "nn.SiLU()",
    "mish": "nn.Mish()",
}
"""Activation → the torch module, as source text."""

SHAPES: dict[str, tuple[str, str]] = {
    "constant": ("", "constant"),
    "linear": ("1 - behind", "linear to zero"),
    "cosine": ("0.5 * (1 + math.cos(math.pi * behind))", "half a cosine to zero"),
    "wsd": ("min(1.0, (1 - behind) / 0.2)", "constant, then falling to zero"),
}
"""Schedule → (share of the peak rate as source text, the same in words)."""

DRAWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "small_normal": ("Normal, variance 0.01².", ("nn.init.normal_(layer.weight, std=0.01)",)),
    "xavier_uniform": (
        "Uniform, variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010).",
        ("nn.init.xavier_uniform_(layer.weight)",),
    ),
    "xavier_normal": (
        "Normal, variance 2 / (fan_in + fan_out) (Glorot & Bengio 2010).",
        ("nn.init.xavier_normal_(layer.weight)",),
    ),
    "he_uniform": (
        "Uniform, variance gain² / fan_in (He et al. 2015).",
        (
            "bound = gain * (3 / layer.in_features) ** 0.5",
            "nn.init.uniform_(layer.weight, -bound, bound)",
        ),
    ),
    "he_normal": (
        "Normal, variance gain² / fan_in (He et al. 2015).",
        ("nn.init.normal_(layer.weight, std=gain / layer.in_features**0.5)",),
    ),
    "lecun_normal": (
        "Normal, variance 1 / fan_in (LeCun et al. 1998).",
        ("nn.init.normal_(layer.weight, std=layer.in_features**-0.5)",),
    ),
    "orthogonal": (
        "Orthogonal, times the gain (Saxe et al. 2014).",
        ("nn.init.orthogonal_(layer.weight, gain)",),
    ),
}
"""Initialisation → (what it is, the lines that draw one layer's weights)."""

NORMS = {"none": "", "batch": "nn.BatchNorm1d({})", "layer": "nn.LayerNorm({})"}
"""Norm → the torch module that stands after a hidden layer's affine map."""

DECAYING = ("adam", "adamw", "nadamw")
"""Optimizers whose torch class decays weights apart from the gradient; the others' decay is an L2 penalty."""


def training_script(facts: ScriptFacts) -> str:
    """Source text of a `train.py` that trains one network by `facts.recipe` and prints its test metric.

    Example:
        >>> facts = ScriptFacts(Recipe(), "classification", 64, 10, (128, 128), 2**0.5, 6.0, "digits")
        >>> print(training_script(facts).splitlines()[2].strip())
        python train.py                  27 epochs, seed 0
    """
    environment = Environment(
        loader=PackageLoader("steepest.report"),
        autoescape=False,  # Python, not HTML; names are made harmless by `_plain`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("train.py.jinja").render(**_slots(facts))


def _slots(facts: ScriptFacts) -> dict[str, object]:
    """Everything the template fills in."""
    recipe = facts.recipe
    shape, schedule_note = SHAPES[recipe.schedule]
    initialisation, draw = DRAWS[recipe.initialisation]
    scheduled, full_batch = bool(shape or recipe.warmup), recipe.optimizer == "gd"
    optimizer, arguments, optimizer_note = _optimizer(recipe)
    penalised = bool(recipe.l1 or recipe.l2)
    loss, loss_note = _loss(facts)
    return {
        "recipe": recipe, "task": facts.task, "clip": facts.clip, "gain": facts.gain, "seed": facts.seed,
        "purpose": _purpose(facts), "normalised": recipe.norm != "none",
        "plural": lambda n, noun: f"{n} {noun}" if n == 1 else f"{n} {noun}s",
        "activation_name": recipe.activation,
        "modules": _modules(facts),
        "initialisation": initialisation, "draw": draw, "uses_gain": any("gain" in line for line in draw),
        "optimizer": optimizer, "arguments": arguments, "optimizer_note": optimizer_note,
        "decays_in_optimizer": bool(recipe.weight_decay and recipe.optimizer in DECAYING),
        "decays_by_hand": bool(recipe.weight_decay and recipe.optimizer not in DECAYING),
        "splits_weights": bool(recipe.weight_decay) or penalised,
        "shape": shape, "scheduled": scheduled, "factor": _factor(shape, recipe.warmup),
        "schedule_note": ("warm-up, then " if recipe.warmup else "") + schedule_note,
        "full_batch": full_batch,
        "uses_math": "math." in shape or (scheduled and not full_batch),
        "loss": loss, "loss_note": loss_note, "penalised": penalised, "smoothing": _smoothing(recipe),
        "perturbs": bool(recipe.input_noise or recipe.input_dropout), "noise": _noise(recipe),
    }  # fmt: skip


def _modules(facts: ScriptFacts) -> list[str]:
    sizes = (facts.inputs, *facts.hidden, facts.outputs)
    lines: list[str] = []
    for i in range(len(sizes) - 1):
        if i:
            norm = NORMS[facts.recipe.norm]
            lines += [norm.format(sizes[i])] * bool(norm)
            lines += [MODULES[facts.recipe.activation], f"nn.Dropout({facts.recipe.dropout})"]
        bare = ", bias=False" if facts.recipe.norm == "batch" and i + 2 < len(sizes) else ""
        lines.append(f"nn.Linear({sizes[i]}, {sizes[i + 1]}{bare})")
    return lines


def _optimizer(recipe: Recipe) -> tuple[str, tuple[str, ...], str]:
    """(torch class, its arguments besides parameters and rate, what to know of it)."""
    eps = f"eps={max(recipe.eps, LEAST_EPS)}"
    adam = (f"betas=({recipe.beta1}, {recipe.beta2})", eps)
    match recipe.optimizer:
        case "gd":
            return "SGD", (), "Gradient descent: torch's SGD, given all rows in every step."
        case "sgd":
            return "SGD", (), "Stochastic gradient descent."
        case "momentum" | "nesterov" if not recipe.momentum:
            return "SGD", (), "Stochastic gradient descent: the recipe's momentum is 0."
        case "momentum":
            return "SGD", (f"momentum={recipe.momentum}",), "SGD with heavy-ball momentum."
        case "nesterov":
            return "SGD", (f"momentum={recipe.momentum}", "nesterov=True"), "SGD with Nesterov's momentum."
        case "adagrad":
            return "Adagrad", (eps,), "AdaGrad."
        case "rmsprop":
            return "RMSprop", (f"alpha={recipe.rho}", eps), "RMSProp."
        case "nadamw":
            decoupled = ("decoupled_weight_decay=True",) if recipe.weight_decay else ()
            note = "Adam with Nesterov's look-ahead; so large a momentum_decay keeps beta1 constant."
            return "NAdam", (*adam, "momentum_decay=1e6", *decoupled), note
        case "adam" | "adamw" if recipe.weight_decay:
            return "AdamW", adam, "Adam with decoupled weight decay; biases are not decayed."
        case "adam" | "adamw":
            return "Adam", adam, "Adam."


def _factor(shape: str, warmup: float) -> str:
    """The rate's factor: the warm-up's rise times the schedule's shape, whichever there are."""
    if not warmup:
        return shape
    inner = f"({shape})" if shape.startswith("1 - ") else shape
    return f"rise * {inner}" if shape else "min(1.0, (done + 1) / warm)"


def _loss(facts: ScriptFacts) -> tuple[str, str]:
    """(the torch expression, its name)."""
    recipe = facts.recipe
    terms = [name for name, strength in (("L2", recipe.l2), ("L1", recipe.l1)) if strength]
    penalty = f", plus the {' and '.join(terms)} penalt{'ies' if len(terms) > 1 else 'y'}" if terms else ""
    if facts.task == "regression":
        return "F.mse_loss(network(x).squeeze(1), y)", f"Mean squared error{penalty}."
    smoothing = _smoothing(recipe)
    note = f"Cross-entropy{' of smoothed labels' if smoothing else ''}, mean over the batch{penalty}."
    if recipe.mixup:
        return "share * own + (1 - share) * others", note
    return f"F.cross_entropy(network(x), y{smoothing})", note


def _smoothing(recipe: Recipe) -> str:
    return f", label_smoothing={recipe.label_smoothing}" if recipe.label_smoothing else ""


def _noise(recipe: Recipe) -> str:
    """What is done to training inputs, as a docstring says it."""
    terms = (
        ("noise on the numbers that vary", recipe.input_noise),
        ("some of the inputs set to 0, their mean", recipe.input_dropout),
    )
    return " and ".join(words for words, strength in terms if strength)


def _purpose(facts: ScriptFacts) -> str:
    what = "to classify" if facts.task == "classification" else "to predict"
    target = f" '{_plain(facts.target)}' of" if facts.target else " the rows of"
    if facts.task == "regression" and not facts.target:
        target = " the target of"
    return f"{what}{target} '{_plain(facts.data_name)}'"


def _plain(name: str) -> str:
    """A user's name as one harmless line inside a docstring."""
    kept = "".join(c if c.isprintable() and c not in "\\\"'" else " " for c in name)
    return " ".join(kept.split())[:60]
