"""A study, stage by stage: what each may look at, and how each can be ended."""

import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadBudget, BadRecipe
from steepest.base.progress import Progress
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.read import read
from steepest.data.split import outer_split
from steepest.experiment.folder import FILES, MODEL, RECIPE
from steepest.experiment.settings import Settings
from steepest.experiment.study import Study
from steepest.experiment.tune import Finished, tune
from steepest.store.journal import Journal
from steepest.store.opening import open_journal
from steepest.training.job import Job

SMALL = {"epochs": 3, "width": 16, "depth": 1}


class Listener:
    """Presses Ctrl-C the first time it hears of a stage's n-th snapshot."""

    def __init__(self, stage: str = "", place: int = 1) -> None:
        self._stage, self._place, self._seen = stage, place, Counter[str]()
        self.sentences: list[str] = []

    def progress(self, snapshot: Progress) -> None:
        self._seen[snapshot.stage] += 1
        if snapshot.stage == self._stage and self._seen[self._stage] == self._place:
            signal.raise_signal(signal.SIGINT)

    def say(self, sentence: str) -> None:
        self.sentences.append(sentence)


def study(
    folder: Path,
    data: str = "iris",
    budget: str = "12trials",
    listener: Listener | None = None,
    **fixed: object,
) -> Finished:
    fixed = {**SMALL, **fixed}
    settings = Settings(Budget.parse(budget), 0, folder, fixed=fixed, start=Recipe.make(**fixed), workers=0)
    return tune(lambda: read(data), settings, listener or Listener())


def reason(journal: Journal) -> str:
    document = journal.document("end")
    assert document is not None
    return str(document.body["reason"])


@pytest.mark.parametrize(
    ("stage", "place"),
    [("calibrate", 1), ("search", 1), ("search", 4), ("confirm", 1), ("confirm", 4), ("test", 1)],
)
def test_ctrl_c_in_any_stage_leaves_a_recipe_and_a_network(stage: str, place: int, tmp_path: Path) -> None:
    finished = study(tmp_path, listener=Listener(stage, place))
    assert finished.test["winner"]["mean"] is not None
    assert (tmp_path / MODEL).is_file()
    assert Recipe.load(tmp_path / RECIPE) == finished.recipe
    with open_journal(tmp_path) as journal:
        assert reason(journal) == "interrupted"
        assert {o.member for o in journal.outcomes()} == {p.member for p in journal.members()}


@pytest.mark.parametrize(("budget", "members"), [("1trials", 1), ("4trials", 4), ("12trials", 12)])
def test_a_budget_of_trials_starts_so_many_and_no_more(budget: str, members: int, tmp_path: Path) -> None:
    study(tmp_path, budget=budget)
    with open_journal(tmp_path) as journal:
        assert reason(journal) == "trials"
        candidates = [p for p in journal.members() if p.stage == "search" and p.label != "play-off"]
    assert len(candidates) == members


def test_a_space_that_runs_dry_ends_the_search(tmp_path: Path) -> None:
    fixed = {n: getattr(Recipe(), n) for n, k in KNOBS.items() if k.search is not None and n != "clip_norm"}
    study(tmp_path, budget="30trials", **{**fixed, "width": 8})
    with open_journal(tmp_path) as journal:
        assert reason(journal) == "space"


def test_nothing_to_search_is_said_before_anything_is_written(tmp_path: Path) -> None:
    fixed = {n: getattr(Recipe(), n) for n, k in KNOBS.items() if k.search is not None}
    with pytest.raises(BadRecipe, match="at least one knob"):
        study(tmp_path / "run", **fixed)
    assert not (tmp_path / "run").exists()


def test_the_test_rows_are_met_in_the_final_stage_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[tuple[str, Job]] = []
    honest = Study.train

    def watched(self: Study, *arguments: object, **named: object) -> None:
        inner = self.workers.run

        def run(jobs: list[Job], *rest: object) -> object:
            served.extend((self.stage, job) for job in jobs)
            return inner(jobs, *rest)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(self.workers, "run", run)
            honest(self, *arguments, **named)  # type: ignore[arg-type]
        if not held:
            held.append(self)

    held: list[Study] = []
    monkeypatch.setattr(Study, "train", watched)
    finished = study(tmp_path)
    test_rows = set(outer_split(finished.data, 0).held_out.tolist())
    seen = Counter(stage for stage, _ in served)
    assert {"calibrate", "search", "confirm", "test"} == set(seen)
    for stage, job in served:
        for member in job.members:
            fold = held[0].fold(member.fold)
            assert not test_rows & set(fold.train.tolist())
            assert bool(test_rows & set(fold.held_out.tolist())) == (stage == "test")


