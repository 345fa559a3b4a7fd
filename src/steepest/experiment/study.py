"""What the stages of a study share: data, journal, workers, clock, and the members trained so far."""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from steepest.base.budget import Clock
from steepest.base.progress import Listener, Progress
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.experiment import states
from steepest.experiment.gauging import Gauge
from steepest.experiment.limits import Limit, read_limits
from steepest.experiment.probing import fault_words, probe_bodies
from steepest.experiment.recall import Recall
from steepest.experiment.settings import Settings
from steepest.experiment.trained import Trained
from steepest.experiment.ways import PATIENCE, Measuring, planner_for
from steepest.experiment.work import operations, work
from steepest.experiment.workers import Workers, give_back
from steepest.networks.architecture import Spec, spec_of
from steepest.networks.cost import cost
from steepest.networks.ports import Ports
from steepest.store.journal import Journal
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome, Stage, Status
from steepest.training.job import Done, Job
from steepest.training.member import Member
from steepest.training.metrics import score_of
from steepest.training.planner import Choice, Planner
from steepest.training.planning import chunks, shared_out
from steepest.training.source import Fold, Source, ports_of
from steepest.training.state import StackState

Answer = TypeVar("Answer")

PATIENCE_SHARE = 0.005
"""Of the budget: after so long no further way to train a kind of network is tried."""


