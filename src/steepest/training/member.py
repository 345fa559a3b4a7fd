"""A member: one training run, named by everything that decides how it goes."""

from dataclasses import dataclass

from steepest.base.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Member:
    """One training run.

    Args:
        number: unique within a study.
        recipe: every knob's value.
        seed: decides initial weights, data order and dropout; members of one replicate share it.
        fold: index of the train / held-out division it uses.
    """

    number: int
    recipe: Recipe
    seed: int
    fold: int = 0
