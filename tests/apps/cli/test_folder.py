"""The run folder is proven writable before any work is done."""

from pathlib import Path

import pytest

from steepest.apps.cli.folder import writable
from steepest.base.errors import BadInput


def test_nothing_is_left_behind_whether_the_folder_exists_or_not(tmp_path):
    assert writable(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert writable(tmp_path) == tmp_path
    assert list(tmp_path.iterdir()) == []


def test_a_relative_folder_is_looked_for_from_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert writable(Path("runs/mine")) == Path("runs/mine")


def test_a_link_to_nowhere_is_in_the_way(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(BadInput, match="must be a folder"):
        writable(tmp_path / "link" / "run")


def test_no_folder_stays_undecided():
    assert writable(None) is None


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "taken").write_text("mine")
    for out in (tmp_path / "taken", tmp_path / "taken" / "run"):
        with pytest.raises(BadInput, match=r"must be a folder, but got .*taken is a file"):
            writable(out)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_place_that_takes_no_files_is_refused():
    with pytest.raises(
        BadInput, match=r"--out must be a folder that can be written, but got '/proc/steepest'"
    ):
        writable(Path("/proc/steepest"))


def test_what_was_finished_is_never_written_over(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInput, match=r"--out must be a new or empty folder, .* It holds thesis.tex\."):
        writable(tmp_path)


def test_a_study_may_go_on(tmp_path):
    (tmp_path / "study.db").write_text("whether it is this one is seen later")
    assert writable(tmp_path) == tmp_path
