"""What a study has written down already, told again in its order when it goes on.

A study that goes on begins at the beginning. It takes the same decisions from the same seeds; what hung on
the clock it is told as it was written down; what was trained it takes from the journal. Where the record
ends, the work begins. So there is one course of a study, not one for the first sitting and another for later
ones.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from steepest.base.errors import StoreError
from steepest.experiment.trained import Trained
from steepest.store.journal import Journal
from steepest.store.records import CurvePoint, MemberPlan, Outcome

ENDED = ("diverged", "interrupted", "out of memory", "lost")
"""Outcomes that training itself brought, not a comparison."""

ALWAYS = ("ways", "clock", "decision", "state", "probes")
"""Documents that are no conclusions: how often they are written hangs on the machine."""

_OTHERWISE = (
    "It was begun by another steepest, or with other settings: go on with those, or begin a new study."
)


class Recall:
    """The record of earlier sittings; empty for a new study.

    Args:
        journal: of the study.
    """

    def __init__(self, journal: Journal) -> None:
        self.plans: dict[int, MemberPlan] = {plan.member: plan for plan in journal.members()}
        self.outcomes: dict[int, Outcome] = {end.member: end for end in journal.outcomes()}
        self.points: defaultdict[int, list[CurvePoint]] = defaultdict(list)
        for point in journal.curves():
            self.points[point.member].append(point)
        self.kept: dict[str, Mapping[str, Any]] = {d.body["name"]: d.body for d in journal.documents("state")}
        self._decisions = [d.body for d in journal.documents("decision")]
        self._told = 0
        clock = journal.document("clock")
        self.spent: float = max(
            clock.body["elapsed"] if clock else 0.0, self._decisions[-1]["at"] if self._decisions else 0.0
        )
        self._documents = Counter[str]()
        self._journal = journal
        self._known: dict[str, int] = {}

    @property
    def over(self) -> bool:
        """Whether all decisions have been told: from here on they are made."""
        return self._told >= len(self._decisions)

    def decision(self, name: str) -> Any:
        """The next decision, which must be of that name.

        Raises:
            StoreError: if another one was taken at this point of the study.
        """
        body = self._decisions[self._told]
        if body["name"] != name:
            raise StoreError(
                f"The study cannot go on: it decided {body['name']!r} where {name!r} comes now. {_OTHERWISE}"
            )
        self._told += 1
        return body["value"]

    def at(self) -> float:
        """When the latest decision that was told was taken, in seconds of the study's clock."""
        return float(self._decisions[self._told - 1]["at"]) if self._told else 0.0

    def coming(self, name: str, beyond: str) -> Any:
        """The next decision of a name, if only others named `beyond` come before it; else None."""
        place = self._place_of(name, beyond)
        return None if place is None else self._decisions[place]["value"]

    def pass_over(self, name: str, beyond: str) -> None:
        """Count what `coming` looked beyond as told."""
        place = self._place_of(name, beyond)
        self._told = self._told if place is None else place

    def _place_of(self, name: str, beyond: str) -> int | None:
        for place in range(self._told, len(self._decisions)):
            found = self._decisions[place]["name"]
            if found == name:
                return place
            if found != beyond:
                break
        return None

    def planned(self, plans: Sequence[MemberPlan]) -> bool:
        """Whether these members were planned before.

        Raises:
            StoreError: if others were, under their numbers.
        """
        known = [self.plans.get(plan.member) for plan in plans]
        if not any(known):
            return False
        for plan, before in zip(plans, known, strict=True):
            if before is None or not _same(plan, before):
                raise StoreError(
                    f"The study cannot go on: member {plan.member} was planned otherwise. {_OTHERWISE}"
                )
        return True

    def noted(self, kind: str) -> bool:
        """Whether the next document of a kind was written before. Every call is for the next one."""
        if kind in ALWAYS:
            return False
        if kind not in self._known:
            self._known[kind] = len(self._journal.documents(kind))
        self._documents[kind] += 1
        return self._documents[kind] <= self._known[kind]

    def trained(self, members: Sequence[int], until: int, epoch: float, keep: bool) -> set[int]:
        """Those of some members that trained to a rung together, or ended before.

        Args:
            members: their numbers.
            until, epoch: how far, in rounds and in epochs.
            keep: whether their states are wanted. Those of who goes on are kept once all of a wave are at
                the rung; where that was not in time, nobody counts as trained: they are trained once more,
                to the same end.
        """
        numbers = set(members)
        kept = any(
            not numbers.isdisjoint(map(int, body["rounds"])) and set(body["rounds"].values()) == {until}
            for body in self.kept.values()
        )
        if keep and not (kept or numbers <= set(self.outcomes)):
            return set()
        return {n for n in numbers if self._reached(n, epoch)}

    def tell(self, t: Trained, until: int, rounds: int) -> None:
        """Take a member on to a round by the record.

        Args:
            t: the member.
            until: the round.
            rounds: in an epoch.
        """
        outcome = self.outcomes.get(t.member.number)
        for point in self.points[t.member.number]:
            round_ = round(point.epoch * rounds)
            if round_ <= until:
                t.scores[round_], t.steps = point.score, point.step
                t.metrics = {"loss": point.held_out_loss}
        t.state, t.seconds = None, outcome.seconds if outcome else 0.0
        if outcome and outcome.status in ENDED and (until not in t.scores or math.isnan(t.score)):
            t.fate = outcome.status

    def _reached(self, member: int, epoch: float) -> bool:
        if any(point.epoch == epoch for point in self.points[member]):
            return True
        outcome = self.outcomes.get(member)
        return outcome is not None and outcome.status in ENDED


def _same(plan: MemberPlan, before: MemberPlan) -> bool:
    """Equal but for who did it: the recipe as JSON keeps it."""
    names = ("stage", "label", "seed", "replicate", "split", "origin")
    if any(getattr(plan, name) != getattr(before, name) for name in names):
        return False
    return bool(_plain(plan.recipe) == _plain(before.recipe))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value
