"""One table in every form gives one data set; built-in names and real files read as they should."""

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from steepest.data import builtin
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.split import outer_split

REAL = Path(__file__).parents[3] / "shared" / "data"


def real(name: str) -> Path:
    if not (REAL / name).is_file():
        pytest.skip(f"{name} is not present")
    return REAL / name


def table() -> pd.DataFrame:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": draw.integers(18, 90, 60).astype(float),
            "weight": draw.normal(70, 9, 60).round(2),
            "town": draw.choice(["Ede", "Goes", "Urk"], 60),
            "ill": draw.choice(["no", "yes"], 60),
        }
    )
    frame.loc[7, ["age", "town"]] = None
    return frame


class Polars:
    """Any frame that can turn itself into pandas."""

    def to_pandas(self) -> pd.DataFrame:
        return table()


def test_one_table_in_every_form_is_one_data_set(tmp_path: Path) -> None:
    frame = table()
    frame.to_csv(tmp_path / "comma.csv", index=False)
    frame.to_csv(tmp_path / "tab.tsv", index=False, sep="\t", na_rep=" ? ")
    frame.to_csv(tmp_path / "semi.txt", index=False, sep=";", na_rep="NULL")
    frame.to_parquet(tmp_path / "same.parquet")
    files = [tmp_path / name for name in ("comma.csv", "tab.tsv", "semi.txt", "same.parquet")]
    sources = [frame, Polars(), *files, *map(str, files)]
    prints = {read(source, "ill").fingerprint for source in sources}
    prints.add(read((frame.drop(columns="ill"), frame["ill"])).fingerprint)
    prints.add(read((frame.drop(columns="ill"), frame["ill"].to_numpy()), "ill").fingerprint)
    assert len(prints) == 1
    data = read(files[0], "ill")
    assert data.name == "comma"
    assert data.feature_names == (
        "age",
        "age is missing",
        "weight",
        *(f"town={t}" for t in data.columns[2].values),
        "town is missing",
    )
    assert np.isnan(data.x[7, 0])
    assert data.x[7, 1] == data.x[7, -1] == 1


def test_a_data_set_is_returned_as_it_is() -> None:
    data = read("iris")
    assert read(data) is data


def test_arrays_in_memory_and_on_disk_are_one_data_set(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 3
    np.savez(tmp_path / "whole.npz", x=x, y=y)
    np.savez_compressed(tmp_path / "named.npz", X_train=x, Y_train=y)
    prints = {
        read(source).fingerprint for source in ((x, y), [x.tolist(), y.tolist()], tmp_path / "whole.npz")
    }
    prints |= {read(tmp_path / "named.npz").fingerprint, read((x, y[:, None])).fingerprint}
    assert len(prints) == 1


def test_test_arrays_become_the_outer_test_set(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(50, 2)), np.array([0, 1] * 25, float)
    y[45] = np.nan
    np.savez(tmp_path / "t.npz", x=x[:40], y=y[:40], x_test=x[40:], y_test=y[40:])
    data = read(tmp_path / "t.npz")
    split = outer_split(data, 0)
    np.testing.assert_array_equal(data.x[split.held_out], np.delete(x, 45, axis=0)[40:].astype(np.float32))
    assert len(split.train) == 40


def test_index_and_row_order_of_a_frame_do_not_confuse() -> None:
    frame = table()
    shuffled = frame.set_axis(np.arange(60)[::-1])
    assert read(shuffled, "ill").fingerprint == read(frame, "ill").fingerprint
    targets = frame["ill"].set_axis(range(100, 160))
    assert read((shuffled.drop(columns="ill"), targets)).fingerprint == read(frame, "ill").fingerprint


def test_header_task_and_name_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "years.csv"
    path.write_text("1990,1991,1992\n" + "".join(f"{n / 3:.2f},{n * n / 7:.2f},{n % 3}\n" for n in range(30)))
    data = read(path, "1992", header=True, task="regression", name="rain")
    assert (data.rows, data.task, data.name) == (30, "regression", "rain")


@pytest.mark.parametrize("name", builtin.NAMES)
def test_built_in_sets_are_ready_to_train_on(name: str) -> None:
    data = read(name)
    assert isinstance(data, DataSet)
    assert (data.name, data.rows >= 150, np.isfinite(data.x).all()) == (name, True, True)
    assert read(name).fingerprint == data.fingerprint


def test_bundled_labels_keep_scikit_learns_codes() -> None:
    data = read("breast_cancer")
    assert data.classes == ("malignant", "benign")
    assert np.bincount(data.y).tolist() == [212, 357]
    assert data.feature_names[0] == "mean radius"


def test_the_digits_are_scikit_learns() -> None:
    """They are read from its file, without importing it."""
    found, theirs = read("digits"), load_digits()
    assert np.array_equal(found.x, theirs.data.astype(np.float32))
    assert np.array_equal(found.y, theirs.target)
    assert [column.name for column in found.columns] == theirs.feature_names


def test_a_file_wins_over_a_built_in_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table().to_csv(tmp_path / "iris.csv", index=False)
    monkeypatch.chdir(tmp_path)
    assert read("iris.csv", "ill").classes == ("no", "yes")
    assert read("iris").rows == 150


@pytest.mark.parametrize(
    ("name", "target", "summary"),
    [
        ("adult-train.csv", 14, "(<=50K 75.9%, >50K 24.1%), 32,561 rows, 108 inputs"),
        ("phoneme.csv", "5", "(0 70.7%, 1 29.3%), 5,404 rows, 5 inputs"),
        ("mammography.csv", 6, "(-1 97.7%, 1 2.3%), 11,183 rows, 6 inputs"),
        ("german.csv", 20, "(1 70.0%, 2 30.0%), 1,000 rows, 61 inputs"),
        ("horse-colic.csv", 23, "(1 63.7%, 2 36.3%), 300 rows, 48 inputs"),
        ("pollution.csv", "pm2.5", "regression of 'pm2.5', 41,757 rows, 14 inputs, columns left out: 1"),
        ("daily-min-temperatures.csv", "Temp", "regression of 'Temp', 3,650 rows, 5 inputs"),
    ],
)
def test_real_files(name: str, target: str | int, summary: str) -> None:
    assert read(real(name), target).summary.endswith(summary)


def test_wine_quality_is_classes_unless_amounts_are_asked_for() -> None:
    path = real("winequality-white.csv")
    assert read(path, 11).classes == ("3", "4", "5", "6", "7", "8", "9")
    data = read(path, 11, task="regression")
    assert data.y.dtype == np.float64
    split = outer_split(data, 0)
    assert not set(data.groups[split.train]) & set(data.groups[split.held_out])
    assert len(split.held_out) == round(0.2 * data.rows)


def test_adult_reads_within_a_second_and_a_half() -> None:
    path = real("adult-train.csv")
    start = time.process_time()
    read(path, 14)
    assert time.process_time() - start < 1.5


def test_importing_the_reader_loads_nothing_heavy() -> None:
    heavy = {"torch", "sklearn", "scipy"}
    code = f"import sys, steepest.data.read; print(*{heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
