"""Worker processes: answers, errors, deaths and sleep, forked and spawned."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor

from steepest.experiment import processes
from steepest.experiment.processes import Processes, Start, WorkerLost, can_fork

STARTS: list[Start] = ["fork", "spawn"]
FORKS = pytest.mark.skipif(not can_fork(), reason="forking is not safe in this process")


def seven() -> int:
    return 7


def added(context: int, more: int) -> tuple[int, int]:
    return context + more, os.getpid()


def refuse(context: int, what: str) -> None:
    raise ValueError(f"{what} of {context}")


class Odd(Exception):
    """One that cannot be read back: its constructor wants more than its words."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


def be_odd(_: int) -> None:
    raise Odd(1, 2)


def die(_: int, mark: str, times: int) -> int:
    """Die so many times, then answer; what has happened is counted in a file."""
    with Path(mark).open("a") as file:
        file.write("x")
    if len(Path(mark).read_text()) <= times:
        os.kill(os.getpid(), signal.SIGKILL)
    return len(Path(mark).read_text())


def sleep(_: int, mark: str) -> str:
    """Sleep for good at the first attempt."""
    if not Path(mark).exists():
        Path(mark).touch()
        time.sleep(600)
    return "awake"


def spin(_: int, seconds: float) -> str:
    """Work without a rest."""
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
    return "done"


def many(_: int, megabytes: int) -> bytes:
    return bytes(megabytes * 10**6)


@pytest.mark.parametrize("start", [pytest.param("fork", marks=FORKS), "spawn"])
def test_answers_errors_and_deaths(start: Start, tmp_path: Path) -> None:
    pool = Processes(2, start, seven)
    try:
        sums = [pool.submit(added, i) for i in range(5)]
        assert [call.result()[0] for call in sums] == [7, 8, 9, 10, 11]
        assert {call.result()[1] for call in sums} <= set(pool.pids) - {os.getpid()}
        with pytest.raises(ValueError, match="half of 7") as caught:
            pool.submit(refuse, "half").result()
        assert "in refuse" in caught.value.__notes__[0]  # the worker's own traceback
        with pytest.raises(RuntimeError, match="Odd: 1 and 2"):
            pool.submit(be_odd).result()
        with pytest.raises(Exception, match="pickle"):
            pool.submit(added, threading.Lock()).result()
        again, neighbour = pool.submit(die, str(tmp_path / "once"), 1), pool.submit(many, 3)
        assert again.result() == 2
        assert len(neighbour.result()) == 3_000_000
    finally:
        pool.close()
    assert pool.pids == []


@FORKS
def test_a_task_that_kills_every_process_is_given_up(tmp_path: Path) -> None:
    pool = Processes(2, "fork", seven)
    try:
        with pytest.raises(WorkerLost, match="SIGKILL, as the system does where memory runs out"):
            pool.submit(die, str(tmp_path / "always"), 99).result()
        assert (tmp_path / "always").read_text() == "xxx"
        assert pool.submit(die, str(tmp_path / "twice"), 2).result() == 3
    finally:
        pool.close()


@FORKS
def test_a_process_that_sleeps_over_its_task_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "ASLEEP_SECONDS", 0.4)
    pool = Processes(2, "fork", seven)
    try:
        asleep, busy = pool.submit(sleep, str(tmp_path / "mark")), pool.submit(spin, 1.2)
        pids = set(pool.pids)
        assert asleep.result() == "awake"
        assert busy.result() == "done"
        assert len(pids & set(pool.pids)) == 1  # who works long is left alone
    finally:
        pool.close()


@FORKS
def test_a_process_stopped_from_outside_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "ASLEEP_SECONDS", 0.4)
    pool = Processes(1, "fork", seven)
    try:
        call = pool.submit(spin, 0.3)
        pool.turn(1.0)
        os.kill(pool.pids[0], signal.SIGSTOP)
        assert call.result() == "done"
    finally:
        pool.close()


@FORKS
def test_what_is_withdrawn_is_not_done() -> None:
    pool = Processes(1, "fork", seven)
    try:
        first, second, third = (pool.submit(added, i) for i in range(3))
        pool.withdraw([second])
        assert (first.result()[0], third.result()[0]) == (7, 9)
        assert second.cancelled()
    finally:
        pool.close()


@FORKS
def test_an_idle_process_that_dies_costs_nothing() -> None:
    pool = Processes(1, "fork", seven)
    try:
        process = pool.submit(added, 0).result()[1]
        os.kill(process, signal.SIGKILL)
        total, another = pool.submit(added, 2).result()
        assert (total, another != process) == (9, True)
    finally:
        pool.close()


def test_where_no_process_starts_the_work_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Processes) -> Any:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(Processes, "_begin", fail)
    with pytest.warns(UserWarning, match="No worker process could be started .Resource temporarily"):
        pool = Processes(2, "spawn", seven)
    assert pool.submit(added, 3).result() == (10, os.getpid())
    with pytest.raises(ValueError, match="none of 7"):
        pool.submit(refuse, "none").result()
    pool.close()


def multiply(_: int) -> tuple[float, float]:
    """What torch and scikit-learn do on several OpenMP threads where they may."""
    a = torch.full((600, 600), 0.5, requires_grad=True)
    (a @ a + torch.ones(600, 600)).sum().backward()  # type: ignore[no-untyped-call]
    x = np.arange(4000.0).reshape(-1, 1)
    model = HistGradientBoostingRegressor(max_iter=3).fit(x, x[:, 0])
    assert a.grad is not None
    return float(a.grad.sum()), float(model.predict(x[:1])[0])


@FORKS
def test_a_fork_computes_where_its_parent_used_several_threads() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        reference = multiply(0)  # starts OpenMP threads, which the copy will not have
        pool = Processes(1, "fork", seven)
        try:
            assert pool.submit(multiply).result(timeout=20) == pytest.approx(reference)
        finally:
            pool.close()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_forking_is_refused_beside_other_threads() -> None:
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    try:
        assert not can_fork()
    finally:
        end.set()
        other.join()


def test_forking_is_refused_where_jax_has_started_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jax", ModuleType("jax"))
    assert not can_fork()


ORPHANS = """
import functools, os, signal, time
from steepest.experiment.processes import Processes
pool = Processes(2, "fork", functools.partial(int, 600))
calls = [pool.submit(time.sleep), pool.submit(time.sleep)]
pool.turn(1.0)
print(*pool.pids, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def eventually(true: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return true()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_workers_end_with_a_parent_that_is_killed() -> None:
    ran = subprocess.run([sys.executable, "-c", ORPHANS], capture_output=True, text=True, timeout=60)
    pids = [int(pid) for pid in ran.stdout.split()]
    assert len(pids) == 2
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in pids)  # type: ignore[misc]
