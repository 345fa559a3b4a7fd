"""Both ways for real: how soon ours has the confirmed score that TPE with Hyperband has after its budget.

The rival runs once per data set and seed, with the whole budget. Ours runs with growing parts of that budget,
each a study of its own, and stops at the first whose confirmed score is no lower. So the time is that of a
whole study with confirmation, and a part too small for one counts as not reached. Confirmed is the mean score
of the study's first on fresh seeds, on the test rows that its search never saw. `PARTS` bounds what can be
told; the last one answers whether ours is ever worse.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from steepest.base.budget import Budget

SETS = ("digits", "wine", "breast_cancer", "iris", "diabetes", "digits-images")
READING: dict[str, Sequence[str]] = {"digits-images": ("digits", "--kind", "image")}
PARTS = (0.1, 0.2, 0.4, 0.7, 1.0)
RIVAL = "tpe-hyperband"


def live(budget: str, repeats: int, sets: Sequence[str] = SETS) -> list[str]:
    """The table: per data set the rival's score, and the part of its budget after which ours is as good."""
    seconds = Budget.parse(budget).seconds
    if seconds is None:
        raise SystemExit(f"--live needs a budget of time, not {budget}")
    lines = [
        "| data | confirmed, TPE + Hyperband | reached by ours after | its score then |",
        "|---|---|---|---|",
    ]
    ratios = []
    for name in sets:
        for seed in range(repeats):
            theirs = confirmed(name, RIVAL, seconds, seed)
            part, ours = reached(name, seconds, seed, theirs)
            ratios.append(part)
            shown = f"{part:.0%} of its time" if part <= 1 else "never"
            lines.append(f"| {name}, seed {seed} | {theirs:.4f} | {shown} | {ours:.4f} |")
            print(lines[-1], flush=True)
    never = sum(part > 1 for part in ratios)
    lines += [
        "",
        f"Median {median(ratios):.0%} of the rival's time; never reached: {never} of {len(ratios)}.",
    ]
    return lines


def reached(name: str, seconds: float, seed: int, score: float) -> tuple[float, float]:
    """The first part of the budget in which ours confirms a score, else infinite; and what it confirmed."""
    ours = float("nan")
    for part in PARTS:
        ours = confirmed(name, "steepest", part * seconds, seed)
        if ours >= score:
            return part, ours
    return float("inf"), ours


def confirmed(name: str, strategy: str, seconds: float, seed: int) -> float:
    """Confirmed score of a whole study, NaN where it found no time to confirm."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "steepest", "tune", *READING.get(name, (name,)), "--strategy", strategy,
            "--budget", f"{seconds:g}s", "--seed", str(seed), "--out", str(Path(folder) / "run"), "--json",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    winner = (json.loads(done.stdout).get("test") or {}).get("winner") or {}
    score = winner.get("score")
    return float("nan") if score is None else float(score)
