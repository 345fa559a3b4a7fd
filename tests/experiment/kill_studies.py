"""Kill studies at random moments, let them go on, and hold them against one that was never killed.

    python tests/experiment/kill_studies.py 50 0 iris 24trials

The arguments are: kills wanted at least, workers, a built-in data set, a budget of work. Prints one JSON
object. Studies run in forked children, so that none has to wait for torch to be imported.
"""

import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from steepest.base.budget import Budget
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.settings import Settings
from steepest.experiment.tune import go_on, tune
from steepest.store.opening import open_journal

KNOBS = {"epochs": 9, "width": 8, "depth": 1}
CONCLUSIONS = ("calibration", "rung", "finalists", "verdict", "curse", "recipe", "ensemble", "kept", "end")


def settings(folder: Path, workers: int, budget: str) -> Settings:
    """A tiny study, all of whose budget is work."""
    start = Recipe(**KNOBS)
    keep = ("finalists", "ensemble")
    return Settings(Budget.parse(budget), 0, folder, fixed=KNOBS, start=start, workers=workers, keep=keep)


def everything(folder: Path) -> dict[str, str]:
    """All that a study found, in text: every bit counts, but not how long it took and in which sitting."""
    with open_journal(folder) as journal:
        test = journal.document("test").body
        found: dict[str, Any] = {
            "members": [replace(plan, sitting=0) for plan in journal.members()],
            "curves": [replace(point, sitting=0) for point in journal.curves()],
            "outcomes": [(o.member, o.status, o.cause, o.score, o.epochs) for o in journal.outcomes()],
            "test": [test[name] for name in ("winner", "default", "n", "metrics")],
        }
        for kind in CONCLUSIONS:
            bodies = [dict(d.body) for d in journal.documents(kind)]
            found[kind] = [{k: v for k, v in b.items() if "second" not in k} for b in bodies]
    for path in sorted(folder.rglob("*.safetensors")):
        tensors = load_file(path)
        found[path.name] = {name: tensors[name].tolist() for name in sorted(tensors)}
    found["sitting"] = (
        None  # members, points and outcomes say in which sitting they were written: that differs
    )
    return {name: repr(value) for name, value in found.items()}


def killed_after(seconds: float, work: Callable[[], object]) -> bool:
    """Do the work in a child and kill it after so long; False where it was done by then.

    Raises:
        SystemExit: if the child failed, with what it said on its standard error.
    """
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(3)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            if status:
                raise SystemExit(f"a study failed to go on (status {status})")
            return False
        time.sleep(0.002)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return True


def main(kills: int, workers: int, name: str, budget: str) -> dict[str, Any]:
    """Kill so often, and say what differed."""
    torch.set_num_threads(1)
    data, draw = read(name), random.Random(kills)
    with tempfile.TemporaryDirectory() as home:
        straight = Path(home, "straight")
        tune(lambda: data, settings(straight, workers, budget), Silent())
        began = time.monotonic()
        tune(lambda: data, settings(Path(home, "again"), workers, budget), Silent())
        took = time.monotonic() - began
        wanted, done, studies, differ = everything(straight), 0, 0, []
        if everything(Path(home, "again")) != wanted:
            differ.append("two studies that were not killed")
        while done < kills:
            studies += 1
            folder = Path(home, f"study-{studies}")
            asked = settings(folder, workers, budget)
            out = False
            while not out:
                begun = (folder / "study.db").exists() and _begun(folder)
                work = go_on if begun else tune
                if not killed_after(
                    draw.random() * took, lambda w=work, a=asked: w(lambda: data, a, Silent())
                ):
                    break
                done += 1
                out = _begun(folder, "end")  # all was done: it was on its way out
                if not _begun(folder):  # killed before it wrote anything: the command is given again
                    (folder / "study.db").unlink(missing_ok=True)
            found = everything(folder)
            differ += [f"study {studies}: {kind}" for kind in wanted if found[kind] != wanted[kind]]
            if not out and (folder / "states").exists():
                differ.append(f"study {studies}: states were left")
    return {"kills": done, "studies": studies, "differ": differ, "seconds": round(took, 2)}


def _begun(folder: Path, kind: str = "asked") -> bool:
    """Whether a study has written a document: the first, or the last."""
    try:
        with open_journal(folder) as journal:
            return journal.document(kind) is not None
    except Exception:
        return False


if __name__ == "__main__":
    print(json.dumps(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4])))
