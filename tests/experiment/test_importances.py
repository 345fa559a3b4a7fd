"""Importance from a search's members: planted effects, who counts, and what is said of too few."""

import math
import types

import numpy as np
import pytest

from steepest.base.recipe import Recipe
from steepest.experiment.importances import FEWEST, found
from steepest.experiment.trained import Trained
from steepest.store.records import MemberPlan
from steepest.training.member import Member

STUDY = types.SimpleNamespace(
    settings=types.SimpleNamespace(seed=0),
    data=types.SimpleNamespace(form="table", task="classification"),
    epochs=lambda rounds: rounds / 2,
)


def member(number: int, recipe: Recipe, scores: dict[int, float], origin: str = "uniform", **more) -> Trained:
    plan = MemberPlan(
        number,
        "search",
        more.get("label", ""),
        recipe.dotted(),
        number,
        more.get("replicate", 0),
        0,
        1,
        origin,
    )
    return Trained(plan, Member(number, recipe, number, 0), scores, fate="finished")


def uniform(count: int, seed: int = 0) -> list[Trained]:
    """The learning rate decides, dropout does nothing; momentum exists for some only."""
    rng = np.random.default_rng(seed)
    members = []
    for i in range(count):
        lr = 10 ** rng.uniform(-4, 0)
        optimizer = ["sgd", "momentum"][i % 2]
        recipe = Recipe(
            optimizer=optimizer,
            lr=lr,
            dropout=float(rng.uniform(0, 0.5)),
            momentum=float(rng.choice([0.8, 0.9])),
            width=[32, 64][i // 6 % 2],
        )
        score = -abs(math.log10(lr) + 2) + rng.normal(0, 0.05)
        members.append(member(i, recipe, {2: score, 6: score + 0.1} if score > -1 else {2: score}))
    return members


def test_the_knob_that_decides_is_found_with_its_range() -> None:
    body = found(STUDY, uniform(160), [])
    rows = {row["knob"]: row for row in body["rows"]}
    assert body["rows"][0]["knob"] == "lr"
    assert rows["lr"]["p_adjusted"] < 0.01
    assert rows["lr"]["later"]["p_adjusted"] < 0.01
    assert rows["lr"]["forest"] > 0.8
    assert rows["dropout"]["p_adjusted"] > 0.05
    assert rows["width"]["shared"]
    assert not rows["dropout"]["shared"]
    low, high = map(float, rows["lr"]["values"][0]["label"].split(" to "))
    assert low < 0.015
    assert high > 0.007
    assert sum(v["n"] for v in rows["momentum"]["values"]) == 80  # absent with plain descent
    assert (body["first_epochs"], body["last_epochs"], body["structures"]) == (1.0, 3.0, 2)


def test_what_a_model_proposed_does_not_count() -> None:
    others = [member(900 + i, Recipe(lr=0.5), {2: 5.0}, "tpe") for i in range(50)]
    assert found(STUDY, uniform(60) + others, []) == found(STUDY, uniform(60), [])


def test_diverged_members_are_the_worst() -> None:
    members = uniform(80)
    for t in members[:20]:
        t.scores = {2: math.nan}
    body = found(STUDY, members, [])
    assert body["uniform"] == 80
    assert body["rows"][0]["knob"] == "lr"


@pytest.mark.parametrize("members", [[], uniform(FEWEST - 1)])
def test_too_few_members_say_nothing(members: list[Trained]) -> None:
    body = found(STUDY, members, [])
    assert "rows" not in body
    assert (body["uniform"], body["needed"]) == (len(members), FEWEST)


def test_equal_scores_say_nothing() -> None:
    members = uniform(60)
    for t in members:
        t.scores = {2: 1.0}
    assert "rows" not in found(STUDY, members, [])


def test_where_nobody_came_further_only_the_first_rung_speaks() -> None:
    members = uniform(60)
    for t in members:
        t.scores = {2: t.scores[2]}
    body = found(STUDY, members, [])
    assert body["last_epochs"] is None
    assert all(row["later"] is None for row in body["rows"])


def test_room_is_that_of_the_last_play_off() -> None:
    def play_off(first: int, spread: float) -> list[Trained]:
        rng = np.random.default_rng(first)
        return [
            member(
                first + 5 * r + k,
                Recipe(width=16 + k),
                {6: spread * k + rng.normal(0, 0.1)},
                "play-off",
                label="play-off",
                replicate=r,
            )
            for r in range(3)
            for k in range(5)
        ]

    wide, narrow = play_off(100, 2.0), play_off(200, 0.0)
    assert found(STUDY, [], wide)["room"]["spread"] == pytest.approx(2 * np.std(range(5), ddof=1), rel=0.1)
    assert found(STUDY, [], wide + narrow)["room"] == found(STUDY, [], narrow)["room"]
    assert found(STUDY, [], narrow[:5])["room"] is None