def test_confirmation_uses_rows_and_seeds_of_its_own(tmp_path: Path) -> None:
    study(tmp_path)
    with open_journal(tmp_path) as journal:
        plans = journal.members()
    of = {
        stage: [p for p in plans if p.stage == stage] for stage in ("calibrate", "search", "confirm", "final")
    }
    assert not {p.split for p in of["confirm"]} & {p.split for p in of["search"] + of["calibrate"]}
    assert not {p.seed for p in of["confirm"]} & {p.seed for p in of["search"] + of["calibrate"]}
    assert not {p.seed for p in of["final"]} & {p.seed for p in of["confirm"]}
    for replicate in {p.replicate for p in of["confirm"]}:  # pairs share seed and split
        shared = {(p.seed, p.split) for p in of["confirm"] if p.replicate == replicate}
        assert len(shared) == 1
    labels = Counter(p.label for p in of["confirm"])
    assert set(labels) == {"finalist 1", "finalist 2", "finalist 3", "default"}
    assert len(set(labels.values())) == 1


def test_time_that_allows_nothing_is_said(tmp_path: Path) -> None:
    settings = Settings(Budget("0.001s", seconds=0.001), 0, tmp_path / "run", workers=0)
    with pytest.raises(BadBudget, match=r"0\.\ds to begin and 0\.\ds to write"):
        tune(lambda: read("iris"), settings, Listener())


def test_a_budget_of_time_is_kept(tmp_path: Path) -> None:
    started = time.perf_counter()
    settings = Settings(Budget.parse("6s"), 0, tmp_path, fixed={"width": 16, "depth": 1}, workers=0)
    tune(lambda: read("iris"), settings, Listener())
    assert time.perf_counter() - started < 9
    with open_journal(tmp_path) as journal:
        assert reason(journal) == "budget"
        timing = journal.document("timing")
        assert timing is not None
        stages = {s["name"]: s for s in timing.body["stages"]}
        assert list(stages) == ["read", "calibrate", "search", "confirm", "test", "write"]
        assert sum(s["members"] for s in stages.values()) == len(journal.members())
    written = {p.name for p in tmp_path.iterdir()}
    assert set(FILES) - written == {"train.py", "report.html"}  # the faces add these


def test_ctrl_c_before_anything_was_trained_stops(tmp_path: Path) -> None:
    settings = Settings(Budget.parse("60s"), 0, tmp_path, workers=0)
    with pytest.raises(KeyboardInterrupt):
        tune(lambda: read("iris"), settings, Listener("calibrate"))


NO_NORM = {name: "none" for name in KNOBS if name == "norm"}  # normalised networks survive any rate
WILD = {"lr": 1e4, "optimizer": "sgd", "clip_norm": 0.0, "activation": "identity", "batch_size": 16}


@pytest.mark.parametrize("data", ["iris", "diabetes"])
def test_where_everything_diverges_it_is_said_and_the_verdict_is_open(data: str, tmp_path: Path) -> None:
    listener = Listener()
    finished = study(tmp_path, data, "9trials", listener, **WILD, depth=2, schedule="constant", **NO_NORM)
    with open_journal(tmp_path) as journal:
        diverged = Counter(o.status for o in journal.outcomes())["diverged"]
        assert diverged / len(journal.members()) > 0.9
        calibration = journal.document("calibration")
        assert calibration is not None
        assert calibration.body["mean"] is None
    assert finished.verdict is None or finished.verdict.kind == "unresolved"
    assert finished.test["winner"]["mean"] is None
    assert any("failed" in sentence for sentence in listener.sentences)


def test_a_default_that_diverges_is_counted_as_the_worst(tmp_path: Path) -> None:
    wild = Recipe.make(**{**SMALL, **WILD, "depth": 2})
    settings = Settings(Budget.parse("12trials"), 1, tmp_path, fixed=SMALL, start=wild, workers=0)
    finished = tune(lambda: read("iris"), settings, Listener())
    assert finished.verdict is not None
    assert (finished.verdict.kind, finished.verdict.diverged_a, finished.verdict.diverged_b) == (
        "better",
        0,
        8,
    )
    assert "the default 8 of 8" in finished.verdict.sentence
    assert finished.test["default"]["mean"] is None
    assert finished.test["winner"]["mean"] > 0.5
