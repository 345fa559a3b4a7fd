"""Several data sets: the common scale, its floors, and tests with data sets as units."""

import json
from typing import Any

import numpy as np
import pytest

from steepest.apps.suite import SuiteResult, compare_suite
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.candidates import Candidate
from steepest.experiment.compared import Compared, Trained, judged
from steepest.experiment.suite import across, suite_of, useless

NOISE = np.array([-0.01, 0.01, -0.005, 0.005, 0.0, 0.0, 0.008, -0.008])


def task(name: str, first: float, second: float) -> Compared:
    parts = [
        Trained(Candidate(label, Recipe()), (0.1,) * 8, (1.0,), (mean + NOISE)[:, None], 0.1)
        for label, mean in (("a", first), ("b", second))
    ]
    return judged("optimizer", "accuracy", parts, "a", 0.25, 0, {"data": name})


def test_scores_stand_between_a_useless_network_and_a_perfect_one() -> None:
    found = across("toy", [task(f"t{i}", 0.6, 0.8) for i in range(6)], [0.5] * 6)
    assert found.standings[0].mean.value == pytest.approx(0.2, abs=0.01)
    assert found.standings[1].mean.value == pytest.approx(0.6, abs=0.01)
    assert found.pairs[0].losses == 6
    assert found.pairs[0].p_adjusted == pytest.approx(2 / 2**6)
    assert found.ranking.names == ("b", "a")
    json.dumps(found.to_dict(), allow_nan=False)


def test_diverged_runs_count_as_useless() -> None:
    broken = task("t", 0.9, np.nan)
    found = across("toy", [broken], [0.5])
    assert found.standings[1].mean.value == 0.0
    assert found.standings[1].diverged == 8


def test_floors_are_what_no_learning_scores() -> None:
    assert useless(read("iris"), "accuracy") == pytest.approx(1 / 3)
    assert useless(read("diabetes"), "r2") == 0.0
    with pytest.raises(BadInput, match="must be accuracy or r2 across data sets"):
        useless(read("iris"), "auc")
    with pytest.raises(BadInput, match="Did you mean 'small'"):
        suite_of("smal")


def test_its_tables_and_files_agree(tmp_path: Any) -> None:
    found: SuiteResult = compare_suite(
        optimizer=["sgd", "adam"], tasks=("iris", "wine"), epochs=2, seeds=1, rates="same", workers=0,
        fix={"width": 8, "depth": 1}, out=tmp_path / "run",
    )  # fmt: skip
    kept = json.loads((tmp_path / "run" / "suite.json").read_text(encoding="utf-8"))
    assert kept == json.loads(json.dumps(found.to_dict()))
    frame, page = found.to_frame(), found.report().read_text(encoding="utf-8")
    for row in kept["rows"]:
        assert list(frame[row["label"]]) == row["scores"]
        assert f"{row['scores'][0]:.3f}".lstrip("-") in page
        assert f"{row['mean']:.3f}".lstrip("-") in page
    assert "No optimizer is shown to be better than another over 2 data sets" in found.summary()
    with pytest.raises(BadInput, match=r"out must not hold suite\.json already"):
        compare_suite(optimizer=["sgd", "adam"], tasks=("iris",), out=tmp_path / "run")
