"""The network as the script makes it: text of other files, the call of its class, how its weights start."""

import ast
from typing import Any

from steepest.base.recipe import Recipe
from steepest.report.script.dense import dense_modules
from steepest.report.script.excerpt import excerpt
from steepest.report.script.facts import NetworkText, ScriptFacts
from steepest.report.script.naming import plain

_LONGEST = 110
TAKEN = (
    "Data", "read_data", "scaling_of", "inputs_of", "targets_of", "uniform", "chosen_kinds", "augmented",
    "weights_of", "make_optimizer", "rate_factor", "error_of", "loss_of", "train", "score", "main",
    "make_network", "initialise", "average_of", "importance_of_classes", "importance_of_labels",
)  # fmt: skip
"""Functions of the script itself; the user's, if it is called so, goes by another name."""
_POSITIONS = "PositionRMSNorm"


def network_slots(facts: ScriptFacts, network: NetworkText, recipe: Recipe) -> dict[str, object]:
    """What the templates fill in of the network."""
    made, own = network.constructor, network.own
    roots = [made.split("(")[0]] if made and own is None else []
    if own is not None and own.function in TAKEN:
        made = f"own_{made}"
    roots += [_POSITIONS] * any(_POSITIONS in layer for _, layer in network.replaced)
    body = excerpt(network.sources, roots)
    start = excerpt(network.sources, ["initialise"] * network.initialise, body.names)
    spared = literal(network.spared, 4) if network.spared else ""
    changed = network.lazy or network.replaced or network.dropout is not None
    return {
        "modules": [] if made else dense_modules(facts), "constructor": call_lines(made) if made else "",
        "network_text": body.text, "start_text": start.text, "names": body.names | start.names,
        "start_arguments": _start_arguments(recipe), "replaced": network.replaced, "dropout": network.dropout,
        "lazy": network.lazy, "changed": bool(changed),
        "batch_norm": network.batch_norm, "flat": "" if made or len(facts.example) == 1 else ".flatten(1)",
        "spared": spared,
        "spared_note": "positions" if network.spared == ("positions",) else "what is named here",
        "uses_gain": network.initialise, "uses_std": network.initialise and recipe.initialisation == "normal",
        "own_note": own_note(network),
    }  # fmt: skip


def call_lines(expression: str) -> str:
    """A call, one argument a line, as it stands after four spaces.

    Example:
        >>> print(call_lines("Net(inputs=3, cell='gru')"))
        Net(
                inputs=3,
                cell="gru",
            )
    """
    call = ast.parse(expression, mode="eval").body
    assert isinstance(call, ast.Call)
    lines = [f"{key.arg}={literal(ast.literal_eval(key.value), 8)}," for key in call.keywords]
    name = ast.unparse(call.func)
    return "\n".join([f"{name}(", *(f"        {line}" for line in lines), "    )"]) if lines else f"{name}()"


def literal(value: Any, indent: int) -> str:
    """A value as source text, its strings in double quotes, a long tuple or list on lines of its own."""
    if isinstance(value, str):
        text = repr(value)
        return text if '"' in text or text[1:-1].count("\\") else f'"{text[1:-1]}"'
    if not isinstance(value, tuple | list):
        return repr(value)
    opening, closing = ("(", ")") if isinstance(value, tuple) else ("[", "]")
    items = [literal(each, indent + 4) for each in value]
    one = ", ".join(items) + ("," if isinstance(value, tuple) and len(items) == 1 else "")
    if indent + len(one) + 30 <= _LONGEST:
        return f"{opening}{one}{closing}"
    inner = "".join(f"{' ' * (indent + 4)}{item},\n" for item in items)
    return f"{opening}\n{inner}{' ' * indent}{closing}"


def own_note(network: NetworkText | None) -> list[str]:
    """What the heading says of the user's own function."""
    if network is None or network.own is None:
        return []
    own = network.own
    if not own.module:
        return [
            "",
            f"The network is made by {own.function}: put it into a file mynetwork.py beside this one.",
        ]
    lines = ["", f"The network is made by {own.function}, imported from {own.module}, which must be found:"]
    if not own.folder:
        return [*lines[:1], lines[1].replace("which must be found:", "which must be installed.")]
    return [*lines, "", f"    PYTHONPATH='{plain(own.folder, 1000)}' python train.py"]


def own_import(network: NetworkText) -> list[str]:
    """The source line that imports the user's function."""
    if network.own is None:
        return []
    function = network.own.function
    alias = f" as own_{function}" if function in TAKEN else ""
    return [f"from {network.own.module or 'mynetwork'} import {function}{alias}"]


def _start_arguments(recipe: Recipe) -> str:
    std = ", std=INIT_STD" if recipe.initialisation == "normal" else ""
    zero = ", zero_init=True" if recipe.zero_init else ""
    return f'"{recipe.initialisation}", GAIN{std}{zero}'
