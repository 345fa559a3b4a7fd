"""What is kept for a machine: entries add up, and a settled answer is the same for every process."""

import json
import os
from pathlib import Path

import pytest

from steepest.training import kept
from steepest.training.kept import keep, read_kept, settled


def test_entries_add_up_and_the_last_word_counts(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "kept.json"
    keep(file, {"a": 1, "b": 2})
    keep(file, {"b": 3, "c": 4})
    assert read_kept(file) == {"a": 1, "b": 3, "c": 4}
    assert [each.name for each in file.parent.iterdir()] == ["kept.json"], "no partial file stays"


def test_machines_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "kept.json"
    keep(file, {"a": 1})
    monkeypatch.setattr(kept, "machine", lambda: "another")
    assert read_kept(file) == {}
    keep(file, {"a": 2})
    monkeypatch.undo()
    assert read_kept(file) == {"a": 1}


def test_an_answer_is_that_of_the_first_to_ask(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    assert settled(file, lambda: False, otherwise=True) is False
    assert settled(file, lambda: pytest.fail("it is settled"), otherwise=True) is False


def test_the_quicker_of_two_processes_settles_it(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"

    def overtaken() -> bool:
        file.write_text(json.dumps(False))
        return True

    assert settled(file, overtaken, otherwise=True) is False
    assert [each.name for each in tmp_path.iterdir()] == ["answer.json"]


def test_where_nothing_can_be_kept_all_processes_agree(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    for found in (False, True):
        assert settled(tmp_path / "file" / "answer.json", lambda found=found: found, otherwise=True) is True


def test_a_disk_that_knows_no_links_falls_back_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_given: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refused)
    assert settled(tmp_path / "answer.json", lambda: False, otherwise=True) is True
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_answer_does_not_stop_anybody(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    file.write_text("{")
    assert settled(file, lambda: False, otherwise=True) is True


def test_the_key_names_the_machine_and_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    here = kept.machine.__wrapped__()
    assert here == kept.machine()
    monkeypatch.setattr(kept, "processor", lambda: "another processor")
    assert kept.machine.__wrapped__() != here
