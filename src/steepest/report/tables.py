"""A run's members and curves as plain rows, for files that other tools read."""

import csv
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from steepest.report.changes import counts
from steepest.report.facts import Facts

Row = dict[str, Any]


def rungs(facts: Facts) -> list[float]:
    """The epochs after which members of the search were compared, in order."""
    points = (point for member in facts.of("search", "") for point in member.curve)
    return sorted({point.epoch for point in points if math.isfinite(point.score)})


def member_rows(facts: Facts) -> list[Row]:
    """One row per member: what it was, how it ended, its score at each rung, its recipe.

    Scores are the study's measure itself, so a loss is positive. A knob that has no effect beside the others
    of its recipe is None, and so is a score that a member did not reach.

    Example:
        >>> from steepest.report.records import Member, Study
        >>> member = Member(0, "search", "", "prior", 0, {"optimizer": "sgd", "beta2": 0.9}, 12, score=-2.0)
        >>> row = member_rows(Facts(Study(score_name="rmse"), (member,)))[0]
        >>> row["measure"], row["score"], row["optimizer"], row["beta2"]
        ('rmse', 2.0, 'sgd', None)
    """
    study, looks = facts.study, rungs(facts)
    knobs = list(dict.fromkeys(name for member in facts.members for name in member.recipe))
    rows = []
    for m in facts.members:
        scores = {point.epoch: point.score for point in m.curve}
        row: Row = {
            "member": m.number,
            "stage": m.stage,
            "label": m.label,
            "origin": m.origin,
            "seed": m.seed,
            "replicate": m.replicate,
            "split": m.split,
            "parameters": m.parameters,
            "status": m.status,
            "cause": m.cause,
            "trained_epochs": m.epochs,
            "seconds": m.seconds,
            "measure": study.score_name,
            "score": study.shown(m.score),
        }
        row |= {f"score_epoch_{epoch:g}": study.shown(scores.get(epoch)) for epoch in looks}
        counted = {n for n in m.recipe if counts(n, m.recipe, study.form, study.task)}
        rows.append(row | {name: m.recipe[name] if name in counted else None for name in knobs})
    return rows


def curve_rows(facts: Facts) -> list[Row]:
    """One row per point of a curve, by member and step."""
    return [
        {
            "member": p.member,
            "epoch": p.epoch,
            "step": p.step,
            "train_loss": p.train_loss,
            "held_out_loss": p.held_out_loss,
            "score": facts.study.shown(p.score),
        }
        for member in facts.members
        for p in member.curve
    ]


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as comma-separated text with a header; what is missing is left empty.

    Example:
        >>> to_csv([{"member": 0, "cause": "a, b", "score": None}])
        'member,cause,score\\r\\n0,"a, b",\\r\\n'
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def one_kind(column: Sequence[Any]) -> list[Any]:
    """A column whose values are of one kind: whole numbers become numbers beside others, the rest text.

    Example:
        >>> one_kind([1, 0.5, None]), one_kind([1, "own"])
        ([1.0, 0.5, None], ['1', '"own"'])
    """
    kinds = {type(value) for value in column if value is not None}
    if len(kinds) < 2:
        return list(column)
    if kinds == {int, float}:
        return [None if value is None else float(value) for value in column]
    return [None if value is None else json.dumps(value) for value in column]
