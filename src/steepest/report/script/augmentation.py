"""What the script does to training batches: which kinds are on, and what of other files it takes for them."""

import math
from collections.abc import Callable

from steepest.base.augmentation import AugmentationKnobs
from steepest.base.recipe import KNOBS, Recipe
from steepest.report.script.excerpt import excerpt
from steepest.report.script.facts import ScriptFacts

MOVES = ("flip", "shift", "rotate", "scale")
IMAGE_KINDS = (*MOVES, "brightness", "contrast", "colour", "erase")
"""What `augment_some` chooses from."""
DENSE_KINDS = ("input_noise", "input_dropout", "mixup")
"""What happens to the batches of dense networks."""

_STEPS = {"shift": 2, "time_shift": 0, "time_mask": 0}
"""Kinds that go by whole pixels or steps, with the axes from the end that they move along."""
_TAKEN = {
    "brightness": ("brighten_",),
    "contrast": ("contrast_",),
    "colour": ("colour_",),
    "cutmix": ("cut", "cutmix_"),
    "erase": ("boxes", "erase_", "AREA", "ASPECT"),
    "time_shift": ("delay",),
    "magnitude": ("rescale_",),
    "time_mask": ("mask_",),
    "token_dropout": ("PADDING", "UNKNOWN"),
}
_UNIFORM = {*IMAGE_KINDS, "time_mask"}
_IN_SETTINGS = ("input_noise", "input_dropout", "mixup")
_LONGEST = 110


def kinds_on(facts: ScriptFacts, recipe: Recipe) -> list[str]:
    """The kinds of augmentation that do something, in the order in which they are declared."""
    dense = facts.network is None or (not facts.network.constructor and facts.network.own is None)
    return [
        kind
        for kind in AugmentationKnobs.model_fields
        if kind != "augment_some"
        and getattr(recipe, kind) > 0
        and (not dense or kind in DENSE_KINDS)
        and (kind not in _STEPS or any(whole_steps(facts, recipe, kind)))
        and not (kind == "colour" and facts.example[0] == 1)
    ]


def whole_steps(facts: ScriptFacts, recipe: Recipe, kind: str) -> tuple[int, ...]:
    """Most pixels down and right, or most steps, of a kind that goes by whole ones."""
    lengths = facts.example[-2:] if _STEPS[kind] else facts.example[:1]
    return tuple(math.floor(getattr(recipe, kind) * length + 1e-9) for length in lengths)


def augmentation_slots(facts: ScriptFacts, recipe: Recipe, known: frozenset[str]) -> dict[str, object]:
    """What the templates fill in of augmentation.

    Args:
        facts: of the script.
        recipe: with every knob off that does not apply.
        known: names that the script defines already.
    """
    kinds = kinds_on(facts, recipe)
    of_images = [kind for kind in IMAGE_KINDS if kind in kinds]
    some = recipe.augment_some if 0 < recipe.augment_some < len(of_images) else 0
    moves = [kind for kind in MOVES if kind in kinds]
    act = "move" if {"rotate", "scale"} & set(moves) else "slide"
    wanted = [name for kind in kinds for name in _TAKEN.get(kind, ())] + ["Moves", act] * bool(moves)
    mixes = bool({"mixup", "cutmix"} & set(kinds))
    return {
        "kinds": kinds, "augments": bool(kinds), "mixes": mixes,
        "augmentation_settings": [line for kind in kinds for line in _setting(facts, recipe, kind)],
        "augmentation_text": excerpt(facts.augmentation, wanted, known).text if wanted else "",
        "uniform": bool(_UNIFORM & set(kinds)), "moves": act if moves else "",
        "some": some, "some_kinds": _listed(of_images), "picked": _picker(bool(some)),
        "rows_read": bool(mixes or _UNIFORM & set(kinds) or {"time_shift", "magnitude"} & set(kinds)),
        "noisy_columns": "input_noise" in kinds and facts.form == "table",
    }  # fmt: skip


def _setting(facts: ScriptFacts, recipe: Recipe, kind: str) -> list[str]:
    """The constant of a kind, and what it means: beside it, or above it where that would be too long."""
    if kind in _IN_SETTINGS:
        return []
    value, meaning = getattr(recipe, kind), KNOBS[kind].meaning
    if kind in _STEPS:
        steps = whole_steps(facts, recipe, kind)
        value = steps if _STEPS[kind] else steps[0]
        meaning = meaning.replace("as a share of its side", "in pixels, down and right")
        meaning = meaning.replace("as a share of its steps", "in steps")
    elif KNOBS[kind].unit:
        meaning += f", in {KNOBS[kind].unit}"
    line = f"{kind.upper()} = {value}"
    beside = f"{line}  # {meaning}"
    return [beside] if len(beside) <= _LONGEST else [f"# {meaning}", line]


def _listed(names: list[str]) -> str:
    return "(" + ", ".join(f'"{name}"' for name in names) + ("," if len(names) == 1 else "") + ")"


def _picker(some: bool) -> Callable[..., str]:
    """How an expression is restricted to the rows that a kind is chosen for."""

    def picked(kind: str, plain: str, masked: str = "") -> str:
        return f'{masked or plain + " * chosen"}["{kind}"]' if some else plain

    return picked
