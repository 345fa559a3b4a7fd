"""The run folder: nothing is overwritten, and what cannot be written is said before the work begins."""

import os
from pathlib import Path

import pytest

from steepest.base.errors import BadInput, StoreError
from steepest.experiment.folder import FILES, free, newest, prepare, write_text


def test_a_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_a_run_is_not_overwritten(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(BadInput, match=f"out must not hold {name} already"):
        prepare(tmp_path)
    assert (tmp_path / name).read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_what_is_not_a_runs_file_may_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    prepare(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.txt"]


def test_a_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    for place in (tmp_path / "runs", tmp_path / "runs" / "deeper"):
        with pytest.raises(BadInput, match="out must be a folder that can be written"):
            prepare(place)


def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "run"
    if os.geteuid() == 0:  # root may write everywhere but here
        place = Path("/proc/run")
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(BadInput, match="can be written"):
            prepare(place)
    finally:
        tmp_path.chmod(0o700)


def test_text_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "größer")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "größer"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    with pytest.raises(StoreError, match=r"gone.*could not be written"):
        write_text(tmp_path / "gone" / "a.txt", "x")


def test_numbered_folders_go_on_after_the_newest(tmp_path: Path) -> None:
    assert (free("iris", tmp_path).name, newest("iris", tmp_path)) == ("iris-1", [])
    for name in ("iris-2", "iris-10", "iris-compare-12", "iris-x", "irises-99"):
        (tmp_path / name).mkdir()
    assert newest("iris", tmp_path) == [tmp_path / "iris-10"]
    assert free("iris", tmp_path).name == "iris-11"
