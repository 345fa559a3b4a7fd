"""The measurements on public data: what is not there is left out, the page keeps its form and its rows."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
Load = Callable[[str], Any]


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Modules of the benchmark by name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module


def write_images(path: Path, count: int) -> None:
    draw, rows = np.random.default_rng(count), []
    for i in range(count):
        held = io.BytesIO()
        Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(held, "PNG")
        rows.append({"img": {"bytes": held.getvalue(), "path": ""}, "label": i % 2})
    pd.DataFrame(rows).to_parquet(path)


def write_table(path: Path, count: int) -> None:
    draw = np.random.default_rng(count)
    numbers = pd.DataFrame(draw.normal(size=(count, 14)))
    numbers[14] = np.where(draw.random(count) < 0.5, "<=50K", ">50K")
    numbers.to_csv(path, header=False, index=False)


def test_what_is_there_is_read_and_the_rest_is_left_out(tmp_path: Path) -> None:
    for part, count in (("train", 40), ("test", 24)):
        write_images(tmp_path / f"cifar10-{part}.parquet", count)
    command = [sys.executable, str(BENCHMARKS / "data.py"), str(tmp_path), "--repeats", "1", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert any(line.startswith("CIFAR-10, the first time: ") for line in lines)
    assert any(line.startswith("CIFAR-10, from its cache: ") for line in lines)
    assert any("small cnn" in line and "at most 15" in line for line in lines)
    assert not any(line.startswith("adult") for line in lines)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "data.py"), str(tmp_path / "none")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "no folder" in done.stderr


def test_tables_are_timed_as_they_are_read(load: Load, tmp_path: Path) -> None:
    for part, count in (("train", 60), ("test", 30)):
        write_table(tmp_path / f"adult-{part}.csv", count)
    assert 0 < load("data").read_once(tmp_path, "adult") < 60


def test_augmentation_is_a_share_of_the_same_rounds(load: Load) -> None:
    before = torch.get_num_threads()
    figure = load("data").augmentation(repeats=2, batches=1)
    torch.set_num_threads(before)
    assert len(figure.values) == 2
    assert all(value > -100 for value in figure.values)


def facts(score: float, task: str = "classification", **verdict: Any) -> dict[str, Any]:
    return {
        "study": {"task": task, "score_name": "accuracy", "score_unit": ""},
        "test": {
            "winner": {"score": score, "sd": 0.001, "n": 5},
            "baselines": [{"name": "linear", "score": 0.85}, {"name": "boosted trees", "score": 0.87}],
        },
        "verdict": verdict or None,
    }  # fmt: skip


def test_targets_are_those_of_the_commands(load: Load) -> None:
    cifar, adult, shakespeare, temperatures = load("data").COMMANDS
    assert [cifar.met(facts(s)) for s in (0.70, 0.69)] == [True, False]
    assert [adult.met(facts(s)) for s in (0.856, 0.854)] == [True, False]
    assert [shakespeare.met(facts(-s, "next-token")) for s in (1.9, 2.1)] == [True, False]
    naive = {"test": {"winner": {"score": -1.7}, "baselines": [{"name": "seasonal naive", "score": -2.9}]}}
    assert temperatures.met(naive)
    naive["test"]["winner"]["score"] = -3.0
    assert not temperatures.met(naive)


def page() -> str:
    return (BENCHMARKS / "results" / "data.md").read_text(encoding="utf-8")


def test_a_new_row_takes_the_place_of_its_command_and_the_others_stay(load: Load) -> None:
    data, module = load("data"), load("data_page")
    adult = data.COMMANDS[1]
    verdict = {"kind": "better", "effect": 0.0204, "low": 0.0123, "high": 0.0284, "n": 8}
    study = module.Study(adult.text, facts(0.871, **verdict), 151.2, adult.target, True)
    before = [line for line in page().splitlines() if line.startswith("| `")]
    text = module.with_studies(page(), [study], ["a day", "a machine", "versions"])
    after = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(after) == len(before) == 4
    changed = [line for line in after if line not in before]
    assert changed == [
        f"| `{adult.text}` | accuracy 0.8710 ± 0.0010, n = 5 | linear 0.8500, boosted trees 0.8700 |"
        " better, +0.0204 [+0.0123, +0.0284], 8 pairs | 2 min 31 s |"
    ]
    assert "a day  \na machine  \nversions  \nNot measured again, from an earlier day: 3 of 4 rows." in text
    assert "The files and where they come from" in text
    again = module.with_studies(text, [study], ["a day", "a machine", "versions"])
    assert again.count("Targets: ") == text.count("Targets: ") == 1


def test_the_paragraph_on_reading_is_replaced_not_repeated(load: Load) -> None:
    module = load("data_page")
    figure = module.Figure("adult", (0.5, 0.3, 0.4), 1.5, "s")
    assert (figure.middle, figure.met) == (0.4, True)
    text = module.with_readings(module.with_readings(page(), [figure], "then"), [figure], "now")
    assert text.count("\nReading") == 1
    assert text.endswith("\nReading and augmentation (now): adult 0.4 s.\n")
    assert [line for line in text.splitlines() if "|" in line] == [
        line for line in page().splitlines() if "|" in line
    ]


def test_too_few_pairs_are_said(load: Load) -> None:
    module = load("data_page")
    cells = module.Study("steepest tune x", facts(-1.739, "next-token"), 59.0, "", True).cells
    assert cells[1] == "1.739 ± 0.0010 nats a character, n = 5"
    assert cells[3] == module.HANDED_OUT
    assert cells[4] == "59 s"
    json.dumps(cells)
