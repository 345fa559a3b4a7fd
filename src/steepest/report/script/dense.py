"""A dense network as the script writes it: one `nn.Sequential`, and how its weights start."""

from steepest.base.recipe import Recipe
from steepest.report.script.facts import ScriptFacts

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

DRAWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "normal": (
        "Normal, of the recipe's standard deviation.",
        ("nn.init.normal_(layer.weight, std=INIT_STD)",),
    ),
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


def dense_modules(facts: ScriptFacts) -> list[str]:
    """The layers of the network, each as source text."""
    sizes = (facts.inputs, *facts.hidden, facts.outputs)
    recipe = facts.recipe
    lines: list[str] = []
    for i in range(len(sizes) - 1):
        if i:
            norm = NORMS[recipe.norm]
            lines += [norm.format(sizes[i])] * bool(norm)
            lines += [MODULES[recipe.activation], f"nn.Dropout({recipe.dropout})"]
        bare = ", bias=False" if recipe.norm == "batch" and i + 2 < len(sizes) else ""
        lines.append(f"nn.Linear({sizes[i]}, {sizes[i + 1]}{bare})")
    return lines


def draw_slots(recipe: Recipe) -> dict[str, object]:
    """What the template fills in of how weights start."""
    initialisation, draw = DRAWS[recipe.initialisation]
    return {
        "initialisation": initialisation,
        "draw": draw,
        "uses_gain": any("gain" in line for line in draw),
        "uses_std": any("INIT_STD" in line for line in draw),
    }
