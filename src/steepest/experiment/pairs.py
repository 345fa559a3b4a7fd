"""Strategies that are often combined, and what is said of them together: the pairs that `conflicts` tries."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Switch:
    """A strategy that is off or on.

    Args:
        name: of the strategy.
        on: knobs with their values when it is on. "x4" means four times what the recipe has.
        off: the same when it is off; knobs that are not named are as the recipe has them.
    """

    name: str
    on: Mapping[str, Any]
    off: Mapping[str, Any] = field(default_factory=dict)

    @property
    def knobs(self) -> tuple[str, ...]:
        """The knobs it sets, on or off."""
        return tuple(dict.fromkeys((*self.off, *self.on)))

    @property
    def words(self) -> str:
        """What turning it on changes.

        Example:
            >>> Switch("batch norm", {"norm": "batch"}, {"norm": "none"}).words
            'norm=none → batch'
            >>> Switch("short training", {"epochs": "x0.33"}).words
            'epochs=×0.33'
        """
        return ", ".join(
            f"{knob}={_word(self.off[knob])} → {_word(value)}"
            if knob in self.off
            else f"{knob}={_word(value)}"
            for knob, value in self.on.items()
        )


@dataclass(frozen=True, slots=True)
class Combination:
    """Strategies to try with and without each other.

    Args:
        name: by which a user asks for it.
        switches: two or more.
        settings: other knobs that all its settings share.
        expected: what is said of them.
        source: who says so; "" where it is the user's own.
    """

    name: str
    switches: tuple[Switch, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)
    expected: str = ""
    source: str = ""


def _word(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace("x", "×", 1) if text[:1] == "x" and text[1:2].isdigit() else text


BATCH_NORM = Switch("batch norm", {"norm": "batch"}, {"norm": "none"})
SHORT = Switch("short training", {"epochs": "x0.33"})
FASTER = Switch("4-fold rate", {"lr": "x4"})

KNOWN: tuple[Combination, ...] = (
    Combination(
        "dropout-norm",
        (Switch("dropout", {"dropout": 0.3}, {"dropout": 0.0}), BATCH_NORM),
        expected="conflict: dropout before batch norm shifts the variance between training and use; wide "
        "layers suffer less",
        source="Li et al. 2018 (arXiv 1801.05134)",
    ),
    Combination(
        "mixup-smoothing",
        (
            Switch("mixup", {"mixup": 0.2}, {"mixup": 0.0}),
            Switch("label smoothing", {"label_smoothing": 0.1}, {"label_smoothing": 0.0}),
        ),
        expected="redundant: blended labels are smoothed labels already",
        source="Carratino et al. 2020 (arXiv 2006.06049)",
    ),
    Combination(
        "l2-adam",
        (
            Switch("L2 penalty", {"l2": 1e-3}, {"l2": 0.0}),
            Switch("Adam for momentum", {"optimizer": "adam"}, {"optimizer": "momentum"}),
        ),
        settings={"weight_decay": 0.0},
        expected="redundant or conflict: Adam divides the penalty's gradient by the size of the loss's, so "
        "that it does less than under momentum",
        source="Loshchilov & Hutter 2019 (arXiv 1711.05101)",
    ),
    Combination(
        "l2-decay",
        (
            Switch("L2 penalty", {"l2": 1e-3}, {"l2": 0.0}),
            Switch("decoupled decay", {"weight_decay": 0.1}, {"weight_decay": 0.0}),
        ),
        settings={"optimizer": "adamw"},
        expected="redundant: both pull weights to zero, within AdamW the decoupled one evenly",
        source="Loshchilov & Hutter 2019 (arXiv 1711.05101)",
    ),
    Combination(
        "augmentation-short",
        (
            Switch(
                "strong augmentation",
                {"shift": 0.12, "rotate": 15.0, "scale": 0.15, "erase": 0.25},
                {"shift": 0.0, "rotate": 0.0, "scale": 0.0, "erase": 0.0},
            ),
            SHORT,
        ),
        expected="conflict: what augmentation adds takes long training to learn",
        source="Wightman et al. 2021 (arXiv 2110.00476): weaker augmentation in shorter schedules",
    ),
    Combination(
        "averaging-short",
        (Switch("averaging", {"averaging": 0.99}, {"averaging": 0.0}), SHORT),
        expected="no interaction, or conflict where training is shorter than the average's memory: 100 steps",
        source="Izmailov et al. 2018 (arXiv 1803.05407) average the last quarter of training",
    ),
    Combination(
        "batch-rate",
        (Switch("4-fold batch", {"batch_size": "x4"}), FASTER),
        expected="synergy: a larger batch wants a higher rate, in proportion or as its root",
        source="Goyal et al. 2017 (arXiv 1706.02677); Malladi et al. 2022 (arXiv 2205.10287)",
    ),
    Combination(
        "selu-lecun",
        (
            Switch("SELU", {"activation": "selu"}, {"activation": "relu"}),
            Switch("LeCun's start", {"initialisation": "lecun_normal"}, {"initialisation": "he_normal"}),
        ),
        settings={"norm": "none"},
        expected="synergy: SELU keeps its activations normalised only if weights start with a variance of "
        "1/inputs",
        source="Klambauer et al. 2017 (arXiv 1706.02515)",
    ),
    Combination(
        "depth-residual",
        (
            Switch("8 layers", {"depth": 8}, {"depth": 2}),
            Switch("residual branches", {"residual": True}, {"residual": False}),
        ),
        expected="synergy: branches that are added to what they read let deep networks train",
        source="He et al. 2016 (arXiv 1512.03385)",
    ),
    Combination(
        "decay-norm-rate",
        (Switch("weight decay", {"weight_decay": 0.3}, {"weight_decay": 0.0}), BATCH_NORM, FASTER),
        expected="interactions: after a norm the scale of weights does not matter, so that decay acts on the "
        "effective rate alone",
        source="van Laarhoven 2017 (arXiv 1706.05350)",
    ),
    Combination(
        "norm-small-batch",
        (BATCH_NORM, Switch("an eighth of the batch", {"batch_size": "x0.125"})),
        expected="conflict: the mean and variance of few examples are noisy",
        source="Wu & He 2018 (arXiv 1803.08494)",
    ),
)
"""The cheap and the best known first: a budget leaves out from the end."""
