"""How soon after its start `steepest tune digits` has compared its first candidates.

Prints one line of JSON: {"scored": …, "compared": …, "floor": …}, seconds from the start of the process: till
the journal holds the first score of a searched member; until it holds the first rung, at which members were
compared and the worst left; and, of a process that imports torch and does nothing else, until its end. The
study is called off as soon as its first rung is there.
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


def scored(journal: Journal) -> bool:
    """Whether a member of the search has a score."""
    searched = {plan.member for plan in journal.members() if plan.stage == "search"}
    return any(point.member in searched for point in journal.curves())


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
                if journal.documents("rung"):
                    found.setdefault("scored", now)
                    found["compared"] = now
                elif "scored" not in found and scored(journal):
                    found["scored"] = now
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
    return found


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
