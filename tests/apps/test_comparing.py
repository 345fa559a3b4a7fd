"""`st.compare`: the result, its files, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest

import steepest as st
from steepest.apps.comparing import ComparisonResult
from steepest.base.errors import BadInput
from steepest.report.comparison import Comparison

QUICK = {"fix": {"width": 8, "depth": 1}, "folds": 3, "seeds": 2, "rates": "same", "workers": 0}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ComparisonResult:
    out = tmp_path_factory.mktemp("compare") / "run"
    return st.compare("iris", batch_size=[8, 64], epochs=3, out=out, **QUICK)


def test_a_row_per_value_and_a_verdict_per_other_value(result: ComparisonResult) -> None:
    assert [row.value for row in result.rows] == [8, 64]
    assert [len(row.scores) for row in result.rows] == [6, 6]
    assert [(v.contender, v.reference) for v in result.verdicts] == [("8", "64")]
    assert result.rows[0].seconds_per_epoch > 0


def test_the_files_hold_what_the_result_holds(result: ComparisonResult) -> None:
    kept = json.loads((result.folder / "compare.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(result.to_dict()))
    assert [row["scores"] for row in kept["rows"]] == [list(row.scores) for row in result.rows]
    assert Comparison.read(kept).best == kept["best"]
    assert result.report().read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(p.name for p in result.folder.iterdir()) == ["compare.html", "compare.json"]


def test_it_shows_itself_as_its_summary(result: ComparisonResult) -> None:
    assert repr(result) == result.summary()
    assert "Against 64" in repr(result)


def test_nothing_is_written_over(result: ComparisonResult) -> None:
    with pytest.raises(BadInput, match=r"out must not hold compare\.html already"):
        st.compare("iris", batch_size=[8, 64], epochs=1, out=result.folder, **QUICK)


def test_epochs_are_a_length_or_what_is_compared(tmp_path: Path) -> None:
    found = st.compare("iris", epochs=[1, 2], out=tmp_path, **{**QUICK, "seeds": 1})
    assert [row.recipe.epochs for row in found.rows] == [1, 2]


def test_how_data_is_read_is_told_apart_from_the_knob(tmp_path: Path) -> None:
    lines = ["dose,cured", *(f"{i % 13},{'yes' if i % 13 > 6 else 'no'}" for i in range(60))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    found = st.compare(
        tmp_path / "t.csv", target="cured", activation=["relu", "tanh"], epochs=1, out=tmp_path / "run",
        **{**QUICK, "seeds": 1},
    )  # fmt: skip
    assert found.to_dict()["data"] == "t"
    assert [row.label for row in found.rows] == ["relu", "tanh"]


def test_a_refused_comparison_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    refused: list[dict[str, Any]] = [
        {},
        {"batch_size": [8, 64], "depth": [1, 2]},
        {"batch_size": 8},
        {"batch_size": [8, 10_000]},
        {"batch_size": [8, 64], "folds": 99},
    ]
    for given in refused:
        with pytest.raises(BadInput):
            st.compare("iris", **{**QUICK, **given})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_made_for_a_run_that_fails_goes_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("steepest.experiment.workers.Workers.run", stopped)
    with pytest.raises(KeyboardInterrupt):
        st.compare("iris", batch_size=[8, 64], out=tmp_path / "run", **QUICK)
    assert list(tmp_path.iterdir()) == []


def test_frame_figure_markdown_and_json_show_the_same_numbers(result: ComparisonResult) -> None:
    kept, frame, figure = result.to_dict(), result.to_frame(), result.to_figure()
    text, digits = result.to_markdown(), Comparison.read(kept).decimals
    for row in kept["rows"]:
        line = frame.loc[row["label"]]
        assert (line["mean"], line["low"], line["high"]) == (row["mean"], row["low"], row["high"])
        assert (line["parameters"], line["rate"], line["seconds"]) == (
            row["parameters"], row["rate"], row["seconds"],
        )  # fmt: skip
        dot = next(t for t in figure.data if t.mode == "markers" and t.name == row["label"])
        assert dot.y[0] == row["mean"]
        assert dot.y[0] + dot.error_y.array[0] == pytest.approx(row["high"])
        assert dot.y[0] - dot.error_y.arrayminus[0] == pytest.approx(row["low"])
        curve = next(t for t in figure.data if t.mode == "lines" and t.name == row["label"])
        assert list(zip(curve.x, curve.y, strict=True)) == [tuple(pair) for pair in row["curve"]]
        assert curve.y[-1] == pytest.approx(row["mean"])
        assert tuple(row["band"][-1][1:]) == pytest.approx((row["low"], row["high"]))
        shown = f"{row['mean']:.{digits}f} | [{row['low']:.{digits}f}, {row['high']:.{digits}f}]"
        assert shown in text
        assert shown.replace(" | ", '</td><td class="num">') in result.report().read_text(encoding="utf-8")
    for verdict in kept["verdicts"]:
        line, found = frame.loc[verdict["contender"]], verdict["verdict"]
        assert (line["verdict"], line["effect"]) == (found["kind"], found["effect"])
        assert (line["effect_low"], line["effect_high"]) == (found["low"], found["high"])
        assert line["p_adjusted"] == verdict["p_adjusted"]
        assert found["sentence"] in text
        assert found["sentence"] in " ".join(result.summary().split()).replace("  ", " ")
    assert list(frame["mean_rank"].sort_values()) == list(kept["ranking"]["mean_ranks"])


def test_several_knobs_networks_and_recipes_are_compared(tmp_path: Path) -> None:
    quick = {**QUICK, "seeds": 1, "epochs": 1}
    several = st.compare(
        "iris", optimizer=["sgd", "adam"], activation=["relu", "tanh"], out=tmp_path / "a", **quick
    )
    assert [row.label for row in several.rows][:2] == ["sgd × relu", "sgd × tanh"]
    assert several.to_dict()["knob"] == "optimizer × activation"
    each = st.compare("iris", optimizer=["sgd"], activation=["tanh"], each=True, out=tmp_path / "b", **quick)
    assert {row.reference for row in each.verdicts} == {"default"}
    whole = st.compare(
        "iris", recipes={"narrow": st.Recipe(width=4), "wide": st.Recipe(width=32)}, out=tmp_path / "c",
        **{**quick, "fix": {"depth": 1}},
    )  # fmt: skip
    assert [row.recipe.width for row in whole.rows] == [4, 32]
    assert whole.rows[0].parameters < whole.rows[1].parameters
    assert "narrow" in whole.report().read_text(encoding="utf-8")


def test_recipes_are_compared_alone() -> None:
    with pytest.raises(BadInput, match="recipes must be compared alone, but got 'lr'"):
        st.compare("iris", recipes={"a": st.Recipe(), "b": st.Recipe()}, lr=[0.1, 0.2])


def test_a_comparison_of_equals_costs_no_more_looks_than_it_needs(tmp_path: Path) -> None:
    same = {"one": st.Recipe(width=8, depth=1), "other": st.Recipe(width=8, depth=1)}
    found = st.compare("iris", recipes=same, epochs=2, seeds=4, rates="same", workers=0, out=tmp_path / "run")
    assert found.verdicts[0].verdict.kind == "equivalent"
    assert (found.to_dict()["seeds"], found.to_dict()["planned_seeds"]) == (2, 4)
    assert found.to_dict()["looks"] == [10, 15, 20]
    assert any(note.startswith("Stopped after 10 of 20 runs of each") for note in found.to_dict()["notes"])
    every = st.compare(
        "iris", recipes=same, epochs=2, seeds=4, rates="same", workers=0, looks=False, out=tmp_path / "all"
    )
    assert len(every.rows[0].scores) == 20
    assert every.rows[0].scores[:10] == found.rows[0].scores
