"""A study's parts: as it was begun, and one for each time it was extended.

Every part searches on from what the parts before it have tried, and confirms on folds and seeds of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.experiment.settings import Settings
from steepest.search.asked import wishes
from steepest.search.grammar import words
from steepest.store.journal import Journal
from steepest.store.records import Document


@dataclass(frozen=True, slots=True)
class Part:
    """One of them.

    Args:
        number: from 0.
        first_fold: the first fold of its confirmation.
        first_replicate: the first of its replicates.
        over: whether an earlier sitting has ended it: nothing of it is done or written again.
    """

    number: int
    first_fold: int
    first_replicate: int
    over: bool = False


@dataclass(frozen=True, slots=True)
class Extension:
    """What a study is to do beyond what it was begun for.

    Args:
        budget: to spend on it.
        asked: knobs that are searched otherwise than before.
        fixed: knobs that are fixed from here on.
        limit: when it ends, in seconds of the study's clock; None where it is not time that is limited.
    """

    budget: Budget
    asked: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    limit: float | None = None

    def settings(self, before: Settings) -> Settings:
        """The settings of the extended part: what is asked now wins over what was fixed before.

        Example:
            >>> from pathlib import Path
            >>> before = Settings(Budget.parse("60s"), 0, Path("runs/x"), fixed={"depth": 2, "width": 8})
            >>> after = Extension(Budget.parse("30s"), {"depth": "1..4"}, limit=90.0).settings(before)
            >>> dict(after.fixed), after.budget.seconds
            ({'width': 8}, 90.0)
        """
        freed = {wish.knob for wish in wishes(self.asked)}
        kept = {key: value for key, value in before.asked.items() if key.partition("[")[0] not in self.fixed}
        return replace(
            before,
            budget=replace(self.budget, seconds=self.limit),
            stop_at=None,
            asked={**kept, **self.asked},
            fixed={**{k: v for k, v in before.fixed.items() if k not in freed}, **self.fixed},
        )


def ended_parts(journal: Journal) -> int:
    """How many parts of a study are over."""
    return len(journal.documents("end"))


def extensions(journal: Journal, more: Extension | None, spent: float) -> list[Extension]:
    """All extensions of a study; a new one is written down first.

    Args:
        journal: of the study.
        more: the new one, if any.
        spent: seconds of the study's clock so far.

    Raises:
        BadInput: if there is nothing left to do.
    """
    known = [_from_body(document.body) for document in journal.documents("extension")]
    if more is None and ended_parts(journal) > len(known):
        remedy = "Give a budget to extend it: steepest tune --resume FOLDER --budget 5m."
        raise BadInput("resume", "must name a study with something left to do", journal.place, remedy)
    if more is None:
        return known
    seconds = more.budget.seconds
    new = replace(more, limit=None if seconds is None else round(spent + seconds, 3))
    body = {
        "budget": new.budget.text,
        "asked": {key: words(given) for key, given in new.asked.items()},
        "fixed": dict(new.fixed),
        "limit": new.limit,
    }
    journal.record(documents=[Document("extension", body)])
    return [*known, new]


def parts(extended: Sequence[Extension], journal: Journal, first_fold: int, replicates: int) -> list[Part]:
    """The parts of a study.

    Args:
        extended: its extensions.
        journal: of the study.
        first_fold: the first fold for confirmation.
        replicates: most replicates of a confirmation.
    """
    over = ended_parts(journal)
    return [
        Part(number, first_fold + number * replicates, number * replicates, number < over)
        for number in range(1 + len(extended))
    ]


def _from_body(body: Mapping[str, Any]) -> Extension:
    return Extension(Budget.parse(body["budget"]), body["asked"], body["fixed"], body["limit"])
