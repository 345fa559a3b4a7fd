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
