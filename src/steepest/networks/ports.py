"""What a network must read and write: the plug that data and every architecture fit."""

import math
from dataclasses import dataclass, replace
from typing import Literal

Form = Literal["table", "image", "series", "text"]


@dataclass(frozen=True, slots=True)
class Ports:
    """The two ends of a network.

    Args:
        form: "table" (reads float [B, D]), "image" ([B, channels, height, width], a depth before the height
            for volumes), "series" ([B, steps, features]) or "text" (int64 tokens [B, steps]).
        shape: of one example, without the batch.
        outputs: numbers written: one per class, label or step ahead, or a single one.
        tokens: different tokens of a text; 0 elsewhere.
        each: whether `outputs` are written at every step, [B, steps, outputs], instead of once, [B, outputs].
            What is written at a step must not depend on later steps.
        codes: (input, codes) of the inputs of a table that hold a category's code, 0 … codes − 1, and have
            to be embedded.
        numbers: inputs of a table that hold numbers, which may be read in bins too.

    Example:
        >>> Ports.table(64, 10).inputs, Ports("image", (3, 32, 32), 10).inputs
        (64, 3072)
    """

    form: Form
    shape: tuple[int, ...]
    outputs: int
    tokens: int = 0
    each: bool = False
    codes: tuple[tuple[int, int], ...] = ()
    numbers: tuple[int, ...] = ()

    @classmethod
    def table(cls, inputs: int, outputs: int) -> "Ports":
        """Of a table of numbers."""
        return cls("table", (inputs,), outputs)

    @property
    def inputs(self) -> int:
        """Numbers in one example."""
        return math.prod(self.shape)

    def binned(self, bins: int) -> "Ports":
        """The same where numbers are read in so many bins besides: they follow the other inputs.

        Example:
            >>> Ports("table", (6,), 2, numbers=(0, 4)).binned(8).shape
            (22,)
        """
        if not bins or not self.numbers:
            return self
        return replace(self, shape=(self.inputs + bins * len(self.numbers),))
