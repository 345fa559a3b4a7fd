"""The knobs that keep a network from fitting noise, and those of the loss; they become fields of `Recipe`."""

from typing import Annotated, Literal

from pydantic import BaseModel

from steepest.base.knobs import Choice, Knob, Range

_NUMBERS = ("regression", "forecasting")
_LABELS = ("classification", "multilabel", "next-token")


class RegularisationKnobs(BaseModel):
    """Dropped units, decay, penalties, and what the loss counts."""

    dropout: Annotated[
        float,
        Knob(
            "probability of dropping a hidden unit",
            valid=(0.0, 0.95),
            search=Range(0.02, 0.5, off=0.0),
            when={"network": ("mlp", "cnn", "rnn", "transformer")},
            source="TabM's MLP space: off half of the time, else uniform to .5",
        ),
    ] = 0.0
    drop_path: Annotated[
        float,
        Knob(
            "probability of leaving a residual branch out of a training step, for each example by itself",
            valid=(0.0, 0.95),
            when={"network": ("mlp", "cnn", "transformer")},
            source="Huang et al. 2016 (arXiv 1603.09382)",
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
            tasks=("classification", "next-token"),
            source="RealMLP (arXiv 2407.04491)",
        ),
    ] = 0.0
    focal: Annotated[
        float,
        Knob(
            "γ of the focal loss: examples that are already right count (1 - p)^γ times as much; 0 is off",
            valid=(0.0, 10.0),
            tasks=_LABELS,
            source="Lin et al. 2017 (arXiv 1708.02002), eq. 4; 2 in the paper",
        ),
    ] = 0.0
    class_weights: Annotated[
        float,
        Knob(
            "how far rare classes count for more: an example weighs 1/(share of its class) to this power; "
            "0 is off, 1 gives every class the same say",
            valid=(0.0, 1.0),
            tasks=("classification", "multilabel"),
        ),
    ] = 0.0
    error: Annotated[
        Literal["squared", "absolute", "huber"],
        Knob(
            "how a wrong number counts; huber: squared up to one deviation of the target, absolute beyond",
            source="Huber 1964",
            search_by={("task", "forecasting"): Choice(("squared", "huber", "absolute"), (0.5, 0.25, 0.25))},
            tasks=_NUMBERS,
        ),
    ] = "squared"
