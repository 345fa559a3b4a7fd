"""Bad input at the command line: exit code 2 and one message that says what, why and what to do.

Messages are worded where they arise and tested there; this table holds the whole path from the shell to the
message, for every way a user is known to go wrong.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from steepest.apps.cli.main import main

Make = Callable[[Path], list[str]]
LEAST = "--budget=5s"


def table(rows: int = 60) -> list[str]:
    """A sound table: two informative columns, a class with two values."""
    lines = ["age,hours,income"]
    lines += [f"{20 + i % 37},{30 + 7 * i % 23},{'low' if i * 5 % 7 > 3 else 'high'}" for i in range(rows)]
    return lines


def csv(tmp_path: Path, lines: list[str], name: str = "people.csv") -> str:
    (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(tmp_path / name)


def raw(tmp_path: Path, name: str, content: bytes) -> str:
    (tmp_path / name).write_bytes(content)
    return str(tmp_path / name)


def npz(tmp_path: Path, **arrays: np.ndarray) -> str:
    np.savez(tmp_path / "set.npz", **arrays)
    return str(tmp_path / "set.npz")


def tune(data: str, *options: str) -> list[str]:
    return ["tune", data, LEAST, "--quiet", *options]


def recipe(tmp_path: Path, text: str) -> list[str]:
    (tmp_path / "recipe.yaml").write_text(text)
    return ["train", "digits", "--recipe", str(tmp_path / "recipe.yaml")]


DATA: dict[str, tuple[Make, list[str]]] = {
    "unknown name": (lambda _: tune("digist"), ["data must be a known name", "Did you mean 'digits'?"]),
    "missing file": (
        lambda p: tune(csv(p, table()).replace("people", "poeple"), "--target", "income"),
        ["must be a file that exists", "poeple.csv", "people.csv"],
    ),
    "a folder": (lambda p: tune(str(p)), ["must hold class folders", "no files"]),
    "no target": (lambda p: tune(csv(p, table())), ["target must name a column", "'income'", "--target"]),
    "wrong target": (
        lambda p: tune(csv(p, table()), "--target", "incom"),
        ["target must name a column", "'incom'", "Did you mean 'income'?"],
    ),
    "target of a built-in set": (lambda _: tune("digits", "--target", "x"), ["target", "'x'", "its own"]),
    "one class": (
        lambda p: tune(csv(p, [line.replace("high", "low") for line in table()]), "--target", "income"),
        ["'income'", "low"],
    ),
    "too few rows": (
        lambda p: tune(csv(p, table(12)), "--target", "income"),
        ["must have at least 20 rows", "12"],
    ),
    "nothing but an identifier": (
        lambda p: tune(
            csv(p, ["id,label", *(f"p{i:04d},{'yn'[i % 2]}" for i in range(60))]), "--target", "label"
        ),
        ["must have a usable column", "id"],
    ),
    "an empty file": (lambda p: tune(raw(p, "x.csv", b""), "--target", "a"), ["x.csv", "an empty file"]),
    "a picture called .csv": (
        lambda p: tune(raw(p, "x.csv", b"\x89PNG\r\n\x1a\n" + bytes(99)), "--target", "a"),
        ["x.csv", "a PNG image"],
    ),
    "a table called .parquet": (
        lambda p: tune(raw(p, "x.parquet", "\n".join(table()).encode()), "--target", "income"),
        ["x.parquet", "a Parquet file", "by its suffix"],
    ),
    "a web page called .csv": (
        lambda p: tune(raw(p, "x.csv", b"<!DOCTYPE html><p>404</p>"), "--target", "a"),
        ["x.csv", "a web page"],
    ),
    "zero bytes in text": (
        lambda p: tune(raw(p, "x.csv", b"a,b\n1,2\n\x00\x00\n" * 30), "--target", "b"),
        ["x.csv", "must be a text file"],
    ),
    "an unknown suffix": (
        lambda p: tune(raw(p, "x.xlsx", b"anything"), "--target", "a"),
        ["x.xlsx", "must end in one of", ".parquet"],
    ),
    "a row too long": (
        lambda p: tune(csv(p, [*table(), "1,2,3,4,5,high"]), "--target", "income"),
        ["line 62", "first row (3)", "6"],
    ),
    "arrays without y": (
        lambda p: tune(npz(p, x=np.zeros((50, 2)), z=np.zeros(50))),
        ["set.npz", "must hold an array", "x, z"],
    ),
    "arrays with objects": (
        lambda p: tune(npz(p, x=np.array([{}] * 50, dtype=object), y=np.zeros(50))),
        ["set.npz", "pickled objects"],
    ),
    "arrays of unequal length": (
        lambda p: tune(npz(p, x=np.random.default_rng(0).normal(size=(50, 2)), y=np.arange(49) % 2)),
        ["set.npz", "49"],
    ),
    "numbers asked of words": (
        lambda p: tune(csv(p, table()), "--target", "income", "--task", "regression"),
        ["'income'", "numbers for a regression", "'high'"],
    ),
}

OPTIONS: dict[str, tuple[Make, list[str]]] = {
    "budget 0": (lambda _: ["tune", "digits", "--budget", "0"], ["budget", "'0'", "60s, 3m or 2h"]),
    "budget 0s": (lambda _: ["tune", "digits", "--budget", "0s"], ["budget must be a positive", "'0s'"]),
    "budget 3s": (lambda _: ["tune", "digits", "--budget", "3s"], ["budget must be at least 5s", "'3s'"]),
    "budget 5": (lambda _: ["tune", "digits", "--budget", "5"], ["budget", "with a unit", "'5'"]),
    "budget -1m": (lambda _: ["tune", "digits", "--budget", "-1m"], ["budget", "positive", "'-1m'"]),
    "budget banana": (
        lambda _: ["tune", "digits", "--budget", "banana"],
        ["budget", "'banana'", "150trials"],
    ),
    "half a trial": (lambda _: ["tune", "digits", "--budget", "0.5trials"], ["whole number of trials"]),
    "a file in the way of --out": (
        lambda p: tune("digits", "--out", raw(p, "taken", b"mine")),
        ["--out must be a folder", "taken is a file"],
    ),
    "--out that holds an earlier run": (
        lambda p: tune("digits", "--out", str(Path(raw(p, "study.db", b"mine")).parent)),
        ["out must not hold study.db already", "--resume"],
    ),
    "--out where nothing can be written": (
        lambda _: tune("digits", "--out", "/proc/steepest"),
        ["--out must be a folder that can be written", "'/proc/steepest'"],
    ),
    "unknown knob": (
        lambda _: tune("digits", "--fix", "optimiser=adam"),
        ["'optimiser'", "Did you mean 'optimizer'?"],
    ),
    "unknown optimizer": (lambda _: tune("digits", "--fix", "optimizer=adm"), ["Did you mean 'adam'?"]),
    "knob out of range": (lambda _: tune("digits", "--fix", "lr=-1"), ["lr must lie in", "-1"]),
    "knob without value": (lambda _: tune("digits", "--fix", "lr"), ["--fix must read knob=value", "'lr'"]),
    "set and fixed": (
        lambda _: tune("digits", "--set", "lr=1..2", "--fix", "lr=1"),
        ["--fix lr must not be in --set too", "'1..2'"],
    ),
    "set twice": (
        lambda _: tune("digits", "--set", "lr=1..2", "--set", "lr=2..3"),
        ["--set lr must be given once", "'2..3'"],
    ),
    "set without a range": (lambda _: tune("digits", "--set", "lr"), ["--set must read knob=range", "'lr'"]),
    "an empty range": (lambda _: tune("digits", "--set", "lr=2..1"), ["lr must be a range", "Write 1..2."]),
    "a logarithmic range through zero": (
        lambda _: tune("digits", "--set", "lr=0..1:log"),
        ["lr must stay above 0", "0..1:linear"],
    ),
    "a range beyond what is valid": (
        lambda _: tune("digits", "--set", "dropout=0..3"),
        ["dropout must lie in [0, 0.95]", "3.0"],
    ),
    "a range of an unknown knob": (
        lambda _: tune("digits", "--set", "lrr=1..2"),
        ["must be a known knob", "Did you mean 'lr'?"],
    ),
    "an unknown choice": (
        lambda _: tune("digits", "--set", "optimizer=sgd,adm"),
        ["optimizer must be a known name", "Did you mean 'adam'?"],
    ),
    "a range that cannot matter": (
        lambda _: tune("digits", "--set", "momentum=0.5..0.9", "--fix", "optimizer=adam"),
        ["momentum must matter", "optimizer is momentum or nesterov"],
    ),
    "a centre outside its range": (
        lambda _: tune("digits", "--set", "lr=1e-3..1@2"),
        ["lr must have its centre inside its range", "@2"],
    ),
    "a family asked for twice": (
        lambda _: tune("digits", "--set", "network=mlp,linear", "--network", "mlp"),
        ["network network must not be in space too"],
    ),
    "a space file that is not YAML": (
        lambda p: tune("digits", "--space", raw(p, "space.yaml", b"lr: [1, 2\nl2: 0\n")),
        ["space.yaml, line 2 must be YAML"],
    ),
    "unknown task": (lambda _: tune("iris", "--task", "clasification"), ["task", "'classification'"]),
    "unknown objective": (
        lambda _: tune("iris", "--objective", "acuracy"),
        ["objective", "'acuracy'", "Did you mean 'accuracy'?"],
    ),
    "missing recipe": (
        lambda p: ["train", "digits", "--recipe", str(p / "none.yaml")],
        ["recipe must be a readable file", "none.yaml", "Check the path."],
    ),
    "a folder as recipe": (
        lambda p: ["train", "digits", "--recipe", str(p)],
        ["recipe must be a readable file", "directory"],
    ),
    "recipe is not YAML": (lambda p: recipe(p, "lr: [1, 2"), ["must be YAML", "recipe.yaml"]),
    "recipe is a sentence": (lambda p: recipe(p, "use adam"), ["`knob: value`", "recipe.yaml"]),
    "recipe with an unknown knob": (lambda p: recipe(p, "lerning_rate: 1"), ["'lerning_rate'", "known knob"]),
    "recipe out of range": (lambda p: recipe(p, "dropout: 1.5"), ["dropout must lie in [0, 0.95]", "1.5"]),
}


@pytest.mark.parametrize("case", [pytest.param(c, id=name) for name, c in (DATA | OPTIONS).items()])
def test_bad_input_ends_with_code_2_and_one_message(
    case: tuple[Make, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make, fragments = case
    monkeypatch.chdir(tmp_path)
    arguments = make(tmp_path)
    assert main(arguments) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    message = captured.err.splitlines()
    assert len(message) == 1, captured.err
    assert message[0].startswith("error: ")
    assert "but got" in message[0]
    for fragment in fragments:
        assert fragment in message[0]
    assert not (tmp_path / "runs").exists(), "a refused command leaves nothing behind"


def test_what_can_be_repaired_is_said_aloud_and_the_work_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Identifier, constant, all-missing and infinite cells, text, Latin-1: all in one file."""
    lines = ["id,city,always,never,dose,income"]
    for i in range(80):
        dose = ("inf", "", "nan")[i % 3] if i % 10 == 0 else f"{i % 17}.5"
        lines.append(f"p{i:05d},{('Köln', 'Rom')[i % 2]},7,,{dose},{'high' if i % 2 else 'low'}")
    data = raw(tmp_path, "people.csv", "\n".join(lines).encode("latin-1"))
    (tmp_path / "recipe.yaml").write_text("epochs: 3\nwidth: 8\n")
    out = tmp_path / "run"
    arguments = ["train", data, "--target", "income", "--recipe", str(tmp_path / "recipe.yaml")]
    assert main([*arguments, "--out", str(out)]) == 0
    captured = capsys.readouterr()
    said = [line for line in captured.err.splitlines() if line.startswith("- ")]
    for fragment in ("id", "always", "never", "dose", "Latin-1", "classification"):
        assert any(fragment in line for line in said), (fragment, said)
    assert "accuracy" in captured.out
    assert (out / "model.safetensors").is_file()
