"""From data to a confirmed recipe, end to end, with budgets of a dozen members."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from steepest.apps import going_on
from steepest.apps.api import train, tune
from steepest.apps.result import Result
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.data.standardise import Standardiser
from steepest.experiment.folder import CHECKPOINT, DATA, FILES, MODEL, RECIPE, REPORT, SCRIPT
from steepest.experiment.settings import Settings
from steepest.networks.architecture import bins_of, load, spec_of
from steepest.store.opening import open_journal
from steepest.training.source import ports_of

FIX = {"epochs": 3, "width": 16, "depth": 1}


def small(data: Any, out: Path, **options: Any) -> Result:
    """A dozen members, three epochs each."""
    return tune(data, **{"budget": "12trials", "fix": FIX, "workers": 0, "out": out, **options})


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return small("wine", tmp_path_factory.mktemp("wine") / "run")


@pytest.fixture(scope="module")
def diabetes(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return small("diabetes", tmp_path_factory.mktemp("diabetes") / "run", fix={**FIX, "epochs": 9})


def test_everything_is_there(wine: Result) -> None:
    assert {p.name for p in wine.folder.iterdir()} == {*FILES, CHECKPOINT}
    assert Recipe.load(wine.folder / RECIPE) == wine.recipe
    assert wine.recipe.epochs == 3
    assert wine.verdict is not None
    assert wine.report() == wine.folder / REPORT
    page = wine.report().read_text(encoding="utf-8")
    assert page.lower().startswith("<!doctype html")
    assert wine.verdict.sentence in re.sub(r"\s+", " ", page)
    assert wine.test["n"] == len(wine.test["winner"]["scores"]) == 5
    assert {row["name"] for row in wine.test["baselines"]} == {"linear model", "gradient-boosted trees"}


def test_the_result_prints_itself(wine: Result) -> None:
    text = wine.summary()
    assert text == repr(wine)
    assert text.startswith("wine · classification")
    assert "all trials were used up" in text
    assert "<iframe" in wine._repr_html_()
    json.dumps(wine.to_dict(), allow_nan=False)


def scores_of(folder: Path) -> dict[int, Any]:
    with open_journal(folder) as journal:
        plans = {p.member: (p.recipe, p.seed, p.split, p.origin) for p in journal.members()}
        return {o.member: (plans[o.member], o.status, o.score) for o in journal.outcomes()}


@pytest.mark.parametrize("workers", [0, 2])
def test_a_study_is_a_function_of_its_seed(wine: Result, workers: int, tmp_path: Path) -> None:
    again = small("wine", tmp_path / "run", workers=workers)
    assert again.recipe == wine.recipe
    assert scores_of(again.folder) == scores_of(wine.folder)
    assert again.verdict == wine.verdict
    assert again.test["winner"] == wine.test["winner"]
    assert again.test["default"] == wine.test["default"]
    for a, b in zip(again.network.parameters(), wine.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_another_seed_is_another_study(wine: Result, tmp_path: Path) -> None:
    other = small("wine", tmp_path / "run", seed=1)
    assert scores_of(other.folder) != scores_of(wine.folder)


def test_predictions_are_as_good_as_reported(wine: Result) -> None:
    data = read("wine")
    rows = outer_split(data, 0).held_out
    guess = wine.predict(data.x[rows])
    truth = np.array(data.classes)[data.y[rows]]
    assert np.mean(guess == truth) == pytest.approx(wine.test["winner"]["scores"][0])
    assert wine.predict(data.x[0]).shape == (1,)  # one row will do


def test_predictions_of_numbers_are_in_their_own_unit(diabetes: Result) -> None:
    data = read("diabetes")
    rows = outer_split(data, 0).held_out
    y, guess = data.y[rows], diabetes.predict(data.x[rows])
    r2 = 1 - ((guess - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert r2 == pytest.approx(diabetes.test["winner"]["scores"][0], abs=1e-5)
    rmse = float(np.sqrt(np.mean((guess - y) ** 2)))
    assert diabetes.test["metrics"]["rmse"] == pytest.approx(rmse, rel=1e-5)


def test_another_number_of_columns_is_refused(wine: Result) -> None:
    with pytest.raises(BadInput, match="x must have the 13 inputs of the training data"):
        wine.predict(np.zeros((2, 5)))


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_the_saved_model_is_the_network(name: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(name)
    data = read(name)
    ports = ports_of(data)
    network = load(spec_of(result.recipe, ports), load_file(result.folder / MODEL)).eval()
    standard = Standardiser.fit(data, outer_split(data, 0).train)
    x = torch.from_numpy(standard.x(data, bins_of(result.recipe, ports)))
    with torch.no_grad():
        assert torch.equal(network(x), result.network(x))
    with safe_open(result.folder / MODEL, framework="pt") as file:
        known = file.metadata()
    assert Recipe(**json.loads(known["recipe"])) == result.recipe
    assert known["fingerprint"] == data.fingerprint
    assert tuple(known["classes"].split("\n")) == (data.classes or ("",))


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_the_script_retrains_and_prints_the_metric(name: str, request: pytest.FixtureRequest) -> None:
    result: Result = request.getfixturevalue(name)
    script = result.folder / SCRIPT
    assert "steepest" not in re.sub(r"#.*|\"\"\".*?\"\"\"", "", script.read_text(), flags=re.DOTALL)
    done = subprocess.run(
        [sys.executable, script.name],
        cwd=script.parent,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    metric = "accuracy" if name == "wine" else "r2"
    found = re.search(rf"{metric}\D*?(-?\d+\.\d+)", done.stdout.lower().replace("r²", "r2"))
    assert found, done.stdout
    assert abs(float(found[1]) - result.test["winner"]["mean"]) < 0.3  # another seed of the same recipe


def test_the_data_beside_the_script_are_the_rows_and_the_divisions(wine: Result) -> None:
    data = read("wine")
    with np.load(wine.folder / DATA, allow_pickle=False) as saved:
        np.testing.assert_array_equal(saved["x"], data.x)
        np.testing.assert_array_equal(saved["y"], data.y)
        np.testing.assert_array_equal(saved["test_rows"], outer_split(data, 0).held_out)


def table(rows: int = 120) -> pd.DataFrame:
    """Two classes by name, gaps in numbers and words, a category."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=rows), rng.normal(size=rows)
    label = np.where(a + b + 0.3 * rng.normal(size=rows) > 0, "yes", "no")
    frame = pd.DataFrame({"a": a, "b": b, "town": rng.choice(["Ulm", "Bonn"], rows), "label": label})
    frame.loc[rng.random(rows) < 0.1, "a"] = np.nan
    frame.loc[rng.random(rows) < 0.1, "town"] = None
    return frame


