"""Room is freed where that was asked for, and nowhere else."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from steepest.apps.pruning import duration_of, prune
from steepest.apps.run_folders import runs
from steepest.base.errors import BadInput
from steepest.store import Document, open_journal


def forge(
    home: Path, name: str, days: float, score: float | None, end: str = "budget", data: str = "a"
) -> None:
    """A run that began so many days ago, with states that were kept."""
    started = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    with open_journal(home / name, create=True) as journal:
        about = {"data": data, "fingerprint": data, "score_name": "accuracy", "started": started}
        documents = [Document("study", about), Document("curse", {"confirmed_mean": score})]
        if end:
            documents.append(Document("end", {"reason": end}))
        journal.record(documents=documents)
    (home / name / "states").mkdir()
    (home / name / "states" / "7.safetensors").write_bytes(b"x" * 1000)
    (home / name / "report.html.part").write_bytes(b"x" * 24)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    forge(tmp_path, "old-best", 90, 0.99)
    forge(tmp_path, "old", 60, 0.95)
    forge(tmp_path, "new", 1, 0.90)
    forge(tmp_path, "other", 50, 0.10, data="b")
    forge(tmp_path, "killed", 70, None, end="")
    return tmp_path


def names(path: Path) -> set[str]:
    return {each.name for each in path.iterdir()}


def test_only_what_can_be_made_again_goes(home: Path) -> None:
    (pruned,) = runs(home).prune("old")
    assert pruned.bytes == 1024
    assert names(home / "old") == {"study.db"}
    assert "states" in names(home / "old-best")


def test_a_dry_run_removes_nothing(home: Path) -> None:
    planned = runs(home).prune(older_than="30d", dry_run=True)
    assert {each.run.name: each.bytes for each in planned} == {
        "old-best": 1024, "old": 1024, "other": 1024, "killed": 24,
    }  # fmt: skip
    assert all(names(folder) == {"study.db", "states", "report.html.part"} for folder in home.iterdir())


def test_states_that_a_study_is_resumed_from_stay(home: Path) -> None:
    runs(home).prune(older_than="30d")
    assert names(home / "killed") == {"study.db", "states"}
    (kept,) = runs(home).prune("killed")
    assert kept.kept == "it is resumed from its states"


def test_the_best_for_each_data_set_are_left_out(home: Path) -> None:
    assert {p.run.name for p in runs(home).prune(keep_best=1, dry_run=True)} == {"old", "new", "killed"}
    both = runs(home).prune(keep_best=1, older_than="30d", dry_run=True)
    assert {p.run.name for p in both} == {"old", "killed"}


def keep_networks(folder: Path) -> None:
    (folder / "finalists").mkdir()
    (folder / "finalists" / "default.safetensors").write_bytes(b"x" * 300)
    for name in ("ensemble.safetensors", "model.safetensors", "checkpoint.safetensors"):
        (folder / name).write_bytes(b"x" * 50)


def test_finalists_and_ensembles_only_where_asked_for(home: Path) -> None:
    for name in ("old", "killed"):
        keep_networks(home / name)
    (pruned,) = runs(home).prune("old")
    assert (pruned.bytes, [path.name for path in pruned.stay]) == (
        1024,
        ["finalists", "ensemble.safetensors"],
    )
    (pruned,) = runs(home).prune("old", networks=True)
    assert (pruned.bytes, pruned.stay) == (350, ())
    assert names(home / "old") == {"study.db", "model.safetensors", "checkpoint.safetensors"}
    (pruned,) = runs(home).prune("killed", networks=True)
    assert [path.name for path in pruned.stay] == ["finalists", "ensemble.safetensors"]
    assert {"states", "finalists", "ensemble.safetensors"} <= names(home / "killed")


def test_a_link_to_networks_elsewhere_stays(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("networks")
    (home / "old" / "finalists").symlink_to(elsewhere)
    runs(home).prune("old", networks=True)
    assert (home / "old" / "finalists").is_symlink()
    assert elsewhere.exists()


def test_whole_folders_only_where_asked_for(home: Path) -> None:
    runs(home).prune("old", "killed", whole=True)
    assert names(home) == {"old-best", "new", "other"}


def test_a_link_to_a_folder_elsewhere_stays(home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    forge(elsewhere, "run", 9, 0.5)
    (home / "link").symlink_to(elsewhere / "run")
    (kept,) = runs(home).prune("link", whole=True)
    assert kept.kept == "a link to a folder elsewhere"
    assert (home / "link").exists()


def test_a_folder_that_cannot_be_read_is_not_touched(home: Path) -> None:
    (home / "new" / "study.db").write_text("damaged")
    runs(home).prune(keep_best=0, whole=True)
    assert names(home) == {"new"}


def test_somebody_has_to_say_which(home: Path) -> None:
    with pytest.raises(BadInput, match="must be told which runs"):
        prune(list(runs(home)), named=False)
    with pytest.raises(BadInput, match="0 or more runs"):
        prune(list(runs(home)), named=False, keep_best=-1)


@pytest.mark.parametrize("text", ["30", "d", "-1d", "3 months", ""])
def test_times_that_cannot_be_read(text: str) -> None:
    with pytest.raises(BadInput, match="hours, days or weeks"):
        duration_of(text)
