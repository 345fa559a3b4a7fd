"""Records as table rows and back: plain Python values in the order of the tables' columns.

SQLite keeps a NaN as NULL, so NaN travels as the text "nan", which `float` reads back. The last
column is the number of the sitting, which the journal gives.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from steepest.base.errors import BadInput
from steepest.store.records import CurvePoint, Document, MemberPlan, Outcome, Sitting

Row = tuple[Any, ...]

PLAN = "member, stage, label, recipe, seed, replicate, split, parameters, origin, sitting"
POINT = "member, epoch, step, train_loss, held_out_loss, score, sitting"
OUTCOME = "member, status, cause, score, epochs, seconds, sitting"
DOCUMENT = "kind, body, time, sitting"
SITTING = "number, started, pid, host, provenance"


def from_plan(plan: MemberPlan, sitting: int = 0) -> Row:
    """The columns of `PLAN`."""
    recipe = _to_json(f"the recipe of member {plan.member}", plan.recipe)
    numbers = (int(plan.seed), int(plan.replicate), int(plan.split), int(plan.parameters))
    return (int(plan.member), plan.stage, _text(plan.label), recipe, *numbers, _text(plan.origin), sitting)


def to_plan(row: Row) -> MemberPlan:
    """The inverse of `from_plan`."""
    member, stage, label, recipe, *rest = row
    return MemberPlan(member, stage, label, json.loads(recipe), *rest)


def from_point(point: CurvePoint, sitting: int = 0) -> Row:
    """The columns of `POINT`."""
    losses = (_real(point.train_loss), _real(point.held_out_loss))
    return (int(point.member), _real(point.epoch), int(point.step), *losses, _real(point.score), sitting)


def to_point(row: Row) -> CurvePoint:
    """The inverse of `from_point`."""
    member, epoch, step, train_loss, held_out_loss, score, sitting = row
    losses = (float(train_loss), float(held_out_loss))
    return CurvePoint(member, float(epoch), step, *losses, float(score), sitting)


def from_outcome(outcome: Outcome, sitting: int = 0) -> Row:
    """The columns of `OUTCOME`."""
    score = None if outcome.score is None else _real(outcome.score)
    spent = (_real(outcome.epochs), _real(outcome.seconds))
    return (int(outcome.member), outcome.status, _text(outcome.cause), score, *spent, sitting)


def to_outcome(row: Row) -> Outcome:
    """The inverse of `from_outcome`."""
    member, status, cause, score, epochs, seconds, sitting = row
    last = None if score is None else float(score)
    return Outcome(member, status, cause, last, float(epochs), float(seconds), sitting)


def from_document(document: Document, sitting: int = 0) -> Row:
    """The columns of `DOCUMENT`."""
    body = _to_json(f"the document {document.kind!r}", document.body)
    return (_text(document.kind), body, _real(document.time), sitting)


def to_document(row: Row) -> Document:
    """The inverse of `from_document`."""
    kind, body, when, sitting = row
    return Document(kind, json.loads(body), float(when), sitting)


def from_sitting(sitting: Sitting) -> Row:
    """The columns of `SITTING`."""
    provenance = _to_json("the provenance of a sitting", sitting.provenance)
    return (sitting.number, sitting.started, sitting.pid, _text(sitting.host), provenance)


def to_sitting(row: Row) -> Sitting:
    """The inverse of `from_sitting`."""
    number, started, pid, host, provenance = row
    return Sitting(number, started, pid, host, json.loads(provenance))


def span(taken: Sequence[Row]) -> str:
    """The members that rows are about, first and last: "3 … 18"."""
    numbers = sorted({row[0] for row in taken})
    return f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]} … {numbers[-1]}"


def _real(value: float) -> float | str:
    number = float(value)
    return "nan" if math.isnan(number) else number


def _to_json(what: str, body: Mapping[str, Any]) -> str:
    try:
        written = json.dumps(dict(body), default=_plain, ensure_ascii=False)
        return written if _is_text(written) else json.dumps(dict(body), default=_plain)
    except (TypeError, ValueError) as error:
        raise BadInput(what, "must be made of plain JSON values", body, str(error)) from error


def _text(words: str) -> str:
    """What a database can keep of a string: halves of characters and NUL are written as escapes."""
    if _is_text(words) and "\0" not in words:
        return words
    return words.encode(errors="backslashreplace").decode().replace("\0", "\\x00")


def _is_text(words: str) -> bool:
    """Whether a string is Unicode throughout; names of files need not be."""
    try:
        words.encode()
    except UnicodeEncodeError:
        return False
    return True


def _plain(value: Any) -> Any:
    """NumPy's numbers and arrays as Python's."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form.")
