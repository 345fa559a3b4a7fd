"""What a strategy itself takes per member and rung, beside training and the store."""

import math
import time
from dataclasses import dataclass, field

from steepest.base.recipe import Recipe
from steepest.search.policy import Policy
from steepest.search.space import Space
from steepest.search.stacked import Stacked
from steepest.search.strategy import Order, Report
from steepest.search.suggest import tpe
from steepest.testing.strategies import Trainer, drive


@dataclass
class Timed(Trainer):
    """A trainer that notes what processor time went by outside it."""

    outside: float = 0.0
    since: float = field(default_factory=time.process_time)
    moments: list[tuple[int, float]] = field(default_factory=list)

    def carry_out(self, order: Order) -> Report:
        """Score at once; the strategy's time stands still meanwhile."""
        self.outside += time.process_time() - self.since
        report = super().carry_out(order)
        before = self.moments[-1][0] if self.moments else 0
        self.moments.append((before + len(report.members), self.outside))
        self.since = time.process_time()
        return report


def overhead(members: int = 5000) -> list[str]:
    """A table of milliseconds per member-rung, by who models."""
    head = [
        "model",
        "members",
        "member-rungs",
        "processor seconds",
        "ms per member-rung",
        "in the last tenth",
    ]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    space = Space.of(Recipe(), {}, "classification")
    for name, sampler, count in (("densities", None, members), ("Optuna's TPE", tpe, members // 20)):
        policy = Policy(space, 0, sampler=sampler)
        trainer = Timed(math.inf)
        drive(Stacked(policy, 0, count).run(trainer), trainer)
        rungs, seconds = trainer.moments[-1]
        then, spent = next(m for m in trainer.moments if m[0] >= 0.9 * rungs)
        last = 1e3 * (seconds - spent) / max(rungs - then, 1)
        cells = [
            name,
            str(count),
            str(rungs),
            f"{seconds:.1f}",
            f"{1e3 * seconds / rungs:.2f}",
            f"{last:.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return lines
