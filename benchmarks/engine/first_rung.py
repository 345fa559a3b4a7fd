"""How soon after its start `steepest tune digits` has scored and compared its first candidates.

Prints one line of JSON, in seconds from the start of the process till its journal holds

    default     a score of the default recipe, which is trained first
    scored      a score of a searched member, which is its first rung's
    compared    the first rung's decision: all of the first wave have a score, and the worst have left

and beside them, as "floor", how long a process takes that imports torch and does nothing else. The study is
called off as soon as its first rung is decided.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from steepest.base.errors import StoreError
from steepest.store.journal import Journal
from steepest.store.opening import FILE_NAME, open_journal

EVERY = 0.02  # seconds between looks
PATIENCE = 120  # seconds
GRACE = 1.0  # seconds between two interrupts


def reached(journal: Journal) -> set[str]:
    """Which of the moments the journal holds."""
    stages = {plan.member: plan.stage for plan in journal.members()}
    scored = {stages[point.member] for point in journal.curves()}
    found = {"default"} if "calibrate" in scored else set()
    if "search" in scored:
        found.add("scored")
    return found | ({"compared"} if journal.documents("rung") else set())


def moments(command: list[str], study: Path, said: IO[str]) -> dict[str, float]:
    """Start the command and watch its journal."""
    found: dict[str, float] = {}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=said, text=True)
    try:
        while "compared" not in found:
            time.sleep(EVERY)
            if process.poll() is not None or time.perf_counter() - start > PATIENCE:
                said.seek(0)
                sys.exit(f"no rung; {(said.read().splitlines() or ['not a word'])[-1]}")
            with contextlib.suppress(StoreError), open_journal(study) as journal:
                now = time.perf_counter() - start
                found = dict.fromkeys(reached(journal), now) | found
    finally:
        end(process)
    return found


def end(process: "subprocess.Popen[str]") -> None:
    """Interrupt a study twice: at the first, it would confirm what it has."""
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
            return
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--budget", default="60s")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [sys.executable, "-m", "steepest", "tune", "digits", "--budget", asked.budget]
        with open(Path(folder) / "said", "w+", encoding="utf-8") as said:
            found = moments([*command, "--quiet", "--out", str(out)], out / FILE_NAME, said)
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    print(json.dumps({**found, "floor": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
