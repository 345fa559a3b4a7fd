"""Encode rows that come after training as the training rows were: the same inputs, in the same order."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from steepest.base.errors import BadData, BadInput, closest
from steepest.data.columns import Cells, Tidied
from steepest.data.dataset import Column, DataSet, Floats
from steepest.data.encode import encode, places_of
from steepest.data.fitting import Fitted, as_booleans, as_dates, as_numbers, as_texts
from steepest.data.naming import listed, refuse_equal_names

_FORMS = {"number": "number", "boolean": "boolean", "date": "date", "category": "text", "code": "text"}
_NEEDS = {"number": "must hold numbers", "boolean": "must hold yes or no", "date": "must hold dates"}


@dataclass(frozen=True, slots=True)
class Encoder:
    """What the columns of a table became in training, which is all that is needed to encode other rows.

    Args:
        columns: the source's columns, the target excepted, in order.
        target: name of the target column.
        marks_last: the marks of missing cells follow all other inputs, as with arrays; otherwise they follow
            their column's own.

    Example:
        >>> from steepest.data.read import read
        >>> frame = pd.DataFrame({"size": [1.5, 2.0] * 10, "town": ["Ede", "Urk"] * 10, "ill": [0, 1] * 10})
        >>> encoder = Encoder.of(read(frame, "ill"))
        >>> encoder.encode(pd.DataFrame({"town": ["Urk", "Goes"], "size": ["3", "?"]})).tolist()
        [[3.0, 0.0, 1.0], [nan, 0.0, 0.0]]
    """

    columns: tuple[Column, ...]
    target: str
    marks_last: bool = False

    @classmethod
    def of(cls, data: DataSet) -> "Encoder":
        """The encoder of a data set's columns.

        Raises:
            BadInput: data without columns, such as images read from files.
        """
        inputs = tuple(each for column in data.columns for each in column.inputs)
        if not data.columns or data.moments is not None or len(inputs) != data.x.shape[1]:
            remedy = "Give the network arrays of the shape it was trained on."
            raise BadInput("data", "must be a table with columns", f"{data.form} {data.name}", remedy)
        return cls(data.columns, data.target, data.feature_names != inputs)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Encoder":
        """The encoder that `to_json` wrote.

        Raises:
            BadInput: something is not there.
        """
        try:
            columns = tuple(
                Column(**{**each, "values": tuple(each["values"]), "parts": tuple(each["parts"])})
                for each in document["columns"]
            )
            return cls(columns, str(document["target"]), bool(document["marks_last"]))
        except (KeyError, TypeError) as error:
            remedy = "Take the document that steepest wrote, unchanged."
            raise BadInput("columns", "must be the record of an encoder", str(error), remedy) from None

    def to_json(self) -> dict[str, Any]:
        """Plain lists, texts and numbers; `from_json` is the inverse.

        Example:
            >>> encoder = Encoder((Column("a", "number"),), "y")
            >>> Encoder.from_json(encoder.to_json()) == encoder
            True
        """
        columns = [dataclasses.asdict(column) for column in self.columns]
        columns = [{**each, "values": list(each["values"]), "parts": list(each["parts"])} for each in columns]
        return {"columns": columns, "target": self.target, "marks_last": self.marks_last}

    def encode(self, source: object, where: str = "the table") -> Floats:
        """The inputs of other rows, float32 [N, D]; see `encode_and_say`."""
        return self.encode_and_say(source, where)[0]

    def encode_and_say(self, source: object, where: str = "the table") -> tuple[Floats, tuple[str, ...]]:
        """The inputs of other rows, and what is to be said of them.

        Args:
            source: a data frame (or what has `to_pandas()`) with the columns of training in any order, or a
                matrix [N, …] with one number per column, in order. The target and columns that were left out
                in training may be there or not; any others are passed over.
            where: the source, for errors.

        Returns:
            float32 [N, D], NaN where a number is missing, and one sentence per decision: columns passed over,
            values that have no input of their own, cells missing where training had them all.

        Raises:
            BadData: columns that are not there; a word where numbers were, with its row.
        """
        frame = source.to_pandas() if hasattr(source, "to_pandas") else source
        if not isinstance(frame, pd.DataFrame):
            frame = self._framed(frame, where)
        found, notes = self._found(frame, where)
        tidied = [self._tidied(column, found[column.name], len(frame), where) for column in self.columns]
        for column, cells in zip(self.columns, tidied, strict=True):
            notes += _say(column, cells)
        x = encode(self.columns, tidied)
        return (x[:, self._marks_last()] if self.marks_last else x), tuple(notes)

    def _marks_last(self) -> list[int]:
        """Places of the inputs, all marks of missing cells moved to the end."""
        marks = [place == len(column.inputs) - 1 and column.gaps
                 for column in self.columns for place in range(len(column.inputs))]  # fmt: skip
        return sorted(range(len(marks)), key=marks.__getitem__)

    def _framed(self, source: object, where: str) -> pd.DataFrame:
        matrix = np.asarray(source)
        matrix = matrix.reshape(len(matrix), -1) if matrix.ndim > 2 else matrix
        if matrix.ndim != 2 or matrix.shape[1] != len(self.columns):
            need = f"must have {len(self.columns)} columns, as in training"
            names = ", ".join(column.name for column in self.columns[:8])
            remedy = (
                f"They are {names}{', …' if len(self.columns) > 8 else ''}. For one row: x.reshape(1, -1)."
            )
            raise BadData(where, need, f"shape {np.shape(matrix)}", remedy)
        return pd.DataFrame(matrix, columns=[column.name for column in self.columns])

    def _found(self, frame: pd.DataFrame, where: str) -> tuple[dict[str, "Cells | None"], list[str]]:
        """Each column's cells by name, None for those left out, and a note on columns passed over."""
        names = self._renamed([str(column) for column in frame.columns])
        refuse_equal_names(names, where)
        at = {name: place for place, name in enumerate(names)}
        needed = [column.name for column in self.columns if column.kind != "left out"]
        gone = [name for name in needed if name not in at]
        if gone:
            raise BadData(
                where, "must have the columns of training", f"no {listed(gone)}", closest(gone[0], names)
            )
        known = {column.name for column in self.columns} | {self.target}
        extra = [name for name in names if name not in known]
        notes = [f"Columns that training did not have, passed over: {listed(extra)}."] if extra else []
        return {
            column.name: frame.iloc[:, at[column.name]] if column.kind != "left out" else None
            for column in self.columns
        }, notes

    def _renamed(self, names: list[str]) -> list[str]:
        """Numbered columns without the target's are numbered on past it, as in training."""
        own = [column.name for column in self.columns]
        numbered = sorted([*own, self.target]) == sorted(map(str, range(len(own) + 1)))
        return own if numbered and names == [str(place) for place in range(len(own))] else names

    def _tidied(self, column: Column, cells: "Cells | None", rows: int, where: str) -> Tidied:
        if cells is None:
            return Tidied(pd.Series(np.full(rows, np.nan)), "nested")
        cells = cells.reset_index(drop=True)
        fitted = _read(column, cells)
        need = _NEEDS.get(column.kind, "must hold one value per cell")
        remedy = "Correct the cell, or leave it empty where the value is not known."
        fitted.check(cells, f"column {column.name!r} of {where}", f"{need}, as in training", remedy)
        return Tidied(fitted.cells, _FORMS[column.kind])