def test_two_classes_by_name_with_gaps_and_categories(tmp_path: Path) -> None:
    result = small(table(), tmp_path, target="label", fix={**FIX, "epochs": 9})
    assert result.test["winner"]["mean"] > 0.6
    data = read(table(), "label")
    assert np.isnan(data.x).any()
    assert set(result.predict(data.x)) == {"no", "yes"}


def test_arrays(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(80, 3))
    result = small((x, 3.0 * x[:, 0] + 7.0), tmp_path, task="regression", fix={**FIX, "epochs": 9})
    assert result.verdict is not None
    assert result.predict(x).shape == (80,)


@pytest.mark.parametrize(
    ("data", "objective"),
    [("iris", "balanced_accuracy"), ("iris", "log_loss"), ("diabetes", "rmse"), ("diabetes", "mae")],
)
def test_objectives(data: str, objective: str, tmp_path: Path) -> None:
    result = small(data, tmp_path, objective=objective)
    sign = 1 if objective == "balanced_accuracy" else -1
    assert result.test["winner"]["scores"][0] == pytest.approx(sign * result.test["metrics"][objective])
    with open_journal(tmp_path) as journal:
        document = journal.document("study")
        assert document is not None
        assert document.body["score_name"] == objective


def test_an_objective_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="objective must suit classification"):
        small("iris", tmp_path / "run", objective="r2")
    assert not (tmp_path / "run").exists()


def test_nothing_is_overwritten(wine: Result) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in wine.folder.iterdir()}
    with pytest.raises(BadInput, match="out must not hold"):
        small("wine", wine.folder)
    assert {p.name: p.stat().st_mtime_ns for p in wine.folder.iterdir()} == before


def test_folders_are_numbered_where_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [train("iris", recipe={**FIX}).folder for _ in range(2)]
    assert folders == [Path("runs/iris-train-1"), Path("runs/iris-train-2")]


def test_train_follows_the_recipe(wine: Result, tmp_path: Path) -> None:
    result = train("wine", recipe=wine.folder / RECIPE, out=tmp_path / "run", seed=3)
    assert result.recipe == wine.recipe
    assert result.verdict is None
    assert {p.name for p in result.folder.iterdir()} == set(FILES)
    data = read("wine")
    rows = outer_split(data, 3).held_out
    truth = np.array(data.classes)[data.y[rows]]
    assert np.mean(result.predict(data.x[rows]) == truth) == pytest.approx(result.test["winner"]["mean"])
    assert "Trained by a known recipe" in result.summary()


@pytest.mark.parametrize(
    ("seed", "workers", "what"), [(-1, 0, "seed"), (0, -2, "workers"), (True, 0, "seed"), (0.5, 0, "seed")]
)
def test_bad_settings_are_refused(seed: Any, workers: int, what: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=f"{what} must be"):
        small("iris", tmp_path / "run", seed=seed, workers=workers)


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_precision_reaches_the_study(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    class Stopped(Exception):
        pass

    asked: list[str] = []

    def begin(_read: object, settings: Settings, _listener: object) -> None:
        asked.append(settings.precision)
        raise Stopped

    monkeypatch.setattr(going_on, "begin", begin)
    with pytest.raises(Stopped):
        tune("iris", precision=precision)
    assert asked == [precision]
    with pytest.raises(BadInput, match=r"precision must be auto or float32.*Did you mean 'float32'"):
        tune("nowhere.csv", precision="floa32")