@dataclass(eq=False)
class Study:
    """One study in progress.

    Args:
        settings: what the user asked for.
        data: the data set.
        outer: development rows and test rows.
        objective: metric that scores are made of.
        journal, workers, listener, clock: where it is written, done, told and timed.
    """

    settings: Settings
    data: DataSet
    outer: Split
    objective: str
    journal: Journal
    workers: Workers
    listener: Listener
    clock: Clock
    recall: Recall = field(init=False)
    source: Source | None = None
    stage: str = "read"
    bar: float | None = None
    best: float | None = None
    interrupted: bool = False
    began: float = 0.0
    began_operations: int = 0
    operations: int = 0
    missed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    stages: list[dict[str, Any]] = field(default_factory=list)
    members: list[Trained] = field(default_factory=list)
    _alive: int = 0
    _rate: float = 0.0
    _steps: int = 0
    _entered: float = 0.0
    _measuring: Measuring = field(default_factory=Measuring)

    def __post_init__(self) -> None:
        self.recall = Recall(self.journal)
        self.clock.spent_before += self.recall.spent

    def serve(self, source: Source) -> None:
        """Hand the rows and folds to the workers."""
        self.source = source
        self.workers.serve(source)

    @cached_property
    def planner(self) -> Planner:
        """Chooses how the members of each network shape are trained."""
        assert self.source is not None
        seconds = self.settings.budget.seconds
        patience = PATIENCE if seconds is None else max(PATIENCE, PATIENCE_SHARE * seconds)
        rounding = self.settings.precision == "auto"
        planner = planner_for(self.source, self.workers, rounding, patience)
        known = self.journal.document("ways")  # a study that goes on trains as it began
        for choice in map(Choice.from_dict, known.body["choices"] if known else ()):
            planner.choices[choice.kind] = choice
        return planner

    def fold(self, index: int) -> Fold:
        """One of the folds that were served."""
        assert self.source is not None
        return self.source.folds[index]

    def spec(self, recipe: Recipe) -> Spec:
        """The network a recipe means on this data."""
        return spec_of(recipe, self.ports)

    @cached_property
    def ports(self) -> Ports:
        """What networks read and write."""
        return ports_of(self.data)

    @property
    def limits(self) -> tuple[Limit, ...]:
        """What a recipe must not exceed."""
        return read_limits(self.settings.limits)

    @cached_property
    def gauge(self) -> Gauge:
        """Costs of recipes; times that an earlier sitting measured are not measured again."""
        known = {d.body["network"]: d.body["seconds"] for d in self.journal.documents("latency")}

        def heard(network: str, seconds: float) -> None:
            body = {"network": network, "seconds": seconds}
            self.journal.record(documents=[Document("latency", body)])

        return Gauge(self.ports, known, heard)

    @property
    def rounds(self) -> int:
        """Rounds in an epoch."""
        return self.source.rounds if self.source else 1

    def epochs(self, rounds: int) -> int | float:
        """So many rounds in epochs: a whole number where it is one."""
        whole, rest = divmod(rounds, self.rounds)
        return round(rounds / self.rounds, 6) if rest else whole

    def until(self, recipe: Recipe) -> int:
        """The round at which a recipe's training ends."""
        assert self.source is not None
        return self.source.total_rounds(recipe.epochs)

    # -- time and talk -----------------------------------------------------------------------------------

    def enter(self, stage: str) -> None:
        """Begin a stage: its time and members are counted apart."""
        now = self.decide(f"stage {stage}", lambda: round(self.clock.elapsed(), 3))
        if self.stages:
            last = self.stages[-1]
            last["seconds"] = round(now - self._entered, 3)
            last["members"] = len(self.members) - last["members"]
            last["member_steps"] = self._steps - last["member_steps"]
        self.stage, self._entered = stage, now
        self.stages.append(
            {"name": stage, "seconds": 0.0, "members": len(self.members), "member_steps": self._steps}
        )
        self.tell()

    def tell(self) -> None:
        """Let the listener know where the study stands."""
        elapsed, budget = self.clock.elapsed(), self.settings.budget
        started = sum(m.plan.stage == "search" and not m.plan.label for m in self.members)
        spent = budget.spent({"s": elapsed, "trials": started, "flops": self.operations})
        self.listener.progress(
            Progress(
                stage=self.stage,
                elapsed=elapsed,
                share=spent.share if spent else 0.0,
                started=len(self.members),
                alive=self._alive,
                steps_per_second=self._rate,
                best=self.best,
                bar=self.bar,
                score_name=self.objective,
                seconds_left=None if budget.seconds is None else max(budget.seconds - elapsed, 0.0),
                spent=spent,
            )
        )

    def moment(self, deadline: float) -> float:
        """A time of this study's clock as a moment of `time.monotonic`, which workers share."""
        return time.monotonic() + deadline - self.clock.elapsed()

    # -- members -----------------------------------------------------------------------------------------

    def plan(
        self,
        recipes: Iterable[tuple[Recipe, str, int, int, int]],
        stage: Stage,
        labels: Sequence[str] | None = None,
    ) -> list[Trained]:
        """Number new members and write them down before they start.

        Args:
            recipes: (recipe, origin, seed, fold, replicate) of each.
            stage: what they are for.
            labels: their names within the stage.
        """
        new: list[Trained] = []
        for i, (recipe, origin, seed, fold, replicate) in enumerate(recipes):
            number = len(self.members) + len(new)
            plan = MemberPlan(
                member=number,
                stage=stage,
                label=labels[i] if labels else "",
                recipe=recipe.dotted(),
                seed=seed,
                replicate=replicate,
                split=fold,
                parameters=cost(self.spec(recipe), recipe.batch_size, 0).parameters,
                origin=origin,
            )
            new.append(Trained(plan, Member(number, recipe, seed, fold)))
        plans = [t.plan for t in new]
        if not self.recall.planned(plans):
            self.journal.plan(plans)
        self.members += new
        return new

    def train(
        self,
        trained: Sequence[Trained],
        until: int,
        points: Sequence[int],
        deadline: float,
        keep: bool = True,
        probed: Collection[Trained] = (),
        meanwhile: Callable[[], object] = lambda: None,
    ) -> None:
        """Take members on to round `until`, scoring at `points`, and write down what came of it.

        `deadline` is in seconds of this study's clock. Members that diverge, starve or are interrupted get
        their outcome here; the others stay "training" until `settle`.
        What probes find of the members in `probed` is written down too. `meanwhile` is called once, while the
        workers are at work if there is any.
        """
        by_number = {t.member.number: t for t in trained}
        known = self._recalled(trained, until, keep)
        if len(known) == len(trained):
            meanwhile()
            return
        self.learn(t.member.recipe for t in trained)
        watched = {t.member.number for t in probed}
        groups = self._chunks(trained, apart=bool(watched))
        groups = [left for g in groups if (left := tuple(m for m in g if m.number not in known))]
        jobs = [self._job(group, by_number, until, points, deadline, keep) for group in groups]
        jobs = [replace(job, probes=any(m.number in watched for m in job.members)) for job in jobs]
        self._alive = len(trained)
        self.tell()
        outcomes: list[Outcome] = []

        def heard(done: Done) -> None:
            before = self._steps
            curves = self._take_in(done, by_number, outcomes)
            documents = [Document("probes", body) for body in probe_bodies(done, watched, self.epochs)]
            documents.append(Document("clock", {"elapsed": round(self.clock.elapsed(), 3)}))
            self.journal.record(curves, outcomes, documents)
            outcomes.clear()
            self._alive -= sum(
                m.number in by_number and by_number[m.number].fate != "training" for m in done.members
            )
            at_once = min(max(self.workers.count, 1), len(jobs))
            rate = (self._steps - before) / max(done.seconds, 1e-9) * at_once
            self._rate = 0.8 * self._rate + 0.2 * rate if self._rate else rate
            self.tell()

        self.workers.run(jobs, heard, self.tell, meanwhile)
        self._alive = 0

    def settle(self, members: Iterable[Trained], fate: Status, cause: str = "") -> None:
        """Give members that are still training their outcome."""
        ended = [t for t in members if t.fate == "training"]
        for t in ended:
            t.fate, t.state = fate, None
        new = [self._outcome(t, cause) for t in ended if t.member.number not in self.recall.outcomes]
        if new:
            self.journal.record(outcomes=new)

    def keep(self, name: str, members: Sequence[Trained], wanted: bool = False) -> None:
        """Keep these members' states on disk, and in memory apart from the chunks they came back in.

        Where an earlier sitting has kept them, they are read; if their files are gone, trained once more.

        Args:
            name: of the moment, unique in the study.
            members: those that may go on.
            wanted: whether the states are of use even where the members have ended.
        """
        self.kept.append(name)
        if name in self.recall.kept:
            there = states.bring_back(self.settings.folder, name, members, self.ports)
            if there or not (wanted or any(t.member.number not in self.recall.outcomes for t in members)):
                return
            self._retrace(members)
        for t in members:
            if t.state is not None:
                state, row = t.state
                t.state = state.take([row]), 0
        give_back()
        at_hand = [t for t in members if t.state is not None]
        states.keep(self.settings.folder, name, at_hand, self.ports)
        rounds = {t.member.number: max(t.scores, default=0) for t in at_hand}
        self.journal.record(documents=[Document("state", {"name": name, "rounds": rounds})])

    def forget(self, name: str) -> None:
        """Remove what was kept under a name."""
        states.forget(self.settings.folder, name)
        self.kept.remove(name)

    def extend(self, settings: Settings) -> None:
        """Begin another part, under other settings; work that its budget allows is counted from here."""
        budget = settings.budget
        if budget.flops is not None:
            budget = replace(budget, flops=budget.flops + self.operations)
        self.settings = replace(settings, budget=budget)
        self.began = self.decide("extension", lambda: round(self.clock.elapsed(), 3))
        self.began_operations = self.operations

    def decide(self, name: str, answer: Callable[[], Answer]) -> Answer:
        """What hangs on the clock or on the user: written down once, and told again when the study goes on.

        Args:
            name: of the question; the order of questions is the same in every sitting.
            answer: finds the answer, of plain JSON values.
        """
        if not self.recall.over:
            told: Answer = self.recall.decision(name)
            return told
        value = answer()
        body = {"name": name, "value": value, "at": round(self.clock.elapsed(), 3)}
        self.journal.record(documents=[Document("decision", body)])
        return value

    def shortfall(self) -> list[str]:
        """What the present part left undone because its budget did not reach."""
        some = len(self._measuring.skipped - set(self.planner.choices))
        kinds = [f"measuring how {some} more kinds of network train best"] if some else []
        return [*kinds, *self.missed]

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Write down a conclusion, unless an earlier sitting has."""
        if not self.recall.noted(kind):
            self.journal.record(documents=[Document(kind, body)])

    # -- details -----------------------------------------------------------------------------------------

    def learn(self, recipes: Iterable[Recipe]) -> None:
        """Measure how kinds of network that are new to this study are trained best, and write it down.

        The most frequent kinds come first, as many as a share of the budget allows; others are trained as
        usual.
        """
        limit, some = self.settings.budget.seconds, max(self.workers.count, 1)
        if self._measuring.learn(self.planner, recipes, some, math.inf if limit is None else limit):
            self.note("ways", {"choices": [c.as_dict() for c in self.planner.choices.values()]})

    def _recalled(self, trained: Sequence[Trained], until: int, keep: bool) -> set[int]:
        """The members that an earlier sitting has trained so far, with what came of it."""
        known = self.recall.trained([t.member.number for t in trained], until, self.epochs(until), keep)
        for t in trained:
            if t.member.number in known:
                steps, rounds = t.steps, t.reached
                self.recall.tell(t, until, self.rounds)
                self._steps += t.steps - steps
                self._count(t, rounds)
        return known

    def _retrace(self, members: Sequence[Trained]) -> None:
        """Train members from the beginning to where they are: their states are lost, their scores are not."""
        by_number = {t.member.number: t for t in members if t.fate == "training"}
        for until in sorted({max(t.scores, default=0) for t in by_number.values()} - {0}):
            some = [t for t in by_number.values() if max(t.scores) == until]
            groups = self._chunks(some, apart=False)
            jobs = [self._job(group, by_number, until, [until], math.inf, keep=True) for group in groups]
            for done in self.workers.run(jobs, lambda _: None, self.tell):
                for k, member in enumerate(done.members):
                    t = by_number[member.number]
                    t.metrics = {name: float(v[k]) for name, v in done.points[-1].metrics.items()}
                    t.state = (done.state, k) if done.state is not None else None

    def _chunks(self, trained: Sequence[Trained], apart: bool) -> list[tuple[Member, ...]]:
        """Chunks that keep all workers busy to the end."""
        step_seconds = None if apart else self.planner.step_seconds  # probes look at whole batches
        cut = chunks([t.member for t in trained], self.ports, self.planner.way, step_seconds)
        return shared_out(cut, lambda member: self.work(member.recipe))

    def work(self, recipe: Recipe) -> float:
        """Expected seconds of one round in a chunk on one core; `Time` corrects it for this machine."""
        return work(recipe, self.spec(recipe), len(self.outer.train) * 0.8 / self.rounds)

    def operations_of(self, recipe: Recipe, share: float = 0.8) -> int:
        """Floating-point operations of one round on so much of the development rows."""
        return operations(recipe, self.spec(recipe), len(self.outer.train) * share / self.rounds)

    def _count(self, t: Trained, before: int) -> None:
        """Count the work of the rounds that a member went beyond `before`."""
        share = 1.0 if t.plan.stage == "final" else 0.8
        self.operations += self.operations_of(t.member.recipe, share) * (t.reached - before)

    def _job(
        self,
        group: tuple[Member, ...],
        by_number: Mapping[int, Trained],
        until: int,
        points: Sequence[int],
        deadline: float,
        keep: bool,
    ) -> Job:
        parts = [by_number[m.number].state for m in group]
        held = [s.take([row]) for s, row in (p for p in parts if p is not None)]
        return Job(
            members=group,
            until=until,
            points=tuple(points),
            state=StackState.join(held) if held else None,
            deadline=self.moment(deadline),
            stop=self.workers.stop_file,
            keep=keep,
            way=self.planner.way(group[0].recipe),
        )

    def _take_in(
        self, done: Done, by_number: dict[int, Trained], outcomes: list[Outcome]
    ) -> list[CurvePoint]:
        curves = []
        weight = sum(self.work(m.recipe) for m in done.members) or 1.0
        for k, member in enumerate(done.members):
            t = by_number[member.number]
            reached = t.reached
            t.seconds += done.seconds * self.work(member.recipe) / weight
            for point in done.points:
                score = float(score_of(point.metrics, self.objective)[k])
                t.scores[point.round] = score
                t.metrics = {name: float(values[k]) for name, values in point.metrics.items()}
                loss, steps, epochs = (
                    float(point.train_loss[k]),
                    int(point.steps[k]),
                    self.epochs(point.round),
                )
                curves.append(CurvePoint(member.number, epochs, steps, loss, t.metrics["loss"], score))
            if done.points:
                self._steps += int(done.points[-1].steps[k]) - t.steps
                t.steps = int(done.points[-1].steps[k])
            self._count(t, reached)
            t.state = (done.state, k) if done.state is not None else None
            if done.interrupted:
                t.fate = "interrupted"
                outcomes.append(self._outcome(t, "the budget or the user ended the stage first"))
            elif np.isnan(t.score):
                t.fate = "diverged"
                cause = f"the loss stopped being a number by epoch {self.epochs(max(t.scores)):g}"
                outcomes.append(self._outcome(t, cause + fault_words(done.looks, member.number)))
        for member in done.starved:
            t = by_number[member.number]
            t.fate = "out of memory"
            outcomes.append(self._outcome(t, "memory did not suffice, even alone"))
        for member, cause in done.lost:
            t = by_number[member.number]
            t.fate = "lost"
            outcomes.append(self._outcome(t, f"every attempt failed: {cause}"))
        return curves

    def _outcome(self, t: Trained, cause: str) -> Outcome:
        score = None if np.isnan(t.score) else t.score
        epochs = float(self.epochs(max(t.scores, default=0)))
        assert t.fate != "training"
        return Outcome(t.member.number, t.fate, cause, score, epochs, t.seconds)
