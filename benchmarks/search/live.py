"""Both ways for real: how soon ours has the confirmed score that the rival by hand has after its budget.

The rival (`search/by_hand.py`) runs once per data set and seed, with the whole budget. Ours runs with growing
parts of that budget, each a study of its own with all that belongs to one, and stops at the first whose
recipe is no worse. So the time is that of a whole study with confirmation and test; the rival's ends with its
search. Confirmed is the mean score of fresh networks of the recipe, trained on all rows but the test rows and
scored on those, which neither search saw: by the same loop for both, `NETWORKS` of them. `PARTS` bounds what
can be told; the last one answers whether ours is ever worse. Both have the cores that this process may use.
"""

import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from search import by_hand
from steepest.base.budget import Budget
from steepest.base.recipe import Recipe
from steepest.experiment.workers import cores

SETS = ("digits", "wine", "breast_cancer", "iris", "diabetes", "friedman")
PARTS = (0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
NETWORKS = 20


def live(budget: str, repeats: int, sets: Sequence[str] = SETS) -> list[str]:
    """The table: per data set the rival's score, and the part of its budget after which ours is as good."""
    seconds = Budget.parse(budget).seconds
    if seconds is None:
        raise SystemExit(f"--live needs a budget of time, not {budget}")
    lines = [
        f"{cores()} cores, {NETWORKS} fresh networks of every recipe (± standard error).",
        "",
        "| data | TPE + Hyperband by hand | ours, no worse after | its score then | ours before that |",
        "|---|---|---|---|---|",
    ]
    parts = []
    for name in sets:
        for seed in range(repeats):
            theirs = by_hand.confirmed(name, by_hand.search(name, seconds, seed, cores()), seed, NETWORKS)
            part, ours, before = reached(name, seconds, seed, float(theirs.mean()))
            parts.append(part)
            shown = f"{part:.0%} of its time" if part <= 1 else "never"
            earlier = ", ".join(f"{share:.0%}: {_words(scores)}" for share, scores in before) or "–"
            lines.append(f"| {name}, seed {seed} | {_words(theirs)} | {shown} | {_words(ours)} | {earlier} |")
            print(lines[-1], flush=True)
    never = sum(part > 1 for part in parts)
    lines += [
        "",
        f"Median {median(parts):.0%} of the rival's time; never reached: {never} of {len(parts)}.",
    ]
    return lines


Scores = NDArray[np.float64]


def _words(scores: Scores) -> str:
    if not scores.size:
        return "no study fits"
    return f"{scores.mean():.4f} ± {scores.std(ddof=1) / math.sqrt(scores.size):.4f}"


def reached(
    name: str, seconds: float, seed: int, score: float
) -> tuple[float, Scores, list[tuple[float, Scores]]]:
    """The first part of the budget whose recipe has a score, else infinity; its scores, and earlier ones."""
    before: list[tuple[float, Scores]] = []
    for part in PARTS:
        recipe = ours(name, part * seconds, seed)
        scores = np.array([]) if recipe is None else by_hand.confirmed(name, recipe, seed, NETWORKS)
        if scores.size and scores.mean() >= score:
            return part, scores, before
        before.append((part, scores))
    return math.inf, before[-1][1], before[:-1]


def ours(name: str, seconds: float, seed: int) -> Recipe | None:
    """The recipe that a whole study hands out; None where the budget is too small for one."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        command = [
            sys.executable, "-m", "steepest", "tune", name, "--budget", f"{seconds:g}s", "--seed", str(seed),
            "--workers", str(cores() if cores() > 1 else 0), "--out", str(out), "--json",
        ]  # fmt: skip
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode == 2 and "budget" in done.stderr:
            return None
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
        return Recipe.from_yaml((out / "recipe.yaml").read_text(encoding="utf-8"))
