"""A comparison: several contenders, all on the same folds from the same seeds, each at its own rate.

Every seed deals the rows into folds anew (repeated cross-validation). Where rates are tuned, each training's
rate comes from a ladder that has seen its fold's training rows only: a fifth of those is held out to score
the rates, and the fold's own held-out rows meet one network per value, the one that counts.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from steepest.base.budget import Clock
from steepest.base.errors import BadInput, closest
from steepest.base.progress import Listener
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.experiment.candidates import Candidate, named
from steepest.experiment.compared import Compared, Trained, judged
from steepest.experiment.contenders import Several, contenders
from steepest.experiment.contest import Contest
from steepest.experiment.dealing import check_batch, dealt, facts, inner, overlap_of
from steepest.experiment.ladder import DECADES, HAS_RULE, RUNGS, scaled_rate
from steepest.experiment.own import trusted
from steepest.experiment.question import Question
from steepest.experiment.scope import LADDER_SHARE, Scope, rounds_at_looks
from steepest.experiment.starting import default_recipe
from steepest.experiment.sweep import processes_for
from steepest.experiment.workers import Workers
from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost
from steepest.training.metrics import objective_for
from steepest.training.source import Source


def compare(
    data: DataSet,
    question: Question,
    listener: Listener,
    clock: Clock,
    ready: Callable[[], None] = lambda: None,
) -> Compared:
    """Train every contender on every fold, and judge them.

    Args:
        data: rows that its source sets aside for a test stay out.
        question: what to compare.
        listener: hears how it goes.
        clock: started when the comparison was asked for.
        ready: called once all that was asked is known to make sense, before anything is trained.

    Raises:
        BadInput: for what does not suit the data.
    """
    remarks: list[str] = []
    found = contenders(data, question.knob, question.values, question.fixed, question.epochs, remarks.append)
    found = [replace(c, recipe=_at_rate(c, data, question)) for c in found]
    objective = objective_for(data.task, question.objective)
    reference = _reference(found, data, question)
    splits = dealt(data, question.folds, question.seeds, question.seed)
    ladders = inner(data, splits, question.seed) if question.way == "tuned" else []
    source = Source.of(data, [*splits, *ladders])
    if "batch_size" in question.knobs:
        most = max(candidate.recipe.batch_size for candidate in found)
        check_batch(most, source, "A larger batch would be all rows; leave it out.")
    remarks += dict.fromkeys(s for c in found for s in trusted(c.recipe, data, splits[0].train))
    ready()
    with Workers(_workers(question, found, source), "fork") as pool:
        pool.serve(source)
        ordered = data.moments is not None
        contest = Contest(question, found, source, pool, listener, clock, objective, ordered)
        for sentence in remarks:
            contest.say(sentence)
        return _played(data, question, contest, reference, splits)


def _played(
    data: DataSet, question: Question, contest: Contest, reference: str, splits: Sequence[Split]
) -> Compared:
    """Train round after round, and judge at every look, until the answer is clear or all rounds are in."""
    scope = contest.scope()
    plan: tuple[int, ...] = (scope.seeds,)
    if question.looks and not contest.ordered:
        plan = rounds_at_looks(scope.seeds, question.folds, len(contest.found))
    overlap = overlap_of(splits)
    trained: list[Trained] = []
    done, begun = 0, contest.clock.elapsed()
    while True:
        look = next(rounds for rounds in plan if rounds > done)
        more = contest.round(scope, range(done * question.folds, look * question.folds))
        trained = [a.joined(b) for a, b in zip(trained, more, strict=True)] if trained else more
        done = look
        found = judged(
            question.knob, contest.objective, trained, reference, overlap, question.seed, {},
            done if contest.ordered else 1,
            [rounds * question.folds for rounds in plan] if len(plan) > 1 else None, question.margin,
        )  # fmt: skip
        if done == scope.seeds or _over(contest, found, done, plan, begun):
            break
    contest.note_ladders()
    known = _facts(data, question, contest, replace(scope, seeds=done), splits)
    looks = {"planned_seeds": scope.seeds, "looks": [rounds * question.folds for rounds in plan]}
    return replace(found, facts={**known, **looks})


def _over(contest: Contest, found: Compared, done: int, plan: Sequence[int], begun: float) -> bool:
    """Whether a comparison stops at a look, and why."""
    n, most = done * contest.question.folds, plan[-1] * contest.question.folds
    if found.settled:
        kinds = {row.verdict.kind for row in (*found.verdicts, *found.beyond)}
        why = "out of reach of more runs, or " if "unresolved" in kinds else ""
        contest.say(f"Stopped after {n} of {most} runs of each: every verdict is {why}known.")
        return True
    budget = contest.question.budget
    if budget is None or budget.seconds is None:
        return False
    now = contest.clock.elapsed()
    onward = next(rounds for rounds in plan if rounds > done) - done
    late = now + (now - begun) / done * onward > budget.seconds
    if late:
        contest.say(f"The budget of {budget.text} ends after {n} of {most} runs of each.")
    return late


def _at_rate(candidate: Candidate, data: DataSet, question: Question) -> Recipe:
    """A candidate's recipe at the rate it starts from: scaled, where batch sizes have a rule for that."""
    recipe = candidate.recipe
    ruled = recipe.optimizer in HAS_RULE or question.way == "scaled"  # which then says what is wrong
    if "batch_size" not in question.knobs or question.way == "same" or not ruled:
        return recipe
    base = default_recipe(data, recipe.network, {**question.fixed, "network": recipe.network})
    return recipe.replace(lr=float(f"{scaled_rate(recipe, base):.3g}"))


