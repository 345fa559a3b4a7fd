"""A whole comparison: folds are shared, ladders see training rows only, and what cannot work is refused."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.errors import BadBudget, BadInput
from steepest.base.progress import Progress, Silent
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment import comparing
from steepest.experiment.compared import Compared
from steepest.experiment.comparing import compare
from steepest.experiment.contest import Contest
from steepest.experiment.processes import Start
from steepest.experiment.question import Question
from steepest.experiment.workers import Workers
from steepest.training.job import Done, Job, run
from steepest.training.member import Member
from steepest.training.source import Source

SMALL = {"width": 8, "depth": 1}


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.stages: list[str] = []

    def say(self, sentence: str) -> None:
        self.said.append(sentence)

    def progress(self, snapshot: Progress) -> None:
        assert 0.0 <= snapshot.share <= 1.0
        if snapshot.stage not in self.stages:
            self.stages.append(snapshot.stage)


class Watched(Workers):
    """Keeps what it is given to do."""

    seen: "list[Watched]"

    def __init__(self, count: int, start: Start) -> None:
        super().__init__(count, start)
        self.jobs: list[Job] = []
        self.seen.append(self)

    def serve(self, source: Source) -> None:
        self.source = source
        super().serve(source)

    def run(self, jobs: Sequence[Job], *more: Any, **named: Any) -> list[Done]:
        self.jobs += jobs
        return super().run(jobs, *more, **named)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    Watched.seen = []
    monkeypatch.setattr(comparing, "Workers", Watched)
    return Watched.seen


def asked(knob: str = "batch_size", values: tuple[Any, ...] = (8, 32), **given: Any) -> Question:
    known = {"folds": 3, "seeds": 2, "epochs": 2, "fixed": SMALL, "workers": 0}
    return Question(knob, values, **{**known, **given})


def compared(question: Question, data: DataSet | None = None, heard: Heard | None = None) -> Compared:
    return compare(data or read("iris"), question, heard or Heard(), Clock())


def members(watched: list[Watched], points: bool) -> list[Member]:
    """Those of the folds (whose curves have several points), or those of the ladders."""
    return [m for job in watched[0].jobs if (len(job.points) > 1) == points for m in job.members]


def test_every_value_meets_the_same_folds_from_the_same_seeds(watched: list[Watched]) -> None:
    compared(asked())
    runs = {size: set() for size in (8, 32)}
    for member in members(watched, points=True):
        runs[member.recipe.batch_size].add((member.seed, member.fold))
    assert runs[8] == runs[32]
    assert len(runs[8]) == 6
    assert len({seed for seed, _ in runs[8]}) == 6


def test_every_seed_holds_every_row_out_once(watched: list[Watched]) -> None:
    compared(asked(rates="same"))
    folds = watched[0].source.folds
    for first in (0, 3):
        held = np.concatenate([fold.held_out for fold in folds[first : first + 3]])
        assert sorted(held) == list(range(150))
    assert set(folds[0].held_out) != set(folds[3].held_out)


def test_ladders_never_meet_the_rows_their_fold_holds_out(watched: list[Watched]) -> None:
    compared(asked())
    folds = watched[0].source.folds
    tried = members(watched, points=False)
    assert len(tried) >= 2 * 6 * 7
    assert {m.fold for m in tried} == set(range(6, 12))
    for place in range(6, 12):
        touched = {*folds[place].train, *folds[place].held_out}
        assert touched == set(folds[place - 6].train)
        assert not touched & set(folds[place - 6].held_out)


def test_each_fold_trains_at_the_rate_of_its_own_ladder(watched: list[Watched]) -> None:
    found = compared(asked())
    for row in found.rows:
        trained = [m for m in members(watched, points=True) if m.recipe.batch_size == row.value]
        rates = {m.fold: m.recipe.lr for m in trained}
        assert [rates[i] for i in range(6)] == list(row.rates)


def test_a_score_is_what_the_run_scores_alone(watched: list[Watched]) -> None:
    found = compared(asked(rates="same"))
    (member,) = [m for m in members(watched, points=True) if m.fold == 4 and m.recipe.batch_size == 32]
    alone = run(Job((member,), 2, (2,)), watched[0].source)
    assert found.rows[1].scores[4] == pytest.approx(alone.points[-1].metrics["accuracy"][0])


def test_it_is_a_function_of_its_seed() -> None:
    first, again, other = (compared(asked(seed=seed, rates="same")) for seed in (0, 0, 1))
    assert [row.scores for row in first.rows] == [row.scores for row in again.rows]
    assert [row.scores for row in first.rows] != [row.scores for row in other.rows]


@pytest.mark.parametrize(
    ("values", "against", "expected"),
    [((16, 64), None, "64"), ((16, 32), None, "16"), ((16, 64), 16, "16")],
)
def test_the_reference_is_the_default_or_the_first_or_as_asked(
    values: tuple[int, ...], against: int | None, expected: str
) -> None:
    found = compared(asked(values=values, against=against, rates="same", seeds=1, epochs=1))
    assert found.reference == expected
    assert [row.reference for row in found.verdicts] == [expected]


def test_scaled_rates_follow_the_rule() -> None:
    found = compared(asked(values=(16, 64), rates="scaled", seeds=1, epochs=1))
    assert [row.rate for row in found.rows] == [0.0005, 0.001]
    sgd = {**SMALL, "optimizer": "sgd"}
    found = compared(asked(values=(16, 64), rates="scaled", seeds=1, epochs=1, fixed=sgd))
    assert [row.rate for row in found.rows] == [0.05, 0.2]


def test_each_optimizer_starts_from_its_usual_rate() -> None:
    found = compared(asked("optimizer", ("sgd", "adam"), rates="same", seeds=1, epochs=1))
    assert [row.rate for row in found.rows] == [0.2, 0.002]


def test_the_rate_itself_can_be_compared_and_a_wild_one_diverges() -> None:
    wild = {**SMALL, "optimizer": "sgd", "weight_decay": 1.0}
    found = compared(asked("lr", (0.1, 5e3), epochs=3, fixed=wild))
    assert [row.rate for row in found.rows] == [0.1, 5e3]
    assert found.rows[0].diverged == 0
    assert found.rows[1].diverged == 6
    assert found.verdicts[0].verdict.kind == "worse"


def test_lengths_of_training_can_be_compared() -> None:
    found = compared(asked("epochs", (1, 3), epochs=None, rates="same"))
    assert [row.curve[-1][0] for row in found.rows] == [1.0, 3.0]


def test_too_few_runs_for_a_verdict_are_said_aloud() -> None:
    heard = Heard()
    compared(asked(rates="same", seeds=1, epochs=1), heard=heard)
    assert "3 runs of each value are too few for a verdict: 6 are needed." in heard.said
    assert heard.stages == ["folds"]


def test_rows_in_time_share_their_folds_and_count_once_per_fold(watched: list[Watched]) -> None:
    heard, steps = Heard(), np.arange(60)
    data = DataSet(
        name="waves", task="forecasting", target="y", classes=(), form="series", shape=(4, 1),
        x=np.sin(steps[:, None] / 5 + np.arange(4)).astype(np.float32), y=np.sin(steps / 5 + 4)[:, None],
        moments=steps + 4, groups=steps,
    )  # fmt: skip
    fixed = {**SMALL, "network": "mlp"}
    found = compared(asked("activation", ("relu", "tanh"), rates="same", fixed=fixed), data, heard)
    folds = watched[0].source.folds
    assert [f.held_out.tolist() for f in folds[:3]] == [f.held_out.tolist() for f in folds[3:]]
    assert all(fold.train.max() < fold.held_out.min() for fold in folds)
    assert len(found.rows[0].scores) == 6
    assert found.verdicts[0].verdict.n == 6
    assert found.beyond[0].verdict.n == 3
    assert "too few replicates" in found.beyond[0].verdict.sentence
    assert heard.said[0].startswith("The rows follow in time")


def test_a_budget_that_suffices_changes_nothing() -> None:
    heard = Heard()
    found = compared(asked(rates="same", epochs=1, budget=Budget.parse("10m")), heard=heard)
    assert heard.said == []
    assert heard.stages == ["time", "folds"]
    assert found.facts["seeds"] == 2


def test_a_budget_that_does_not_is_said_aloud_with_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Contest, "_pace", lambda _self, _budget: [1.0, 1.0])
    heard = Heard()
    found = compared(asked(rates="same", epochs=1, budget=Budget.parse("12s")), heard=heard)
    assert heard.said[0] == "The budget of 12s pays for 1 seed; 2 seeds would take about 15 s."
    assert found.facts["seeds"] == 1
    assert {len(row.scores) for row in found.rows} == {3}
    assert found.facts["notes"] == heard.said


def test_a_budget_for_nothing_is_refused() -> None:
    with pytest.raises(BadBudget, match="for the smallest comparison"):
        compared(asked(rates="same", epochs=90_000, budget=Budget.parse("5s")))


def rare() -> DataSet:
    draw = np.random.default_rng(0)
    return DataSet(
        name="rare", task="classification", target="y", classes=("common", "rare"),
        x=draw.normal(size=(40, 2)).astype(np.float32), y=(np.arange(40) < 4).astype(np.int64),
        feature_names=("a", "b"), scaled=np.array([True, True]),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"folds": 5}, "folds must be at most 4, the rows of the rarest class 'rare', but got 5"),
        ({"folds": 2, "values": (8, 30)}, "batch_size must be at most 16, the training rows"),
        ({"folds": 2, "against": 12}, "against must be one of the values, but got 12"),
        ({"folds": 2, "objective": "acuracy"}, "Did you mean 'accuracy'?"),
        ({"folds": 2, "rates": "scaled", "fixed": {"optimizer": "adagrad"}}, "must have a rule that scales"),
        ({"folds": 2, "epochs": -1}, "epochs must lie in"),
    ],
)
def test_what_the_data_does_not_allow_is_refused_before_anything_is_made(
    given: dict[str, Any], says: str
) -> None:
    made: list[str] = []
    with pytest.raises(BadInput) as refused:
        compare(rare(), asked(**given), Silent(), Clock(), ready=lambda: made.append("folder"))
    assert says in str(refused.value)
    assert made == []


def test_rows_set_aside_for_a_test_stay_out(watched: list[Watched]) -> None:
    data = read("iris")
    aside = np.arange(0, 150, 5)
    kept = replace(data, test_rows=aside)
    compared(asked(rates="same", seeds=1, epochs=1), kept)
    for fold in watched[0].source.folds:
        assert not {*fold.train, *fold.held_out} & set(aside)


def test_a_metric_without_a_value_on_a_fold_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def undefined(metrics: dict[str, np.ndarray], _name: str) -> np.ndarray:
        return np.full_like(metrics["loss"], np.nan)

    monkeypatch.setattr("steepest.experiment.trainings.score_of", undefined)
    with pytest.raises(BadInput, match="objective must have a value on the held-out rows of every fold"):
        compared(asked(rates="same", seeds=1, epochs=1))


def test_what_can_never_decide_is_said_before_it_is_spent() -> None:
    heard = Heard()
    compared(asked(values=(8, 12, 16, 24, 32), rates="same", epochs=1), heard=heard)
    expected = (
        "6 runs of each can never show one of 5 to be better than another, whatever they score: 8 are needed."
    )
    assert heard.said[0] == expected


def test_decays_are_tuned_on_the_rows_of_the_ladders(watched: list[Watched]) -> None:
    found = compared(asked(seeds=1))
    tried = [m for m in members(watched, points=False) if m.recipe.weight_decay != 0.01]
    assert {m.recipe.weight_decay for m in tried} == {0.0, 0.1}
    assert {m.fold for m in tried} == {3, 4, 5}
    for row in found.rows:
        trained = [m for m in members(watched, points=True) if m.recipe.batch_size == row.value]
        decays = {m.fold: m.recipe.weight_decay for m in trained}
        assert [decays[i] for i in range(3)] == list(row.decays)
        assert row.tuning_seconds > 0
        assert row.parameters > 0
    fixed = compared(asked(seeds=1, fixed={**SMALL, "weight_decay": 0.0}))
    assert {decay for row in fixed.rows for decay in row.decays} == {0.0}
