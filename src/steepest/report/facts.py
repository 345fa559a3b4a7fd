"""What a study found, as plain frozen records: read from its journal, shown by every face of the report.

Nothing is estimated here. Verdicts, intervals and noise were computed by the study and stand in the
journal's documents; whatever a document leaves out stays at its default, so an unfinished study reads too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from steepest.report.records import (
    Calibration,
    Changed,
    Curse,
    Ensemble,
    Examples,
    Explanation,
    Finalist,
    FoundRecipe,
    FrontRow,
    Importance,
    Kept,
    KnobImportance,
    KnobShare,
    KnobValue,
    Member,
    OuterTest,
    PathStep,
    Room,
    Scores,
    Shown,
    Spent,
    Study,
    Verdict,
    Way,
)
from steepest.store import CurvePoint, Journal, MemberPlan

Record = TypeVar("Record")

BEFORE = ("calibrate", "search")
"""Stages whose members count for good."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the report shows."""

    study: Study
    members: tuple[Member, ...] = ()
    calibration: Calibration | None = None
    baselines: tuple[Scores, ...] = ()
    bar: float | None = None
    verdict: Verdict | None = None
    finalists: tuple[Finalist, ...] = ()
    obeying: str = ""
    front: tuple[FrontRow, ...] = ()
    front_costs: tuple[str, ...] = ()
    curse: Curse | None = None
    importance: Importance | None = None
    explanation: Explanation | None = None
    conflicts: Mapping[str, Any] | None = None
    test: OuterTest | None = None
    ensemble: Ensemble | None = None
    kept: tuple[Kept, ...] = ()
    recipe: FoundRecipe | None = None
    examples: Examples | None = None
    ways: tuple[Way, ...] = ()
    stages: tuple[Spent, ...] = ()
    total_seconds: float | None = None
    end_reason: str = ""
    end_sentence: str = ""
    missed: tuple[str, ...] = ()

    def of(self, stage: str, label: str | None = None) -> tuple[Member, ...]:
        """The members of one stage (and, where given, one label)."""
        return tuple(m for m in self.members if m.stage == stage and label in (None, m.label))

    @property
    def winner_label(self) -> str:
        """The confirm label of the recipe that is handed back."""
        key = self.recipe.key if self.recipe else ""
        matches = [f.label for f in self.finalists if key and f.member_recipe_key == key]
        if not matches and self.recipe and not self.recipe.changed:
            return "default"
        return matches[0] if matches else "finalist 1"


def read_facts(journal: Journal, *, members: bool = True, curves: bool = True) -> Facts:
    """Read everything the report shows from a journal, finished or not.

    Args:
        journal: of a study.
        members: whether its members are wanted, which are most of it.
        curves: whether their curves are; else only those of members that have not ended are read.

    Raises:
        StoreError: the journal cannot be read.
    """

    def body(kind: str) -> Mapping[str, Any]:
        document = journal.document(kind)
        return document.body if document else {}

    first = int(body("finalists").get("first_replicate") or 0)  # a study that was extended confirms anew
    plans = [p for p in (journal.members() if members else []) if p.replicate >= first or p.stage in BEFORE]
    baselines, timing, end = body("baselines"), body("timing"), end_of(journal, plans)
    return Facts(
        study=_study(body("study")),
        members=_members(journal, plans, curves),
        calibration=_optional(Calibration, body("calibration")),
        baselines=_rows(Scores, baselines.get("rows")),
        bar=baselines.get("bar"),
        verdict=_optional(Verdict, body("verdict")),
        finalists=_rows(Finalist, body("finalists").get("rows")),
        obeying=body("limits").get("sentence", ""),
        front=_rows(FrontRow, body("front").get("rows")),
        front_costs=tuple(body("front").get("costs") or ()),
        curse=_optional(Curse, body("curse")),
        importance=_importance(body("importance")),
        explanation=_explanation(body("explanation"), body("recipe")),
        conflicts=_conflicts(body("conflicts"), body("recipe")),
        test=_test(body("test")),
        ensemble=_optional(Ensemble, body("ensemble")),
        kept=_rows(Kept, body("kept").get("rows")),
        recipe=_optional(FoundRecipe, body("recipe")),
        examples=_examples(body("examples")),
        ways=_rows(Way, body("ways").get("choices")),
        stages=_rows(Spent, timing.get("stages")),
        total_seconds=timing.get("total_seconds"),
        end_reason=end.get("reason", ""),
        end_sentence=end.get("sentence", ""),
        missed=tuple(end.get("missed") or ()),
    )


