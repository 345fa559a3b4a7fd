"""The knobs of the update: rule, rate, schedule, batch; they become fields of `Recipe`.

Ranges: AlgoPerf's tuning spaces (arXiv 2502.15015) and the Deep Learning Tuning Playbook, narrowed to
networks that train in minutes.
"""

from typing import Annotated, Literal

from pydantic import BaseModel

from steepest.base.knobs import Choice, Knob, Range

Optimizer = Literal["gd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadamw"]
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


class OptimizationKnobs(BaseModel):
    """How weights move."""

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
    clip_norm: Annotated[
        float,
        Knob(
            "largest gradient norm of the whole network; 0 is off",
            valid=(0.0, 1e9),
            search=Choice((0.0, 1.0), (0.6, 0.4)),
        ),
    ] = 0.0
    averaging: Annotated[
        float,
        Knob(
            "decay per step of an exponential mean of the weights, which is what is scored and kept; "
            "0 is off",
            "per step",
            valid=(0.0, 0.999999),
            source="a ← a + (1 - d)/(1 - dᵗ)·(θ - a) after step t: Kingma & Ba 2015 (arXiv 1412.6980), "
            "section 7.2",
        ),
    ] = 0.0
    batch_size: Annotated[
        int,
        Knob(
            "examples in one step",
            "examples",
            valid=(1, 1_000_000),
            search=Choice((32, 64, 128, 256)),
            search_by={("task", "next-token"): Choice((8, 16, 32, 64))},
            splits_stack=True,
        ),
    ] = 64
    epochs: Annotated[
        int | float,
        Knob(
            "passes over the training rows; a fraction is met where rows are many, else rounded",
            "epochs",
            valid=(1e-3, 100_000),
        ),
    ] = 27