def _read(column: Column, cells: Cells) -> Fitted:
    written = column.values[0] if column.values else ""
    if column.kind == "number":
        return as_numbers(cells, written)
    if column.kind == "boolean":
        return as_booleans(cells, column.values)
    if column.kind == "date":
        return as_dates(cells, written)
    return _unquoted(column.values, as_texts(cells))


def _unquoted(values: Sequence[str], fitted: Fitted) -> Fitted:
    """Drop single quotes around a value that training knows without."""
    known = set(values)
    quoted = {text: text.strip("'").strip() for text in pd.unique(fitted.cells.dropna()) if text not in known}
    quoted = {text: plain for text, plain in quoted.items() if plain in known}
    return dataclasses.replace(fitted, cells=fitted.cells.replace(quoted)) if quoted else fitted


def _say(column: Column, cells: Tidied) -> list[str]:
    if column.kind == "left out":
        return []
    missing = int(cells.cells.isna().sum())
    notes = []
    if column.kind in ("category", "code"):
        new = cells.cells[(places_of(column.values, cells.cells) < 0) & cells.cells.notna().to_numpy()]
        if len(new):
            taken = "any other value" if column.other or column.kind == "code" else "none"
            found = f"({new.iloc[0]!r}), taken as {taken}: {len(new):,}."
            notes.append(f"Cells of {column.name!r} whose value has no input of its own {found}")
    elif missing and not column.gaps:
        filled = f"filled with the training mean: {missing:,}."
        notes.append(f"Missing cells of {column.name!r}, of which training had none, {filled}")
    return notes