def _record(kind: type[Record], body: Mapping[str, Any]) -> Record:
    """The fields a record and a document share; lists become tuples, and a NaN is a value that is missing."""
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]
    given = {name: body.get(name) for name in names}
    return kind(
        **{name: _frozen(value) for name, value in given.items() if value is not None and value == value}
    )


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def _optional(kind: type[Record], body: Mapping[str, Any]) -> Record | None:
    return _record(kind, body) if body else None


def _rows(kind: type[Record], rows: Sequence[Mapping[str, Any]] | None) -> tuple[Record, ...]:
    return tuple(_record(kind, row) for row in rows or ())


def _study(body: Mapping[str, Any]) -> Study:
    """Class names as words, whether the study kept names or only their number."""
    classes = body.get("classes") or ()
    names = range(classes) if isinstance(classes, int) else classes
    return _record(Study, {**body, "classes": [str(name) for name in names]})


def _test(body: Mapping[str, Any]) -> OuterTest | None:
    if not body:
        return None
    return OuterTest(
        winner=_scores(body.get("winner")),
        default=_scores(body.get("default")),
        baselines=_rows(Scores, body.get("baselines")),
        metrics={name: value for name, value in (body.get("metrics") or {}).items() if value is not None},
        n=body.get("n"),
        confusion=_frozen(body.get("confusion") or []),
    )


def _importance(body: Mapping[str, Any]) -> Importance | None:
    if not body:
        return None
    rows = tuple(
        replace(
            _record(KnobImportance, row),
            later=_optional(KnobShare, row.get("later") or {}),
            values=_rows(KnobValue, row.get("values")),
        )
        for row in body.get("rows") or ()
    )
    return replace(_record(Importance, body), rows=rows, room=_optional(Room, body.get("room") or {}))


def _explanation(body: Mapping[str, Any], recipe: Mapping[str, Any]) -> Explanation | None:
    """None where a study that was extended has another winner by now."""
    if not body or body["key"] != recipe.get("key"):
        return None
    steps = tuple(
        replace(_record(PathStep, step), verdict=_optional(Verdict, step.get("verdict") or {}))
        for step in body.get("steps") or ()
    )
    total = _optional(Verdict, body.get("total") or {})
    return replace(_record(Explanation, body), start=_scores(body.get("start")), steps=steps, total=total)


def _conflicts(body: Mapping[str, Any], recipe: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """None where the recipe that they were sought around is no longer the found one."""
    return body if body and body["key"] == recipe.get("key") else None


def _examples(body: Mapping[str, Any]) -> Examples | None:
    if not body:
        return None
    return replace(
        _record(Examples, body),
        changed=_rows(Changed, body.get("changed")),
        shown=_rows(Shown, body.get("shown")),
        wrong=_rows(Shown, body.get("wrong")),
    )


def _scores(body: Mapping[str, Any] | None) -> Scores | None:
    """{scores, mean, sd} as the study writes it."""
    if not body:
        return None
    scores = body.get("scores") or []
    return _record(Scores, {**body, "score": body.get("mean"), "n": len(scores) or None})


def end_of(journal: Journal, plans: Sequence[MemberPlan]) -> Mapping[str, Any]:
    """How a study ended; empty where it has not, or where a later sitting went on with it and has not ended.

    Args:
        journal: of the study.
        plans: of its members.
    """
    end = journal.document("end")
    return {} if end is None or any(plan.sitting > end.sitting for plan in plans) else end.body


def _members(journal: Journal, plans: Sequence[MemberPlan], whole: bool) -> tuple[Member, ...]:
    if not plans:
        return ()
    ends = {end.member: end for end in journal.outcomes()}
    wanted = None if whole else [plan.member for plan in plans if plan.member not in ends]
    curves: dict[int, list[CurvePoint]] = {}
    for point in journal.curves(wanted):
        curves.setdefault(point.member, []).append(point)
    members = []
    for plan in plans:
        curve, end = tuple(curves.get(plan.member, ())), ends.get(plan.member)
        reached = curve[-1] if curve else None
        members.append(
            Member(
                number=plan.member,
                stage=plan.stage,
                label=plan.label,
                origin=plan.origin,
                replicate=plan.replicate,
                recipe=_one_value_each(plan.recipe),
                parameters=plan.parameters,
                status=end.status if end else "unfinished",
                cause=end.cause if end else "",
                score=end.score if end else reached.score if reached else None,
                epochs=end.epochs if end else reached.epoch if reached else 0.0,
                curve=curve,
                seed=plan.seed,
                split=plan.split,
                seconds=end.seconds if end else None,
            )
        )
    return tuple(members)


def _one_value_each(recipe: Mapping[str, Any]) -> Mapping[str, Any]:
    """A recipe in which an argument of the user's own network that is a list is one value too."""
    if recipe.get("network") != "own":
        return recipe
    return {name: str(value) if isinstance(value, list) else value for name, value in recipe.items()}
