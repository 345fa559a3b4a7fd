"""The knobs of augmentation, what a training batch becomes; they become fields of `Recipe`.

They change training batches alone, never what is scored. Strengths are per member, so none splits a stack.
"""

from typing import Annotated

from pydantic import BaseModel

from steepest.base.knobs import Choice, Knob, Range

_IMAGE, _STEPS = ("image",), ("series",)


class AugmentationKnobs(BaseModel):
    """How strongly training examples are changed. 0 turns each kind off."""

    input_noise: Annotated[
        float,
        Knob(
            "standard deviation of the Gaussian noise on standardised numbers while training",
            "deviations",
            valid=(0.0, 10.0),
            forms=("table", "image", "series"),
        ),
    ] = 0.0
    input_dropout: Annotated[
        float,
        Knob(
            "probability of replacing an input by 0, its training mean, while training",
            valid=(0.0, 0.95),
            forms=("table", "image", "series"),
        ),
    ] = 0.0
    mixup: Annotated[
        float,
        Knob(
            "α of the Beta distribution by which training rows are blended in pairs",
            valid=(0.0, 100.0),
            forms=("table", "image", "series"),
            source="Zhang et al. 2018 (arXiv 1710.09412): .1 to .4 on ImageNet, 1 on CIFAR",
        ),
    ] = 0.0
    cutmix: Annotated[
        float,
        Knob(
            "α of the Beta distribution by which a rectangle of each image is replaced by its partner's",
            valid=(0.0, 100.0),
            forms=_IMAGE,
            source="Yun et al. 2019 (arXiv 1905.04899): 1",
        ),
    ] = 0.0
    flip: Annotated[
        float,
        Knob(
            "probability of a mirror image, left to right",
            valid=(0.0, 1.0),
            search=Choice((0.0, 0.5), (0.3, 0.7)),
            forms=_IMAGE,
        ),
    ] = 0.0
    shift: Annotated[
        float,
        Knob(
            "largest shift of an image in each direction, as a share of its side; what leaves is cropped",
            valid=(0.0, 0.5),
            search=Range(0.03, 0.15, off=0.0),
            forms=_IMAGE,
        ),
    ] = 0.0
    rotate: Annotated[
        float, Knob("largest rotation of an image", "degrees", valid=(0.0, 180.0), forms=_IMAGE)
    ] = 0.0
    scale: Annotated[
        float,
        Knob("largest change of an image's size, as a share of it", valid=(0.0, 0.9), forms=_IMAGE),
    ] = 0.0
    brightness: Annotated[
        float,
        Knob("largest change of an image's brightness", "deviations", valid=(0.0, 3.0), forms=_IMAGE),
    ] = 0.0
    contrast: Annotated[
        float,
        Knob("largest change of an image's contrast, as a share of it", valid=(0.0, 1.0), forms=_IMAGE),
    ] = 0.0
    colour: Annotated[
        float,
        Knob("largest change of an image's saturation, as a share of it", valid=(0.0, 1.0), forms=_IMAGE),
    ] = 0.0
    erase: Annotated[
        float,
        Knob(
            "probability of erasing a rectangle of 2 to 33 % of an image",
            valid=(0.0, 1.0),
            forms=_IMAGE,
            source="Zhong et al. 2017 (arXiv 1708.04896)",
        ),
    ] = 0.0
    augment_some: Annotated[
        int,
        Knob(
            "for each image choose so many of the kinds above that are on, at random; 0 applies them all",
            valid=(0, 8),
            forms=_IMAGE,
            source="RandAugment without its magnitudes, Cubuk et al. 2019 (arXiv 1909.13719)",
        ),
    ] = 0
    magnitude: Annotated[
        float,
        Knob(
            "deviation of the random factor, around 1, that each series is multiplied by",
            valid=(0.0, 2.0),
            forms=_STEPS,
            source="Um et al. 2017 (arXiv 1706.00527)",
        ),
    ] = 0.0
    time_mask: Annotated[
        float,
        Knob(
            "longest stretch of a series that is replaced by its mean, as a share of its steps",
            valid=(0.0, 0.95),
            forms=_STEPS,
            source="SpecAugment, Park et al. 2019 (arXiv 1904.08779)",
        ),
    ] = 0.0
    time_shift: Annotated[
        float,
        Knob(
            "largest shift of a series in time, as a share of its steps; ends repeat the nearest step",
            valid=(0.0, 0.95),
            forms=_STEPS,
        ),
    ] = 0.0
    token_dropout: Annotated[
        float,
        Knob(
            "probability of replacing a token by the one for unknown",
            valid=(0.0, 0.95),
            search=Range(0.02, 0.3, off=0.0),
            forms=("text",),
            tasks=("classification", "regression", "multilabel"),
        ),
    ] = 0.0
