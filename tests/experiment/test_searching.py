"""The play-off: who met, on what, and that its mean decides who is declared first."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from steepest.apps import api
from steepest.base.recipe import Recipe
from steepest.store.opening import open_journal


def test_the_play_off_decides_who_is_first(tmp_path: Path) -> None:
    fixed = {"epochs": 4, "width": 8, "depth": 1, "batch_size": 32}
    api.tune("wine", budget="40trials", fix=fixed, workers=0, out=tmp_path)
    with open_journal(tmp_path / "study.db") as journal:
        outcomes = {o.member: o for o in journal.outcomes()}
        met = [m for m in journal.members() if m.label == "play-off"]
        candidates = [m for m in journal.members() if m.stage == "search" and m.label == ""]
        finalists = journal.document("finalists")
    assert len(candidates) == 40
    rounds, means = defaultdict(set), defaultdict(list)
    for m in met:
        rounds[m.replicate].add((m.seed, m.split))
        means[Recipe(**m.recipe).key()].append(outcomes[m.member].score)
    assert len(rounds) == 3
    assert all(len(shared) == 1 for shared in rounds.values())  # the same seed and split for all
    assert len({seed for shared in rounds.values() for seed, _ in shared}) == 3
    assert {m.seed for m in met}.isdisjoint(m.seed for m in candidates)
    assert all(len(scores) == 3 for scores in means.values())
    best = max(np.mean(scores) for scores in means.values())
    assert finalists is not None
    first = finalists.body["rows"][0]["member_recipe_key"]
    assert np.mean(means[first]) == best
