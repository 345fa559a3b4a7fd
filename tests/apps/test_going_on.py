"""Studies that go on: by the same command, by name, beyond what they were begun for; and what is refused."""

import json
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest

import steepest as st
from steepest.base.errors import BadInput, StoreError
from steepest.base.progress import Progress, Silent
from steepest.store.opening import open_journal
from steepest.testing.cluster import Cluster

ASKED: dict[str, Any] = {"budget": "20trials", "fix": {"epochs": 3, "width": 8, "depth": 1}, "workers": 0}


class Stopped(Exception):
    """The study ends here, as if it had been killed."""


class Fatal(Silent):
    """Ends a study as it comes to a stage, and hears what is said."""

    def __init__(self, stage: str = "") -> None:
        self.stage, self.said = stage, list[str]()

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def progress(self, progress: Progress) -> None:
        if progress.stage == self.stage:
            raise Stopped


def scores(folder: Path | str) -> list[tuple[int, float]]:
    with open_journal(folder) as journal:
        return [(p.member, p.score) for p in journal.curves()]


def stopped(stage: str, **asked: Any) -> None:
    with pytest.raises(Stopped):
        st.tune(**{**ASKED, **asked}, listener=Fatal(stage))


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight")
    st.tune("iris", **ASKED, out=folder)
    return folder


@pytest.mark.parametrize("stage", ["calibrate", "search", "confirm", "test", "write"])
def test_the_same_command_goes_on(stage: str, straight: Path, tmp_path: Path) -> None:
    stopped(stage, data="iris", out=tmp_path / "run")
    listener = Fatal()
    st.tune("iris", **ASKED, out=tmp_path / "run", listener=listener)
    assert f"{tmp_path / 'run'} holds this study, unfinished" in listener.said[0]
    assert scores(tmp_path / "run") == scores(straight)


def test_the_newest_numbered_folder_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stopped("search", data="iris")
    other = st.tune("iris", **{**ASKED, "seed": 1})
    assert other.folder == Path("runs/iris-2")
    stopped("search", data="iris", seed=3)
    assert st.tune("iris", **{**ASKED, "seed": 3}).folder == Path("runs/iris-3")
    assert st.tune("iris", **{**ASKED, "seed": 3}).folder == Path("runs/iris-4")


def test_time_counts_from_when_it_was_asked_to_go_on(tmp_path: Path) -> None:
    """Loading libraries and data is part of a sitting; what earlier sittings took is not lost."""
    stopped("search", data="iris", out=tmp_path / "run")
    result = st.resume(tmp_path / "run", workers=0, started=time.perf_counter() - 1000)
    with open_journal(tmp_path / "run") as journal:
        clocks = [document.body["elapsed"] for document in journal.documents("clock")]
        timing = journal.document("timing")
    assert timing is not None
    assert timing.body["total_seconds"] > clocks[-1] > 1000 + clocks[0]
    assert timing.body["total_seconds"] == result.facts.total_seconds
    assert sum(stage["seconds"] for stage in timing.body["stages"]) > 1000


@pytest.mark.parametrize("damage", ["gone", "cut short"])
def test_states_that_are_lost_are_trained_again(damage: str, straight: Path, tmp_path: Path) -> None:
    with pytest.raises(Stopped):
        st.tune("iris", **ASKED, out=tmp_path / "run", listener=OnceKept(tmp_path / "run" / "states"))
    files = list((tmp_path / "run" / "states").glob("wave-*/*.safetensors"))
    assert files
    for file in files:
        file.unlink() if damage == "gone" else file.write_bytes(file.read_bytes()[:-9])
    st.resume(tmp_path / "run", workers=0)
    members, found = zip(*scores(tmp_path / "run"), strict=True)
    assert members == tuple(member for member, _ in scores(straight))
    np.testing.assert_allclose(found, [score for _, score in scores(straight)], atol=0.04)
    assert not (tmp_path / "run" / "states").exists()


class OnceKept(Fatal):
    """Ends a study once states of its members have been kept."""

    def __init__(self, place: Path) -> None:
        super().__init__()
        self.place = place

    def progress(self, progress: Progress) -> None:
        if progress.stage == "search" and any(self.place.glob("wave-*")):
            raise Stopped


def test_a_folder_is_enough_also_where_it_has_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, moved = tmp_path / "desk", tmp_path / "laptop"
    home.mkdir()
    frame = pd.DataFrame({"dose": np.linspace(0, 1, 60), "cured": ["no", "yes", "yes"] * 20})
    frame.to_csv(home / "people.csv", index=False)
    monkeypatch.chdir(home)
    stopped("confirm", data="people.csv", target="cured", out="runs/people")
    monkeypatch.chdir(tmp_path)
    shutil.move(home, moved)
    result = st.resume(moved / "runs" / "people", workers=0)
    assert result.verdict is not None
    (moved / "people.csv").unlink()
    with pytest.raises(BadInput, match=r"data must still be where they were, but got 'people.csv'"):
        st.resume(moved / "runs" / "people", budget="3trials", workers=0)


def test_other_data_are_refused_and_the_study_stays_as_it_was(tmp_path: Path) -> None:
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.arange(60) % 2
    stopped("search", data=(x, y), out=tmp_path / "run")
    before = scores(tmp_path / "run")
    with pytest.raises(BadInput, match="data must be given again: they were objects in memory"):
        st.resume(tmp_path / "run", workers=0)
    with pytest.raises(BadInput, match=r"fingerprint \w+, but got 'arrays with the fingerprint \w+'"):
        st.resume(tmp_path / "run", (x + 1, y), workers=0)
    assert scores(tmp_path / "run") == before
    assert st.resume(tmp_path / "run", (x, y), workers=0).verdict is not None


