"""A disk that is full, for real: one message, exit code 2, and what was stored before stays readable.

The disks are file systems in memory of a few kilobytes, which only root may mount; elsewhere these tests are
skipped. `tests/training/test_checkpoint.py` and `tests/experiment/test_folder.py` do with less.
"""

import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from steepest.apps.cli.main import main
from steepest.base.errors import StoreError
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.experiment.workers import Workers
from steepest.networks.ports import Ports
from steepest.rules.stacked import RuleState
from steepest.store.opening import open_journal
from steepest.store.records import Document
from steepest.training.checkpoint import Checkpoint, load, save
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.state import StackState

Disk = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """Makes a disk of so many kilobytes."""
    mounted: list[Path] = []

    def make(kilobytes: int) -> Path:
        place = tmp_path / f"disk-{kilobytes}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount command here")
        if done.returncode:
            pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("kilobytes", [16, 80, 120, 160])
def test_a_training_that_does_not_fit_says_so_in_one_message(
    kilobytes: int, disk: Disk, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 2\nwidth: 64\n")
    place = disk(kilobytes) / "run"
    assert main(["train", "iris", "--recipe", str(recipe), "--out", str(place), "--quiet"]) == 2
    told = capsys.readouterr().err.strip()
    assert told.startswith("error: ")
    assert str(place) in told
    assert "\n" not in told
    assert not list(place.glob("*.part"))
    if kilobytes > 100:
        with open_journal(place) as journal:  # whatever it had come to
            assert len(journal.members()) == 1


def test_a_journal_keeps_what_it_has_and_goes_on_once_there_is_room(disk: Disk) -> None:
    place = disk(300)
    ballast = place / "ballast"
    with open_journal(place, create=True) as journal:
        journal.record(documents=[Document("study", {"rows": 7})])
        with pytest.raises(OSError, match="No space left"):
            ballast.write_bytes(bytes(400_000))  # as much of it as fits
        with pytest.raises(StoreError, match="Free some space; what was recorded before is safe"):
            journal.record(documents=[Document("test", {"scores": list(range(5000))})])
        assert journal.document("study").body == {"rows": 7}  # type: ignore[union-attr]
        ballast.unlink()
        journal.record(documents=[Document("test", {"scores": [1]})])
    with open_journal(place) as journal:
        assert journal.document("study").body == {"rows": 7}  # type: ignore[union-attr]
        assert journal.document("test").body == {"scores": [1]}  # type: ignore[union-attr]


def test_a_checkpoint_that_does_not_fit_leaves_the_one_before(disk: Disk) -> None:
    ports, member = Ports.table(20, 1), Member(0, Recipe(depth=1, width=100), 0)
    theta = torch.arange(2201.0).unsqueeze(0)
    path = disk(48) / "stack"
    before = Checkpoint((member,), StackState(theta, RuleState.zeros(theta), [True], round=1))
    save(before, path, ports)
    with pytest.raises(StoreError, match=r"stack cannot be written .*[Nn]o space left"):
        save(
            Checkpoint((member,), StackState(theta + 1, RuleState.zeros(theta), [True], round=2)), path, ports
        )
    assert [each.name for each in path.parent.iterdir()] == ["stack"]
    found = load(path, ports)
    assert found.state.round == 1
    assert torch.equal(found.state.theta, theta)


def test_data_that_workers_cannot_share_is_told(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(disk(64)))
    data = read("digits")
    source = Source.of(data, [outer_split(data, 0)])
    with Workers(1) as workers:
        words = r"cannot hold the 0.[0-9] MB of data that the workers share .*set TMPDIR"
        with pytest.raises(StoreError, match=words):
            workers.serve(source)
