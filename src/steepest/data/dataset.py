"""A data set: one matrix of examples, one target, and what every input became. Frozen, torch-free."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.int64]
Inputs: TypeAlias = NDArray[np.float32] | NDArray[np.uint8] | NDArray[np.int32]
Task = Literal["classification", "regression", "multilabel", "forecasting", "next-token"]
Form = Literal["table", "image", "series", "text"]
Kind = Literal["number", "boolean", "date", "category", "code", "left out"]
TASKS: tuple[Task, ...] = ("classification", "regression", "multilabel", "forecasting", "next-token")
FORMS: tuple[Form, ...] = ("table", "image", "series", "text")
CODED: tuple[Task, ...] = ("classification", "next-token")
"""Tasks whose targets are class codes."""

_BLOCK = 4096
"""Rows that are copied at a time."""


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of the source became; enough to encode the same column of another table.

    Args:
        name: its name, or its place (from 0) where the source has no names.
        kind: "number"; "boolean" (0 or 1); "date" (days since 1970-01-01, and its parts); "category" (one
            input per value); "code" (too many values for that: one input holds the value's code, 0 for any
            other or none, and the network embeds it); "left out".
        note: why it is left out ("it never changes"), or what was repaired ("has 2 infinite values, taken
            as missing").
        values: a category's values, most frequent first; the words for 0 and 1 of a boolean; how a number or
            a date is written ("decimal commas", "day/month/year"), where not plainly; the value of a column
            that never changes.
        other: rarer values share one more input.
        gaps: some cells are missing: one more input says where.
        parts: cycles of a date ("weekday"), each a sine and a cosine.

    Example:
        >>> Column("colour", "category", values=("red", "blue"), gaps=True).inputs
        ('colour=red', 'colour=blue', 'colour is missing')
    """

    name: str
    kind: Kind
    note: str = ""
    values: tuple[str, ...] = ()
    other: bool = False
    gaps: bool = False
    parts: tuple[str, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the network inputs this column fills, in order."""
        if self.kind == "left out":
            return ()
        gap = (f"{self.name} is missing",) if self.gaps else ()
        if self.kind == "code":
            return (self.name,)
        if self.kind != "category":
            waves = (
                f"{self.name}: {wave} of the {part}" for part in self.parts for wave in ("sine", "cosine")
            )
            return (self.name, *waves, *gap)
        rest = (f"{self.name}=other",) if self.other else ()
        return (*(f"{self.name}={value}" for value in self.values), *rest, *gap)

    @property
    def scaled(self) -> tuple[bool, ...]:
        """Which of its inputs standardisation scales: numbers and dates, not zeros and ones."""
        return tuple(place == 0 and self.kind in ("number", "date") for place in range(len(self.inputs)))


@dataclass(frozen=True, eq=False, slots=True)
class DataSet:
    """Examples ready to be split and standardised.

    Args:
        name: what to call it.
        task: "classification" or "regression"; "multilabel" (any number of labels at once); "forecasting"
            (the next H values of a series); "next-token" (the token after each position).
        target: name of the target column.
        classes: labels by code, numbers in order, else alphabetical; () for numbers.
        x: [N, D], not yet standardised: float32 (NaN where a number is missing), uint8 pixels, or int32
            tokens. May be a memory map.
        y: int64 [N] class codes; float64 [N] numbers; float64 [N, H] numbers of H steps; float64 [N, C] of
            zeros and ones, one per label; int64 [N, T] tokens.
        feature_names: names of the D inputs of a table, else ().
        scaled: bool [D] for a table: True where standardisation scales; else empty.
        columns: the source's columns, the target excepted.
        test_rows: int64 row numbers the source itself sets aside for the test, or None.
        notes: every decision and repair, one sentence each.
        groups: int64 [N]: rows of one number stay on one side of every split. By default rows that are
            equal in all inputs share a number; readers lift this where over half the rows repeat another.
        fingerprint: digest of content: equal data has an equal fingerprint, whatever it is called.
        form: "table", "image", "series" or "text".
        shape: of one example: (D,) for a table; (channels, height, width) of an image, with a depth before
            the height for a volume; (steps, features) of a series; (tokens,) of a text.
        vocabulary: what each token code stands for; () unless the form is "text".
        moments: int64 [N]: when each example's target begins, counted in steps; None where rows have no order
            in time. Splits then never train on what comes after, or overlaps, what they hold out.
        reach: steps an example's target covers, from its moment on.
        naive: float64, the shape of y: a forecast that repeats what was a season ago, or None.
        naive_name: what `naive` is: "the value 365 days before".
        oriented: False where a mirror image keeps its label, so that flips may augment.

    Example:
        >>> data = DataSet(
        ...     name="toy", task="regression", target="y", classes=(),
        ...     x=np.zeros((3, 1), np.float32), y=np.arange(3.0),
        ...     feature_names=("a",), scaled=np.array([True]), columns=(Column("a", "number"),),
        ...     test_rows=None, notes=(),
        ... )
        >>> data.groups.tolist(), data.outputs, data.shape
        ([0, 0, 0], 1, (1,))
    """

    name: str
    task: Task
    target: str
    classes: tuple[str, ...]
    x: Inputs
    y: NDArray[np.int64] | NDArray[np.float64]
    feature_names: tuple[str, ...] = ()
    scaled: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_))
    columns: tuple[Column, ...] = ()
    test_rows: Rows | None = None
    notes: tuple[str, ...] = ()
    groups: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    fingerprint: str = ""
    form: Form = "table"
    shape: tuple[int, ...] = ()
    vocabulary: tuple[str, ...] = ()
    moments: Rows | None = None
    reach: int = 1
    naive: NDArray[np.float64] | None = None
    naive_name: str = ""
    oriented: bool = True

    def __post_init__(self) -> None:
        if not self.shape:
            object.__setattr__(self, "shape", (self.x.shape[1],))
        if not len(self.groups):
            object.__setattr__(self, "groups", equal_rows(self.x))
        if not self.fingerprint:
            object.__setattr__(self, "fingerprint", _fingerprint(self))

    @property
    def rows(self) -> int:
        """N, the number of rows."""
        return len(self.x)

    @property
    def outputs(self) -> int:
        """Outputs a network needs: one per class, per label or per step ahead, or one number."""
        if self.classes:
            return len(self.classes)
        return self.y.shape[1] if self.y.ndim == 2 else 1

    @property
    def numbers(self) -> tuple[int, ...]:
        """Places of a table's inputs that hold numbers."""
        return tuple(np.flatnonzero(self.scaled).tolist()) if self.form == "table" else ()

    @property
    def cardinalities(self) -> tuple[tuple[int, int], ...]:
        """(input, codes) of every column of a table that a network has to embed."""
        if self.form != "table":
            return ()
        starts = np.cumsum([0, *(len(column.inputs) for column in self.columns)]).tolist()
        return tuple(
            (start, len(column.values) + 1)
            for start, column in zip(starts, self.columns, strict=False)
            if column.kind == "code"
        )

    @property
    def summary(self) -> str:
        """The data set in one line.

        Example: "adult: classification of '14' (<=50K 75.9%, >50K 24.1%), 32,561 rows, 108 inputs".
        """
        shares = ""
        if self.task == "classification":
            counts = np.bincount(self.y.astype(np.int64), minlength=len(self.classes)) / self.rows
            shown = [f"{label} {share:.1%}" for label, share in zip(self.classes, counts, strict=True)]
            shares = f" ({', '.join(shown[:4])}{f', … {len(shown)} classes' if len(shown) > 4 else ''})"
        kinds = Counter(column.kind for column in self.columns)
        left_out = f", columns left out: {kinds['left out']}" if kinds["left out"] else ""
        what = (
            "prediction of the next token" if self.task == "next-token" else f"{self.task} of {self.target!r}"
        )
        return f"{self.name}: {what}{shares}, {self._size}{left_out}"

    @property
    def _size(self) -> str:
        sides = "×".join(map(str, self.shape))
        match self.form:
            case "image":
                return f"{self.rows:,} images of {sides}"
            case "series":
                return f"{self.rows:,} windows of {self.shape[0]} steps, {self.shape[1]} inputs a step"
            case "text":
                return f"{self.rows:,} texts of {sides} tokens, {len(self.vocabulary):,} different ones"
            case _:
                return f"{self.rows:,} rows, {sides} input{'s' if self.shape[0] > 1 else ''}"


def equal_rows(x: Inputs) -> Rows:
    """Number rows so that two rows get the same number exactly if they are equal in every input.

    NaN equals NaN and −0 equals 0. The comparison is by a 128-bit digest of each row.

    Args:
        x: [N, D].

    Returns:
        int64 [N]; numbers count up in order of first appearance.

    Example:
        >>> equal_rows(np.array([[1, 2], [3, 4], [1, 2]], np.float32)).tolist()
        [0, 1, 0]
    """
    seen: dict[bytes, int] = {}
    numbers = np.empty(len(x), np.int64)
    for start in range(0, len(x), _BLOCK):
        for place, row in enumerate(_canonical(x[start : start + _BLOCK]), start):
            digest = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
            numbers[place] = seen.setdefault(digest, len(seen))
    return numbers


def _canonical(x: NDArray[Any]) -> NDArray[Any]:
    """A copy in which equal values have equal bytes, little-endian on any machine."""
    if x.dtype.kind != "f":
        return np.ascontiguousarray(x, dtype=x.dtype.newbyteorder("<"))
    plain = np.where(np.isnan(x), np.float32(np.nan), x) + np.float32(0.0)
    return np.ascontiguousarray(plain, dtype="<f4")


def _fingerprint(data: DataSet) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((data.task, data.target, data.classes, data.feature_names, data.x.shape)).encode())
    if data.form != "table":
        digest.update(repr((data.form, data.shape, data.vocabulary, data.reach)).encode())
    for start in range(0, len(data.x), _BLOCK):  # in blocks: it may be a map of something larger than memory
        digest.update(_canonical(data.x[start : start + _BLOCK]).tobytes())
    digest.update(data.y.astype("<i8" if data.task in CODED else "<f8").tobytes())
    if data.test_rows is not None:
        digest.update(data.test_rows.astype("<i8").tobytes())
    return digest.hexdigest()