def test_an_extension_counts_earlier_work_and_confirms_anew(tmp_path: Path, straight: Path) -> None:
    shutil.copytree(straight, tmp_path / "run")
    with pytest.raises(BadInput, match="resume must name a study with something left to do"):
        st.resume(tmp_path / "run", workers=0)
    result = st.resume(tmp_path / "run", budget="6trials", space={"width": "4..16"}, workers=0)
    with open_journal(tmp_path / "run") as journal:
        members, looks = journal.members(), journal.documents("finalists")
    candidates = [m for m in members if m.stage == "search" and not m.label]
    assert len(candidates) == 26
    assert {m.recipe["width"] for m in candidates[:20]} == {8}
    assert {m.recipe["width"] for m in candidates[20:]} != {8}
    confirmed = [m for m in members if m.stage == "confirm"]
    first = {m.split for m in confirmed if m.replicate < 20}
    assert first
    assert first.isdisjoint(m.split for m in confirmed if m.replicate >= 20)
    assert len(looks) == 2
    assert len(result.facts.of("confirm")) < len(confirmed)  # the page shows the newest confirmation
    assert scores(tmp_path / "run")[: len(scores(straight))] == scores(straight)


def test_an_extension_that_was_stopped_goes_on(tmp_path: Path, straight: Path) -> None:
    shutil.copytree(straight, tmp_path / "a")
    shutil.copytree(straight, tmp_path / "b")
    st.resume(tmp_path / "a", budget="6trials", workers=0)
    with pytest.raises(Stopped):
        st.resume(tmp_path / "b", budget="6trials", workers=0, listener=SecondTime("confirm"))
    st.resume(tmp_path / "b", workers=0)
    assert scores(tmp_path / "a") == scores(tmp_path / "b")


class SecondTime(Fatal):
    """Ends a study when it comes to a stage for the second time."""

    def __init__(self, stage: str) -> None:
        super().__init__(stage)
        self._before, self._times = "", 0

    def progress(self, progress: Progress) -> None:
        self._times += progress.stage == self.stage != self._before
        self._before = progress.stage
        if self._times == 2:
            raise Stopped


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"fix": {"lr": 0.1}}, "budget must be given where a study is extended"),
        ({"budget": "5trials", "fix": {"epochs": 4}}, "epochs must stay as they were"),
        ({"budget": "5trials", "space": {"lrr": "1..2"}}, "lr"),
        ({"budget": "5 apples"}, "budget must be"),
    ],
)
def test_what_an_extension_cannot_be(asked: dict[str, Any], message: str, straight: Path) -> None:
    before = scores(straight)
    with pytest.raises(BadInput, match=message):
        st.resume(straight, workers=0, **asked)
    assert scores(straight) == before


def test_where_there_is_nothing_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is not there"):
        st.resume(tmp_path / "nowhere")
    with open_journal(tmp_path / "empty", create=True):
        pass
    with pytest.raises(StoreError, match="holds nothing to go on with"):
        st.resume(tmp_path / "empty")


def test_another_steepest_is_named(straight: Path, tmp_path: Path) -> None:
    shutil.copytree(straight, tmp_path / "run")
    with sqlite3.connect(tmp_path / "run" / "study.db") as known:
        (body,) = known.execute("SELECT body FROM document WHERE kind = 'asked'").fetchone()
        later = json.dumps({**json.loads(body), "steepest": "9.9"})
        known.execute("UPDATE document SET body = ? WHERE kind = 'asked'", (later,))
    known.close()
    with pytest.raises(StoreError, match=r"begun by steepest 9.9, and this is 0"):
        st.resume(tmp_path / "run", budget="5trials")


def test_one_process_at_a_time(tmp_path: Path) -> None:
    stopped("search", data="iris", out=tmp_path / "run")
    with open_journal(tmp_path / "run") as other:
        other.claim()
        assert other.claimed()
        with pytest.raises((StoreError, BadInput), match=r"in the hands of|must not hold"):
            st.resume(tmp_path / "run", workers=0)
    assert st.resume(tmp_path / "run", workers=0).verdict is not None


def test_a_study_in_a_database_goes_on(
    tmp_path: Path, straight: Path, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = cluster.url("iris-study")
    password = unquote(str(urlsplit(storage).password))
    stopped("confirm", data="iris", out=tmp_path / "run", storage=storage)
    assert not (tmp_path / "run" / "study.db").exists()
    assert password not in (tmp_path / "run" / "study.url").read_text()
    with pytest.raises(StoreError, match="refuses the password"):
        st.resume(tmp_path / "run", workers=0)
    monkeypatch.setenv("PGPASSWORD", password)
    result = st.resume(tmp_path / "run", workers=0)
    assert scores(tmp_path / "run") == scores(straight)
    assert result.facts.verdict is not None


def test_samplers_and_rivals_by_name(tmp_path: Path) -> None:
    for number, how in enumerate(({"strategy": "random"}, {"strategy": "top-k"}, {"sampler": "random"})):
        result = st.tune("iris", **{**ASKED, "budget": "9trials"}, **how, out=tmp_path / str(number))
        assert result.recipe.epochs == 3
    with pytest.raises(BadInput, match=r"strategy must be a known name, .*random"):
        st.tune("iris", strategy="randon")
    with pytest.raises(BadInput, match="sampler must be a known name"):
        st.tune("iris", sampler="tpee")
    with pytest.raises(BadInput, match="sampler must make an Optuna sampler"):
        st.tune("iris", sampler=dict)