def _reference(found: Sequence[Candidate], data: DataSet, question: Question) -> str:
    """The value others are held against, chosen before anything is trained."""
    labels = [candidate.label for candidate in found]
    if question.against is not None:
        if named(question.against) not in labels:
            raise BadInput(
                "against",
                "must be one of the values",
                question.against,
                closest(str(question.against), labels),
            )
        return named(question.against)
    if (question.knob not in KNOBS and "." not in question.knob) or question.knob == "factory":
        return _usual(found, data, question)
    default = default_recipe(data, question.fixed.get("network"), question.fixed)
    usual = named(default.dotted().get(question.knob))
    return usual if usual in labels else labels[0]


def _usual(found: Sequence[Candidate], data: DataSet, question: Question) -> str:
    """The contender that is the default recipe in all that is compared; the first if none is."""
    if all(isinstance(value, Several) and "factory" not in value.knobs for value in question.values):
        default = default_recipe(data, question.fixed.get("network"), question.fixed).dotted()
        for candidate in found:
            known = candidate.recipe.dotted()
            if all(known[knob] == default[knob] for knob in question.knobs):
                return candidate.label
    return found[0].label


def _workers(question: Question, found: Sequence[Candidate], source: Source) -> int:
    if question.workers is not None:
        return question.workers
    rows, each = len(source.folds[0].train), 1 + LADDER_SHARE * (RUNGS if question.way == "tuned" else 0)
    operations = sum(
        c.recipe.epochs * rows * cost(spec_of(c.recipe, source.ports), c.recipe.batch_size, 2).flops_training
        for c in found
    )
    return processes_for(operations * each * question.folds * question.seeds)


def _facts(
    data: DataSet, question: Question, contest: Contest, scope: Scope, splits: Sequence[Split]
) -> dict[str, Any]:
    """What was asked, of which data, how it was done, and what it took."""
    return {
        **facts(data, splits, contest.pool, contest.clock, contest.trainings, contest.notes),
        "folds": question.folds,
        "seeds": scope.seeds,
        "seed": question.seed,
        "rates": question.way,
        "rungs": scope.rungs,
        "decays": scope.decays,
        "decades": DECADES if scope.rungs else None,
        "fixed": dict(question.fixed),
        "epochs": sorted({c.recipe.epochs for c in contest.found}),
    }
