"""Every way a table can be wrong, in one list: what is given, and what the message must say."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from steepest.base.errors import BadInput
from steepest.data.read import read

ROWS = 30
Source = Callable[[Path], Any]


def frame(**columns: Any) -> pd.DataFrame:
    """A good table, then what is wrong with it."""
    good = {"size": np.linspace(0, 1, ROWS), "ill": ["yes", "no"] * (ROWS // 2)}
    return pd.DataFrame({**good, **columns})


def text(content: str | bytes, name: str = "bad.csv") -> Source:
    def write(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def lines(*, change: dict[int, str] | None = None, header: str = "a,b,ill") -> str:
    rows = [header] + [f"{n / 7:.3f},{n % 5 + 0.5},{'yn'[n % 2]}" for n in range(ROWS)]
    for place, line in (change or {}).items():
        rows[place] = line
    return "\n".join(rows) + "\n"


def archive(**arrays: Any) -> Source:
    def write(folder: Path) -> Path:
        np.savez(folder / "bad.npz", **arrays)
        return folder / "bad.npz"

    return write


def cut_short(folder: Path) -> Path:
    path = folder / "cut.parquet"
    frame().to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    return path


def cut_archive(folder: Path) -> Path:
    path = archive(x=np.zeros((ROWS, 2)), y=np.arange(ROWS))(folder)
    path.write_bytes(path.read_bytes()[:300])
    return path


def beside(name: str) -> Source:
    def write(folder: Path) -> Path:
        text(lines(), "people.csv")(folder)
        return folder / name

    return write


def a_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "table.csv", "w") as file:
        file.writestr("table.csv", lines())
    return folder / "table.csv"


def given(value: Any) -> Source:
    return lambda _: value


X = np.random.default_rng(0).normal(size=(ROWS, 3))
Y = np.arange(ROWS) % 2
NO_Y = np.full(ROWS, np.nan)

# what is wrong: (source, target, what the message must say, all of them)
REFUSED: dict[str, tuple[Source, Any, tuple[str, ...]]] = {
    "unknown name": (
        given("digitz"),
        None,
        ("data must be a known name", "'digitz'", "Did you mean 'digits'?"),
    ),
    "missing file": (
        beside("poeple.csv"),
        "ill",
        ("a file that exists", "poeple.csv", "Did you mean", "people.csv"),
    ),
    "missing folder": (beside("nowhere/x.csv"), "ill", ("must be a file that exists", "Check the path.")),
    "a folder": (lambda folder: folder, "ill", ("must hold class folders", "no files")),
    "unknown suffix": (text("a,b\n1,2\n", "table.xlsx"), "a", ("must end in one of", ".csv", "'.xlsx'")),
    "no object": (given(None), None, ("data must be a data set", "'NoneType'", "a pair (X, y)")),
    "no target, header": (
        text(lines(header="a,b,z")),
        None,
        ("target must name a column", "'a', 'b', 'z'", "--target z"),
    ),
    "no target, no header": (
        text("\n".join(f"{n}.5,{n % 2}" for n in range(30))),
        None,
        ("'0', '1'", "--target 1"),
    ),
    "wrong target": (given(frame()), "il", ("target must name a column", "'il'", "Did you mean 'ill'?")),
    "target out of range": (
        given(frame()),
        7,
        ("target must be a column", "has 2 (numbered from 0)", "but got 7"),
    ),
    "half a target": (given(frame()), 1.5, ("target must name a column", "but got 1.5")),
    "empty name": (given(""), None, ("data must be a known name", "but got ''")),
    "target of a built-in": (given("iris"), "y", ("target must not be given for iris",)),
    "unknown task": (given(frame()), "ill", ("task must be a known task", "'classify'", "classification")),
    "one class": (
        given(frame(ill="yes")),
        "ill",
        ("target 'ill' of the table", "at least two classes", "'yes'"),
    ),
    "one class in numbers": (
        given((X, np.ones(ROWS, int))),
        None,
        ("target 'y'", "at least two classes", "only '1'"),
    ),
    "text as target": (
        given(frame(ill=[f"patient {n}" for n in range(ROWS)])),
        "ill",
        ("labels that repeat", "30 in 30 rows", "regression"),
    ),
    "lists as target": (given(frame(ill=[[1, 2]] * ROWS)), "ill", ("target 'ill'", "one value per row")),
    "19 rows": (
        given(frame().iloc[:19]),
        "ill",
        ("the table must have at least 20 rows", "but got 19", "split"),
    ),
    "no rows": (given(frame().iloc[:0]), "ill", ("the table must have rows",)),
    "header only": (text("a,b,ill\n"), "ill", ("bad.csv must have rows",)),
    "only the target": (
        given(frame()[["ill"]]),
        "ill",
        ("usable column beside the target", "Left out: nothing"),
    ),
    "nothing usable": (given(frame(size=3.0)), "ill", ("usable column", "'size': it never changes")),
    "no target values": (
        given(frame(ill=None)),
        "ill",
        ("target 'ill'", "must have values", "Name another."),
    ),
    "NaN in all of y": (given((X, NO_Y)), None, ("target 'y' of the arrays", "must have values")),
    "equal names, frame": (
        given(pd.DataFrame(X, columns=["a", "b", "a"])),
        "b",
        ("names that differ", "'a' twice"),
    ),
    "equal names, file": (
        text(lines(header="a,a,ill")),
        "ill",
        ("bad.csv", "column names that differ", "'a' twice"),
    ),
    "open quote": (text(lines(change={ROWS: '1,2,"y'})), "ill", ("readable as cells", "quote")),
    "rubbish": (text(bytes(range(256)) * 4), "a", ("must be a text file", "no text")),
    "half of UTF-16": (text(lines().encode("utf-16")[:-1]), "ill", ("must be whole UTF-16",)),
    "target for npz": (archive(x=X, y=Y), "z", ("target must not be given", "array y")),
    "X holds y": (
        given((frame(y=1), pd.Series(Y, name="y"))),
        None,
        ("X must not have a column called like y",),
    ),
    "empty file": (text(""), "ill", ("bad.csv must have rows", "an empty file")),
    "blank file": (text("\n\n  \n"), "ill", ("bad.csv must have rows", "an empty file")),
    "short row": (
        text(lines(change={12: "3,4"})),
        "ill",
        ("bad.csv, line 13", "as many cells as the first row (3)", "but got 2"),
    ),
    "long row": (
        text(lines(change={12: "3,4,y,5"})),
        "ill",
        ("bad.csv, line 13", "first row (3)", "but got 4", "quote"),
    ),
    "PNG as .csv": (
        text(b"\x89PNG\r\n\x1a\n" + bytes(80)),
        "ill",
        ("must be a text table", "a PNG image", "Rename"),
    ),
    "zip as .csv": (a_zip, "ill", ("must be a text table", "a zip archive")),
    "web page as .csv": (
        text("<!DOCTYPE html><html>404</html>"),
        "ill",
        ("must be a text table", "a web page"),
    ),
    "zero bytes": (text(b"a,b\n1,\x00\x00\n"), "a", ("must be a text file", "no text")),
    "CSV as .parquet": (
        text(lines(), "t.parquet"),
        "ill",
        ("t.parquet must be a Parquet file", "something else"),
    ),
    "CSV as .npz": (text(lines(), "t.npz"), None, ("t.npz must be a zip archive", "something else")),
    "cut Parquet": (cut_short, "ill", ("cut.parquet must be a whole Parquet file", "download it again")),
    "cut npz": (cut_archive, None, ("bad.npz must be a whole .npz file", "numpy.savez")),
    "npz without y": (archive(x=X), None, ("bad.npz must hold an array y", "numpy.savez")),
    "npz without x": (archive(data=X, y=Y), None, ("must hold an array x", "data, y")),
    "npz with pickles": (
        archive(x=X, y=np.array([{}] * ROWS, object)),
        None,
        ("plain arrays", "pickled objects", "run code"),
    ),
    "npz, x_test alone": (archive(x=X, y=Y, x_test=X), None, ("x_test and y_test together", "only x_test")),
    "npz, other width": (
        archive(x=X, y=Y, x_test=X[:, :2], y_test=Y),
        None,
        ("x_test of", "shape (3,) like x", "(2,)"),
    ),
    "npz, test lengths": (
        archive(x=X, y=Y, x_test=X, y_test=Y[:9]),
        None,
        ("y_test of", "as many rows as x_test (30)"),
    ),
    "y too short": (given((X, Y[:-1])), None, ("y of the arrays", "as many rows as x (30)", "but got 29")),
    "y too short, frame": (given((frame(), Y[:-1])), None, ("y must have as many rows as X (30)", "29")),
    "y as a matrix": (given((X, np.eye(ROWS))), None, ("one value per row", "shape (30, 30)", "argmax")),
    "x without columns": (
        given((X[:, 0], Y)),
        None,
        ("must have rows and columns", "shape (30,)", "reshape"),
    ),
    "x of text": (given(([["a"]] * ROWS, Y)), None, ("must be a matrix of numbers", "DataFrame")),
    "constant x": (given((np.ones((ROWS, 2)), Y)), None, ("must vary in some column", "2 constant columns")),
    "ragged x": (given(([[1, 2], [3]] * 15, Y)), None, ("must be a matrix of numbers",)),
}

# what is repaired and said: (source, target, what the notes must say, all of them)
REPAIRED: dict[str, tuple[Source, Any, tuple[str, ...]]] = {
    "text column": (
        given(frame(said=[f"the patient number {n} felt fine" for n in range(ROWS)])),
        "ill",
        ("Left out: 'said' (it is free text, which --kind text reads).",),
    ),
    "id column, text": (
        given(frame(code=[f"A{n}" for n in range(ROWS)])),
        "ill",
        ("'code' (nearly every row has its own",),
    ),
    "id column, in order": (
        given(frame(row=range(1, ROWS + 1))),
        "ill",
        ("Left out: 'row' (it only numbers the rows).",),
    ),
    "id column, by name": (
        given(frame(patient_id=np.arange(ROWS)[::-1] * 7)),
        "ill",
        ("'patient_id' (it only numbers the rows)",),
    ),
    "all-missing column": (given(frame(void=None)), "ill", ("Left out: 'void' (every cell is missing).",)),
    "two constant columns": (given(frame(a=1, b="x")), "ill", ("Left out: 'a', 'b' (it never changes).",)),
    "lists in a column": (
        given(frame(history=[[1]] * ROWS)),
        "ill",
        ("Left out: 'history' (its cells are lists",),
    ),
    "day or month": (
        given(frame(on=["03/04/21", "05/06/21"] * 15)),
        "ill",
        ("no clear order of day and month",),
    ),
    "dates": (
        given(frame(on=pd.date_range("2020", periods=ROWS))),
        "ill",
        ("Dates counted in days: 'on', with day of the week and day of the year.",),
    ),
    "infinite numbers": (
        given(frame(size=[np.inf, -np.inf, *range(ROWS - 2)])),
        "ill",
        ("'size' has 2 infinite values, taken as missing", "marked: 'size'"),
    ),
    "NaN in a number": (
        given(frame(size=[np.nan, *range(3, ROWS + 2)])),
        "ill",
        ("filled with the training mean", "'size'"),
    ),
    "a stray word": (
        text(lines(header="a,b,ill", change={9: "abc,1,y"}) + lines(header="0,0.5,y") * 4),
        "ill",
        ("'a' has 1 cell that is no number ('abc' in data row 9), taken as missing",),
    ),
    "mixed types": (
        given(frame(size=[1, "two", 3.5, None, 1, "3.5"] * 5)),
        "ill",
        ("Repaired: 'size' holds numbers and words ('two' in data row 2), taken as words.", "marked: 'size'"),
    ),
    "mixed types, all different": (
        given(frame(size=[f"no {n}" if n % 9 == 4 else n for n in range(ROWS)], a=np.linspace(0, 1, ROWS))),
        "ill",
        ("Left out: 'size' (it holds numbers and words ('no 4' in data row 5); correct the words or",),
    ),
    "missing target": (
        given(frame(ill=["yes", "no", "?"] * 10)),
        "ill",
        ("Rows without a target, dropped: 10.",),
    ),
    "NaN in y": (
        given((X, np.where(np.arange(ROWS) == 3, np.nan, Y))),
        None,
        ("Rows without a target, dropped: 1.",),
    ),
    "inf in x": (
        given((np.where(X > 2, np.inf, X), Y)),
        None,
        ("Infinite cells, taken as missing:", "marked"),
    ),
    "single member": (
        given(frame(ill=["a", "b"] * 14 + ["a", "c"])),
        "ill",
        ("Classes with a single row, which is trained on and never tested: 'c'.",),
    ),
    "many values": (
        given(pd.DataFrame({"zip": [f"z{n % 100}" for n in range(400)], "ill": [0, 1, 1, 0] * 100})),
        "ill",
        ("More than 64 values, each a code that is embedded", "'zip'"),
    ),
    "Latin-1": (
        text(lines(header="größe,b,ill").encode("latin-1")),
        "ill",
        ("not UTF-8 (byte 0xf6)", "Latin-1"),
    ),
    "UTF-16": (text(lines().encode("utf-16")), "ill", ("UTF-16",)),
    "semicolons": (text(lines().replace(",", ";")), "ill", ("separated by semicolons",)),
    "quoted labels": (
        text("\n".join(f"{n % 7}.5,\"'{n % 2}'\"" for n in range(30))),
        1,
        ("single quotes, which are dropped",),
    ),
    "equal rows": (
        given((np.repeat(X, 2, axis=0), np.repeat(Y, 2))),
        None,
        ("Rows that repeat another's inputs exactly: 30;",),
    ),
    "leaking test rows": (
        archive(x=X, y=Y, x_test=X[:5], y_test=Y[:5]),
        None,
        ("5 of the 5 test rows are also among",),
    ),
    "constant pixels": (
        given((np.c_[X, np.ones(ROWS)], Y)),
        None,
        ("Columns that never change, kept in place as zeros: 1 of 4.",),
    ),
    "great whole numbers": (
        given(frame(stamp=[1_700_000_000 + 3 * n for n in range(ROWS)])),
        "ill",
        ("Rounded to seven digits", "'stamp'"),
    ),
    "thousands commas": (
        given(frame(pay=[f"{n},{n * 7:03d}.5" for n in range(1, ROWS + 1)])),
        "ill",
        ("'pay' is written with thousands commas",),
    ),
    "decimal commas": (
        given(frame(pay=[f"{n % 9},{n}" for n in range(ROWS)])),
        "ill",
        ("with decimal commas",),
    ),
    "percent": (
        given(frame(pay=[f"{n}.5 %" for n in range(ROWS)])),
        "ill",
        ("'pay' is written with percent signs",),
    ),
    "braces in names": (given(frame(**{"{0}": 1, "{x}": 2})), "ill", ("Left out: '{0}', '{x}' (it never",)),
    "coarse columns": (
        given(frame(size=[1.0, 2.0, 3.0] * 10)),
        "ill",
        ("exactly: 27, over half: the columns are coarse",),
    ),
    "usual target": (
        given(frame().rename(columns={"ill": "Label"})),
        None,
        ("The target is the column 'Label', by its name.",),
    ),
    "images": (
        given((np.random.default_rng(1).random((ROWS, 4, 4)), Y)),
        None,
        ("Grey images of 4×4, one channel",),
    ),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_refused(wrong: str, tmp_path: Path) -> None:
    make, target, fragments = REFUSED[wrong]
    task = "classify" if wrong == "unknown task" else None
    with pytest.raises(BadInput) as caught:
        read(make(tmp_path), target, task=task)
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize("wrong", REPAIRED)
def test_repaired(wrong: str, tmp_path: Path) -> None:
    make, target, fragments = REPAIRED[wrong]
    data = read(make(tmp_path), target)
    assert [part for part in fragments if part not in "\n".join(data.notes)] == [], data.notes
    assert np.isfinite(data.x[~np.isnan(data.x)]).all()
    assert data.x.shape == (len(data.y), len(data.feature_names) or int(np.prod(data.shape)))


def test_regression_of_text_is_refused() -> None:
    with pytest.raises(BadInput, match="must be numbers for a regression, but got 'a'"):
        read(frame(ill=["a", "b"] * 15), "ill", task="regression")


def test_constant_amount_is_refused() -> None:
    with pytest.raises(BadInput, match=r"must vary, but got 'only 2.5'"):
        read(frame(ill=2.5), "ill", task="regression")
