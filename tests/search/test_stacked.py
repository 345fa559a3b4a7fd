"""Waves through rungs: who goes on, when it ends, and that a study that goes on asks for the same again."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import optuna
import pytest

from steepest.base.knobs import Choice
from steepest.base.recipe import Recipe
from steepest.search.policy import Policy
from steepest.search.rungs import ETA, rounds_of_wave
from steepest.search.shares import SHARES
from steepest.search.space import Space
from steepest.search.stacked import LEADERS, LEAST_WAVE, PIONEERS, Stacked, Tried, ranked
from steepest.search.strategy import GoOn, Report, Start
from steepest.search.suggest import Maker, tpe
from steepest.testing.strategies import Trainer, drive, planted, starts

SPACE = Space.of(Recipe(epochs=3), {}, "classification")


def search(trainer: Trainer, trials: int | None = None, sampler: Maker | None = None, seed: int = 0) -> str:
    return drive(Stacked(Policy(SPACE, seed, sampler=sampler), seed, trials).run(trainer), trainer)


def options(space: Space) -> list[tuple[object, ...]]:
    found = [space.where(name, space.base.dotted()) for name in space.names]
    return [where.options for where in found if isinstance(where, Choice)]


SAMPLERS: Mapping[str, Maker | None] = {
    "densities": None,
    "tpe": tpe,
    "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
    "qmc": lambda seed: optuna.samplers.QMCSampler(seed=seed, scramble=True, warn_independent_sampling=False),
}


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("known", [1, 3])
@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_study_that_goes_on_asks_for_the_same_again(name: str, known: int) -> None:
    straight = Trainer(500)
    assert search(straight, sampler=SAMPLERS[name]) == "budget"
    waves = starts(straight)
    assert len(waves) > known
    resumed = Trainer(500, planned=waves[:known])
    assert search(resumed, sampler=SAMPLERS[name]) == "budget"
    assert resumed.orders == straight.orders
    later = max(known - 2, 0)  # the first wave, which is pioneers and others, is proposed again
    assert resumed.asked == straight.asked - later  # what is recalled is not asked about


def test_a_budget_is_used_and_kept() -> None:
    trainer = Trainer(1200)
    assert search(trainer) == "budget"
    assert 0.8 * 1200 < trainer.spent < 1.1 * 1200
    pioneers, *sizes = [len(wave) for wave in starts(trainer)]
    assert pioneers == PIONEERS
    sizes[0] += pioneers
    assert sizes[0] == pytest.approx(SHARES.first * 1200 / rounds_of_wave(trainer.rungs[:-1]), abs=2)
    assert len(sizes) > 1
    assert min(sizes) >= LEAST_WAVE


@pytest.mark.parametrize("trials", [1, 7, 40])
def test_no_more_members_than_asked_for(trials: int) -> None:
    trainer = Trainer(math.inf)
    assert search(trainer, trials) == "trials"
    assert len(trainer.recipes) == trials
    assert len(starts(trainer)[0]) == math.ceil(SHARES.first * trials)


def test_a_space_that_runs_dry_ends_the_search() -> None:
    space = Space(Recipe(optimizer="momentum"), ("depth", "clip_norm"))
    policy = Policy(space, 0)
    trainer = Trainer(1e6)
    assert drive(Stacked(policy, 0).run(trainer), trainer) == "space"
    keys = [r.key() for r in trainer.recipes.values()]
    assert len(keys) == len(set(keys)) == math.prod(map(len, options(space))) - 1  # the default is known


def test_the_best_third_goes_on_and_who_failed_does_not() -> None:
    trainer = Trainer(1200)
    sparing(trainer, sparing=False)
    living: set[int] = set()
    for order in trainer.orders:
        if isinstance(order, Start):
            known = list(trainer.recipes)
            first = known.index(next(n for n in known if trainer.recipes[n] is order.proposals[0].recipe))
            new = set(known[first : first + len(order.proposals)])
            living = living | new if order.joins else new
            before = order.until
            continue
        assert set(order.members) <= living
        assert set(order.lucky) <= set(order.members)
        scores = {n: planted(trainer.recipes[n], before) for n in living}
        assert not any(math.isnan(scores[n]) for n in order.members)
        alive = [n for n in living if not math.isnan(scores[n])]
        slots = round(len(alive) / ETA)
        assert min(slots, len(alive)) <= len(order.members) <= max(1, slots + slots // 4)
        earned = set(order.members) - set(order.lucky)
        assert min(scores[n] for n in earned) >= max(
            (scores[n] for n in alive if n not in earned), default=-math.inf
        )
        living, before = set(order.members), order.until


def test_who_was_left_out_leaves_and_waves_without_anybody_end() -> None:
    trainer = Trainer(500)
    steps = Stacked(Policy(SPACE, 0), 0).run(trainer)
    order = next(steps)
    assert isinstance(order, Start)
    assert len(order.proposals) == PIONEERS
    order = steps.send(Report(tuple(range(PIONEERS)), {n: float(n) for n in range(6)}))
    assert isinstance(order, Start)
    members = tuple(range(PIONEERS, PIONEERS + len(order.proposals)))
    order = steps.send(Report(members, {}))
    assert isinstance(order, GoOn)
    assert set(order.members) == {4, 5}
    trainer.spent = 500.0
    with pytest.raises(StopIteration):
        steps.send(Report(order.members, {}))


def test_later_waves_learn() -> None:
    trainer = Trainer(1500)
    search(trainer)
    waves = starts(trainer)
    first = sorted(planted(p.recipe, 1) for p in waves[0] + waves[1] if not math.isnan(planted(p.recipe, 1)))
    last = sorted(
        planted(p.recipe, 1) for p in waves[-1] if p.origin in ("tpe", "mutation") and p.recipe.lr < 0.5
    )
    assert last[len(last) // 2] > first[int(0.7 * len(first))]


def test_ranking_is_by_how_far_they_came_then_by_score() -> None:
    a = Tried(1, SPACE.base, {1: 0.9})
    b = Tried(2, SPACE.base, {1: 0.1, 3: 0.4})
    c = Tried(3, SPACE.base, {1: 0.1, 3: 0.5})
    assert [t.number for t in ranked([a, b, c, Tried(4, SPACE.base)])] == [3, 2, 1]


def sparing(trainer: Trainer, **changes: Any) -> str:
    shares = replace(SHARES, **changes)
    policy = Policy(SPACE, 0, shares=shares)
    return drive(Stacked(policy, 0, None, shares).run(trainer), trainer)


def test_the_longest_rung_waits_while_rankings_agree_and_leaders_reach_it_at_last() -> None:
    trainer = Trainer(1200, noise=0.0)  # the ranking is the same at every rung
    assert sparing(trainer, sparing=True) == "budget"
    *earlier, last = trainer.orders
    assert all(order.until < trainer.rungs[-1] for order in earlier)
    assert isinstance(last, GoOn)
    assert (last.until, len(last.members)) == (trainer.rungs[-1], LEADERS)
    others = [n for n, at in trainer.at.items() if at == trainer.rungs[-2] and n not in last.members]
    assert min(planted(trainer.recipes[n], 9) for n in last.members) >= max(
        planted(trainer.recipes[n], 9) for n in others
    )
    assert trainer.spent < 1.1 * 1200


def test_the_longest_rung_is_trained_where_rankings_disagree() -> None:
    def crossing(recipe: Recipe, rounds: int) -> float:
        return recipe.lr * (1 if rounds < 9 else -1)

    trainer = Trainer(1200, score=crossing, noise=0.0)
    sparing(trainer, sparing=True)
    assert any(isinstance(o, GoOn) and o.until == trainer.rungs[-1] for o in trainer.orders[:5])


def test_the_first_wave_is_as_large_as_its_pioneers_cost_says() -> None:
    """They take twice what was foreseen."""

    class Dear(Trainer):
        def affordable(self, rounds: float, share: float, most: int) -> int:
            return super().affordable(rounds * (2 if self.at else 1), share, most)

    trainer = Dear(2400)
    search(trainer)
    first, second, *_ = trainer.orders
    assert isinstance(first, Start)
    assert isinstance(second, Start)
    assert (first.joins, second.joins) == (False, True)
    assert {p.origin for p in first.proposals} == {"portfolio", "prior"}
    foreseen = SHARES.first * 2400 / rounds_of_wave(trainer.rungs[:-1])
    assert PIONEERS + len(second.proposals) == pytest.approx(foreseen / 2, abs=PIONEERS / 2)
    going_on = next(order for order in trainer.orders if isinstance(order, GoOn))
    scores = [planted(p.recipe, 1) for p in (*first.proposals, *second.proposals)]
    last = sorted((s for s in scores if not math.isnan(s)), reverse=True)[: len(scores) // ETA]
    earned = set(going_on.members) - set(going_on.lucky)
    assert {planted(trainer.recipes[n], 1) for n in earned} >= set(last[: len(earned) // 2])


def test_a_small_first_wave_has_no_pioneers() -> None:
    trainer = Trainer(200)
    search(trainer)
    assert sum(order.joins for order in trainer.orders if isinstance(order, Start)) == 0


def test_noise_stops_what_no_longer_improves_but_not_a_number_of_trials() -> None:
    def flat(recipe: Recipe, _: int) -> float:
        return recipe.dropout * 1e-3

    trainer = Trainer(20_000, score=flat, noise=0.1)
    assert sparing(trainer, patient=False) == "noise"
    assert len(starts(trainer)) == 4
    trainer = Trainer(math.inf, score=flat, noise=0.1)
    shares = replace(SHARES, patient=False)
    assert drive(Stacked(Policy(SPACE, 0, shares=shares), 0, 300, shares).run(trainer), trainer) == "trials"
    assert len(trainer.recipes) == 300
