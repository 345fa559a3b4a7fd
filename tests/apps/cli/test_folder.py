"""The run folder is proven writable before any work is done."""

from pathlib import Path

import pytest

from steepest.apps.cli.folder import writable
from steepest.base.errors import BadInput


def test_a_new_folder_is_made_and_left_empty(tmp_path):
    folder = writable(tmp_path / "a" / "b")
    assert folder.is_dir()
    assert list(folder.iterdir()) == []
    assert writable(folder) == folder


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
