"""Records as table rows and back: plain Python values in the order of the tables' columns.

SQLite keeps a NaN as NULL, so NaN travels as the text "nan", which `float` reads back.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from steepest.base.errors import BadInput
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome

Row = tuple[Any, ...]


def from_plan(plan: MemberPlan) -> Row:
    """(member, stage, label, recipe, seed, replicate, split, parameters, origin)"""
    recipe = _to_json(f"the recipe of member {plan.member}", plan.recipe)
    numbers = (int(plan.seed), int(plan.replicate), int(plan.split), int(plan.parameters))
    return (int(plan.member), plan.stage, plan.label, recipe, *numbers, plan.origin)


def to_plan(row: Row) -> MemberPlan:
    """The inverse of `from_plan`."""
    member, stage, label, recipe, *rest = row
    return MemberPlan(member, stage, label, json.loads(recipe), *rest)


def from_point(point: CurvePoint) -> Row:
    """(member, epoch, step, train_loss, held_out_loss, score)"""
    losses = (_real(point.train_loss), _real(point.held_out_loss))
    return (int(point.member), _real(point.epoch), int(point.step), *losses, _real(point.score))


def to_point(row: Row) -> CurvePoint:
    """The inverse of `from_point`."""
    member, epoch, step, train_loss, held_out_loss, score = row
    return CurvePoint(member, float(epoch), step, float(train_loss), float(held_out_loss), float(score))


def from_outcome(outcome: Outcome) -> Row:
    """(member, status, cause, score, epochs, seconds)"""
    score = None if outcome.score is None else _real(outcome.score)
    spent = (_real(outcome.epochs), _real(outcome.seconds))
    return (int(outcome.member), outcome.status, outcome.cause, score, *spent)


def to_outcome(row: Row) -> Outcome:
    """The inverse of `from_outcome`."""
    member, status, cause, score, epochs, seconds = row
    return Outcome(
        member, status, cause, None if score is None else float(score), float(epochs), float(seconds)
    )


def from_document(document: Document) -> Row:
    """(kind, body, time)"""
    body = _to_json(f"the document {document.kind!r}", document.body)
    return (document.kind, body, _real(document.time))


def to_document(row: Row) -> Document:
    """The inverse of `from_document`."""
    kind, body, when = row
    return Document(kind, json.loads(body), float(when))


def _real(value: float) -> float | str:
    number = float(value)
    return "nan" if math.isnan(number) else number


def _to_json(what: str, body: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(body), default=_plain, ensure_ascii=False)
    except (TypeError, ValueError) as error:
        raise BadInput(what, "must be made of plain JSON values", body, str(error)) from error


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form.")
