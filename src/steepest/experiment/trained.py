"""A member of a study as far as it has come."""

from dataclasses import dataclass, field
from typing import Literal

from steepest.store.records import MemberPlan, Status
from steepest.training.member import Member
from steepest.training.state import StackState


@dataclass(slots=True, eq=False)
class Trained:
    """A member as far as it has come: its scores by round, and where its state is kept."""

    plan: MemberPlan
    member: Member
    scores: dict[int, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    steps: int = 0
    state: tuple[StackState, int] | None = None
    fate: Status | Literal["training"] = "training"

    @property
    def score(self) -> float:
        """The latest score; NaN if there is none or the loss stopped being a number."""
        return self.scores[max(self.scores)] if self.scores else float("nan")

    @property
    def reached(self) -> int:
        """The last round that was scored, 0 before the first."""
        return max(self.scores, default=0)
