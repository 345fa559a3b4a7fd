"""`st.conflicts` and `steepest conflicts`: the result, its files, and one message for what cannot be used."""

import json
from pathlib import Path

import pytest

import steepest as st
from steepest.apps.cli.main import main
from steepest.apps.conflicting import ConflictsResult
from steepest.base.errors import BadInput
from steepest.report.conflicts import Conflicts
from steepest.report.numbers import number, signed

QUICK = {"fix": {"width": 8, "depth": 1}, "folds": 3, "seeds": 2, "rates": "same", "workers": 0, "epochs": 1}
SMALL = ["--fix", "width=8", "--fix", "depth=1", "--folds", "3", "--epochs", "1", "--rates", "same"]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ConflictsResult:
    out = tmp_path_factory.mktemp("conflicts") / "run"
    return st.conflicts("iris", "dropout=0.3", {"norm": "batch"}, "activation=tanh", out=out, **QUICK)


def test_a_pair_for_every_two_switches(result: ConflictsResult) -> None:
    assert [(p.first, p.second) for p in result.pairs] == [
        ("dropout=0.3", "norm=batch"), ("dropout=0.3", "activation=tanh"), ("norm=batch", "activation=tanh"),
    ]  # fmt: skip
    assert len(result.settings) == 8


def test_files_frame_and_record_hold_the_same_numbers(result: ConflictsResult) -> None:
    kept = json.loads((result.folder / "conflicts.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(result.to_dict()))
    assert Conflicts.read(kept).pairs == Conflicts.read(result.to_dict()).pairs
    frame = result.to_frame()
    assert list(frame["interaction"]) == [pair.found.effect for pair in result.pairs]
    assert list(frame["mean_both"]) == [pair.found.mean_11 for pair in result.pairs]
    assert list(frame["p_adjusted"]) == [pair["p_adjusted"] for pair in kept["pairs"]]
    assert (result.folder / "conflicts.md").read_text(encoding="utf-8") == result.to_markdown()
    assert result.report().read_text(encoding="utf-8").startswith("<!doctype html>")
    names = sorted(p.name for p in result.folder.iterdir())
    assert names == ["conflicts.html", "conflicts.json", "conflicts.md"]


def test_frame_figure_markdown_record_and_page_show_the_same_numbers(result: ConflictsResult) -> None:
    kept, frame, drawn = result.to_dict(), result.to_frame(), result.to_figure()
    digits = Conflicts.read(kept).decimals
    field, *corners = drawn.data
    fields = {cell[0]: cell for line in field.customdata for cell in line if cell[0] is not None}
    assert [trace.name for trace in corners] == ["neither", "the first", "the second", "both"]
    page = result.report().read_text(encoding="utf-8")
    for place, pair in enumerate(kept["pairs"]):
        line = frame.iloc[place]
        assert (line["interaction"], line["low"], line["high"]) == (pair["effect"], pair["low"], pair["high"])
        assert tuple(fields[pair["effect"]]) == (pair["effect"], pair["low"], pair["high"])
        means = [pair[f"mean_{corner}"] for corner in ("00", "10", "01", "11")]
        assert [trace.x[place] for trace in corners] == means
        columns = ("mean_neither", "mean_first", "mean_second", "mean_both")
        assert [line[name] for name in columns] == means
        for text in (result.to_markdown(), page, result.summary()):
            assert signed(pair["effect"], digits) in text
            assert all(number(mean, digits) in text for mean in means)


def test_it_shows_itself_as_its_summary(result: ConflictsResult) -> None:
    assert repr(result) == result.summary()
    assert "dropout=0.3 × norm=batch" in repr(result)
    assert "st.conflicts('iris', 'dropout=0.3', {'norm': 'batch'}, 'activation=tanh', seed=0)" in (
        result.folder / "conflicts.md"
    ).read_text(encoding="utf-8")


def test_nothing_is_written_over(result: ConflictsResult) -> None:
    with pytest.raises(BadInput, match=r"out must not hold conflicts\.html already"):
        st.conflicts("iris", "dropout=0.3", "norm=batch", out=result.folder, **QUICK)


@pytest.mark.parametrize(
    ("switches", "more", "message"),
    [
        (("dropout=0.3",), {}, "two switches or more"),
        (("dropout=0.3", "norm=batch"), {"rates": "scaled"}, "rates must be 'tuned' or 'same'"),
        (("dropout=0.3", "norm=batch"), {"dropout": 0.3}, "dropout must be an argument of conflicts"),
        (("flip=0.5", "norm=batch"), {}, "only for data of the form image"),
    ],
)
def test_a_refused_search_leaves_nothing_behind(
    switches: tuple[str, ...], more: dict[str, object], message: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadInput, match=message):
        st.conflicts("iris", *switches, **{**QUICK, **more})
    assert list(tmp_path.iterdir()) == []


def test_the_command_prints_the_pairs_and_names_the_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["conflicts", "iris", "dropout=0.3", "norm=batch", *SMALL, "--out", str(out), "-q"]) == 0
    shown = capsys.readouterr().out
    assert "dropout=0.3 × norm=batch" in shown
    assert shown.rstrip().endswith(f"page      {out / 'conflicts.html'}")
    assert "steepest conflicts iris dropout=0.3 norm=batch" in (out / "conflicts.html").read_text("utf-8")


def test_the_command_prints_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["dropout-norm", *SMALL, "--out", str(tmp_path / "run"), "--json", "-q", "--seeds", "1"]
    assert main(["conflicts", "iris", *arguments]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["pairs"][0]["combination"] == "dropout-norm"
    assert printed["folder"] == str(tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dropout=0.3"], "must be given two switches or more"),
        (["dropot-norm"], "Did you mean 'dropout-norm'?"),
        (["dropuot=0.3", "norm=batch"], "Did you mean 'dropout'?"),
        (["dropout=0.3", "dropout=0.5"], "dropout must be set by one switch only"),
        (["dropout=0.3", "norm=batch", "--margin", "0"], "margin must be a positive number"),
        (["dropout=0.3", "norm=batch", "--fix", "norm=layer"], "norm must be left free"),
    ],
)
def test_what_cannot_be_used_is_one_message(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["conflicts", "iris", *arguments, "--quiet"]) == 2
    shown = " ".join(capsys.readouterr().err.split())
    assert message in shown
    assert "Traceback" not in shown
