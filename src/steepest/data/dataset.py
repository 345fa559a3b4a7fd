"""A data set: one float matrix, one target, and what every column became. Frozen, torch-free."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Rows: TypeAlias = NDArray[np.int64]
Task = Literal["classification", "regression"]
Kind = Literal["number", "boolean", "date", "category", "left out"]
TASKS: tuple[Task, ...] = ("classification", "regression")


@dataclass(frozen=True, slots=True)
class Column:
    """What one column of the source became; enough to encode the same column of another table.

    Args:
        name: its name, or its place (from 0) where the source has no names.
        kind: "number"; "boolean" (0 or 1); "date" (days since 1970-01-01); "category" (one input per
            value); "left out".
        note: why it is left out ("it never changes"), or what was repaired ("has 2 infinite values, taken
            as missing").
        values: a category's values, most frequent first.
        other: rarer values share one more input.
        gaps: some cells are missing: one more input says where.

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

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the network inputs this column fills, in order."""
        if self.kind == "left out":
            return ()
        gap = (f"{self.name} is missing",) if self.gaps else ()
        if self.kind != "category":
            return (self.name, *gap)
        rest = (f"{self.name}=other",) if self.other else ()
        return (*(f"{self.name}={value}" for value in self.values), *rest, *gap)

    @property
    def scaled(self) -> tuple[bool, ...]:
        """Which of its inputs standardisation scales: numbers and dates, not zeros and ones."""
        return tuple(place == 0 and self.kind in ("number", "date") for place in range(len(self.inputs)))


@dataclass(frozen=True, eq=False, slots=True)
class DataSet:
    """A table ready to be split and standardised.

    Args:
        name: what to call it.
        task: "classification" or "regression".
        target: name of the target column.
        classes: labels by code, numbers in order, else alphabetical; () for regression.
        x: float32 [N, D], not yet standardised; NaN where a number is missing.
        y: int64 [N] class codes, or float64 [N].
        feature_names: names of the D inputs.
        scaled: bool [D]: True where standardisation scales.
        columns: the source's columns, the target excepted.
        test_rows: int64 row numbers the source itself sets aside for the test, or None.
        notes: every decision and repair, one sentence each.
        groups: int64 [N]: rows of one number stay on one side of every split. By default rows that are
            equal in all inputs share a number; readers lift this where over half the rows repeat another.
        fingerprint: digest of content: equal data has an equal fingerprint, whatever it is called.

    Example:
        >>> data = DataSet(
        ...     name="toy", task="regression", target="y", classes=(),
        ...     x=np.zeros((3, 1), np.float32), y=np.arange(3.0),
        ...     feature_names=("a",), scaled=np.array([True]), columns=(Column("a", "number"),),
        ...     test_rows=None, notes=(),
        ... )
        >>> data.groups.tolist(), data.outputs
        ([0, 0, 0], 1)
    """

    name: str
    task: Task
    target: str
    classes: tuple[str, ...]
    x: Floats
    y: NDArray[np.int64] | NDArray[np.float64]
    feature_names: tuple[str, ...]
    scaled: NDArray[np.bool_]
    columns: tuple[Column, ...]
    test_rows: Rows | None
    notes: tuple[str, ...]
    groups: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    fingerprint: str = ""

    def __post_init__(self) -> None:
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
        """Outputs a network needs: one per class, or one number."""
        return len(self.classes) or 1

    @property
    def summary(self) -> str:
        """The data set in one line.

        Example: "adult: classification of '14' (<=50K 75.9%, >50K 24.1%), 32,561 rows, 108 inputs".
        """
        what = "regression of" if self.task == "regression" else "classification of"
        shares = ""
        if self.task == "classification":
            counts = np.bincount(self.y, minlength=len(self.classes)) / self.rows
            shown = [f"{label} {share:.1%}" for label, share in zip(self.classes, counts, strict=True)]
            shares = f" ({', '.join(shown[:4])}{f', … {len(shown)} classes' if len(shown) > 4 else ''})"
        kinds = Counter(column.kind for column in self.columns)
        left_out = f", columns left out: {kinds['left out']}" if kinds["left out"] else ""
        inputs = f"{len(self.feature_names):,} input{'s' if len(self.feature_names) > 1 else ''}"
        size = f"{self.rows:,} rows, {inputs}"
        return f"{self.name}: {what} {self.target!r}{shares}, {size}{left_out}"


def equal_rows(x: Floats) -> Rows:
    """Number rows so that two rows get the same number exactly if they are equal in every input.

    NaN equals NaN and −0 equals 0. The comparison is by a 128-bit digest of each row.

    Args:
        x: float32 [N, D].

    Returns:
        int64 [N]; numbers count up in order of first appearance.

    Example:
        >>> equal_rows(np.array([[1, 2], [3, 4], [1, 2]], np.float32)).tolist()
        [0, 1, 0]
    """
    seen: dict[bytes, int] = {}
    numbers = np.empty(len(x), np.int64)
    for place, row in enumerate(_canonical(x)):
        digest = hashlib.blake2b(row.tobytes(), digest_size=16).digest()
        numbers[place] = seen.setdefault(digest, len(seen))
    return numbers


def _canonical(x: Floats) -> Floats:
    """A copy in which equal values have equal bytes, little-endian on any machine."""
    plain = np.where(np.isnan(x), np.float32(np.nan), x) + np.float32(0.0)
    return np.ascontiguousarray(plain, dtype="<f4")


def _fingerprint(data: DataSet) -> str:
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr((data.task, data.target, data.classes, data.feature_names, data.x.shape)).encode())
    digest.update(_canonical(data.x).tobytes())
    digest.update(data.y.astype("<i8" if data.task == "classification" else "<f8").tobytes())
    if data.test_rows is not None:
        digest.update(data.test_rows.astype("<i8").tobytes())
    return digest.hexdigest()
