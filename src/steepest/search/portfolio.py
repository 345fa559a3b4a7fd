"""Recipes that are known to do well across tasks; a search tries them before anything of its own.

Sources: the five NAdamW points of AlgoPerf's self-tuning baseline (Kasimbeg et al. 2025, arXiv 2502.15015),
RealMLP's tuned defaults (Holzmüller et al. 2024, arXiv 2407.04491), TabM's MLP defaults (Gorishniy et al.
2024, arXiv 2410.24210), the SGD setting of He et al. 2016 (arXiv 1512.03385); rates moved to networks of this
size.
"""

from typing import Any

from steepest.base.knobs import Range
from steepest.base.recipe import Recipe
from steepest.search.space import Space

PORTFOLIO: tuple[dict[str, Any], ...] = (
    {"optimizer": "adamw", "lr": 2e-3, "schedule": "linear", "weight_decay": 1e-2},
    {"optimizer": "nadamw", "lr": 1.7e-3, "schedule": "cosine", "warmup": 0.05, "weight_decay": 0.1},
    {"optimizer": "nadamw", "lr": 5e-3, "schedule": "cosine", "warmup": 0.05, "weight_decay": 0.1},
    {"optimizer": "adamw", "lr": 4e-3, "schedule": "cosine", "activation": "mish", "width": 256,
     "dropout": 0.15, "label_smoothing": 0.1, "weight_decay": 2e-2, "batch_size": 256},
    {"optimizer": "adamw", "lr": 1e-3, "schedule": "constant", "width": 256, "depth": 3, "dropout": 0.1},
    {"optimizer": "nesterov", "lr": 0.1, "momentum": 0.9, "schedule": "cosine",
     "weight_decay": 0.0, "l2": 1e-4},
    {"optimizer": "adamw", "lr": 3e-3, "schedule": "linear", "activation": "gelu", "dropout": 0.2,
     "batch_size": 32},
    {"optimizer": "adam", "lr": 1e-3, "schedule": "linear", "weight_decay": 0.0, "l2": 1e-5,
     "activation": "silu"},
)  # fmt: skip

CONVOLUTIONAL: tuple[dict[str, Any], ...] = (
    {"optimizer": "adamw", "lr": 8e-3, "schedule": "linear", "warmup": 0.05, "batch_size": 128},
    {"optimizer": "nesterov", "lr": 0.05, "momentum": 0.9, "schedule": "cosine", "warmup": 0.05,
     "weight_decay": 0.0, "l2": 5e-4},
    {"optimizer": "adamw", "lr": 5e-3, "schedule": "cosine", "warmup": 0.05, "label_smoothing": 0.1,
     "weight_decay": 0.05},
    {"optimizer": "nadamw", "lr": 5e-3, "schedule": "linear", "warmup": 0.05, "activation": "gelu"},
    {"optimizer": "adamw", "lr": 5e-3, "schedule": "linear", "warmup": 0.05, "shift": 0.07},
    {"optimizer": "adamw", "lr": 5e-3, "schedule": "linear", "warmup": 0.05, "convolutions": 2},
)  # fmt: skip
"""Of convolutional networks: small changes of what trains well in a few epochs; He et al. 2016 for SGD."""

RECURRENT: tuple[dict[str, Any], ...] = (
    {"optimizer": "adamw", "lr": 1e-2, "schedule": "linear", "clip_norm": 1.0},
    {"optimizer": "adamw", "lr": 4e-3, "schedule": "cosine", "clip_norm": 1.0, "dropout": 0.1},
    {"optimizer": "nadamw", "lr": 6e-3, "schedule": "linear", "warmup": 0.02, "clip_norm": 1.0,
     "cell": "lstm"},
    {"optimizer": "adam", "lr": 3e-3, "schedule": "linear", "clip_norm": 1.0, "width": 128,
     "weight_decay": 0.0},
)  # fmt: skip
"""Of recurrent networks and transformers: rates around those of a few epochs, the gradient clipped."""

_OF_FAMILY = {"cnn": CONVOLUTIONAL, "rnn": RECURRENT, "transformer": RECURRENT}


def portfolio(space: Space) -> list[Recipe]:
    """The portfolio within a space: knobs that are not searched keep the base's value.

    Where the optimizer is fixed to another one, an entry's rate gives way to the centre of that one's range.
    """
    recipes = []
    for changes in _OF_FAMILY.get(space.base.network, PORTFOLIO):
        free = {name: value for name, value in changes.items() if name in space.names}
        values = {**space.base.dotted(), **free}
        rate = space.where("lr", values)
        if "lr" in free and values["optimizer"] != changes["optimizer"] and isinstance(rate, Range):
            values["lr"] = rate.middle
        recipes.append(space.tidy(values))
    return recipes
