"""Ctrl-C and kill: what was finished is kept, and the first Ctrl-C still leaves a whole run folder behind."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from steepest.base.errors import StoreError
from steepest.base.progress import Silent
from steepest.experiment.folder import FILES
from steepest.experiment.interrupt import graceful
from steepest.experiment.study import Study
from steepest.store.journal import Journal
from steepest.store.opening import open_journal

SCRIPT = """
import sys
import steepest
fix = {"epochs": 9, "width": 16, "depth": 1}
print(steepest.tune("wine", budget="20m", fix=fix, workers=int(sys.argv[2]), out=sys.argv[1]).summary())
"""


def start(folder: Path, workers: int) -> subprocess.Popen[str]:
    """A study with a large budget in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(workers)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
    )


def wait_for(folder: Path, process: subprocess.Popen[str], ready: Callable[[Journal], bool]) -> None:
    """Until the journal says so."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, process.communicate()
        try:
            with open_journal(folder) as journal:
                if ready(journal):
                    return
        except StoreError:
            pass  # not there yet
        time.sleep(0.1)
    pytest.fail("the study did not come that far in a minute")


def end(process: subprocess.Popen[str]) -> None:
    """End the process and its workers, whatever became of the test."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def searching(journal: Journal) -> bool:
    return sum(plan.stage == "search" for plan in journal.members()) > 20 and len(journal.outcomes()) > 20


def test_the_first_ctrl_c_ends_the_search_and_writes_everything(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder, workers=1)
    try:
        wait_for(folder, process, searching)
        os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to the workers, too
        asked = time.monotonic()
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert time.monotonic() - asked < 30
    finally:
        end(process)
    assert "Traceback" not in err
    assert "Ctrl-C ended the search early" in out
    assert all((folder / name).is_file() for name in FILES)
    with open_journal(folder) as journal:
        document = journal.document("end")
        assert document is not None
        assert document.body["reason"] == "interrupted"
        stages = {plan.stage for plan in journal.members()}
        assert stages == {"calibrate", "search", "confirm", "final"}
        assert {o.member for o in journal.outcomes()} == {p.member for p in journal.members()}
        assert journal.document("verdict") is not None


def test_kill_leaves_what_was_finished(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = start(folder, workers=0)
    try:
        wait_for(folder, process, searching)
    finally:
        end(process)
    with open_journal(folder) as journal:
        assert searching(journal)
        assert journal.document("study") is not None
        assert journal.document("calibration") is not None
        assert journal.document("end") is None
        planned = {plan.member for plan in journal.members()}
        finished = [o for o in journal.outcomes() if o.status == "finished"]
        assert len(finished) >= 8
        assert {o.member for o in journal.outcomes()} <= planned
        scored = {p.member for p in journal.curves()}
        assert all(o.member in scored for o in finished)


class Heard(Silent):
    def __init__(self) -> None:
        self.sentences: list[str] = []

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def test_the_second_ctrl_c_stops_at_once(make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    study.listener = heard = Heard()
    before = signal.getsignal(signal.SIGINT)
    with graceful(study):
        signal.raise_signal(signal.SIGINT)
        assert study.interrupted
        assert Path(study.workers.stop_file).exists()
        assert len(heard.sentences) == 1
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("stage", ["test", "write"])
def test_the_last_stages_are_not_called_off(stage: str, make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    study.enter(stage)
    with graceful(study):
        signal.raise_signal(signal.SIGINT)
    assert study.interrupted
    assert not Path(study.workers.stop_file).exists()


def test_other_threads_leave_the_signal_alone(make_study: Callable[..., Study]) -> None:
    study: Study = make_study()
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with graceful(study):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
