"""The search: carries out a strategy's orders, until its share of the budget is spent.

What is tried next is the strategy's to say (`search/`). Here members are planned, trained and let go, and all
that hangs on the clock is decided once and written down, so that a search that was killed goes on where it
stopped.
"""

import math
from collections.abc import Callable, Sequence

from steepest.base.recipe import Recipe
from steepest.experiment.calibration import member_seed
from steepest.experiment.confirmation import distinct
from steepest.experiment.pace import Pace
from steepest.experiment.study import Study
from steepest.experiment.tradeoffs import costs_of
from steepest.experiment.trained import Trained
from steepest.search.rungs import rung_rounds
from steepest.search.strategy import GoOn, Proposal, Report, Start, Strategy, Tried, origin_of

LEAST_CLOSING, MOST_CLOSING = 0.2, 0.5
"""Shares of the budget that confirmation, test and writing get at least and at most."""

PLAYOFF_SHARE, PLAYOFF_MEMBERS, PLAYOFF_ROUNDS = 0.2, 12, 3
"""Share of the search's time, leaders and replicates of the play-off that ranks the leaders."""

TYPICAL, FEW = 200, 24
"""The members by which the cost of the next is foreseen: the newest, unless they are few."""


class Search:
    """One strategy at work on a study. To the strategy it is the `Means`.

    Args:
        study, pace: what is searched, and what it costs.
        default: trial 0's recipe, which gives the horizon.
        noise: standard deviation of the default's score.
        folds: number of folds the search may use; members take turns.
    """

    def __init__(
        self,
        study: Study,
        pace: Pace,
        default: Recipe,
        noise: float,
        folds: int,
    ) -> None:
        self.study, self.pace, self.noise = study, pace, noise
        self.rungs = rung_rounds(study.until(default))
        self.members: list[Trained] = []
        self.waves = 0
        self._default, self._folds = default, folds
        self._wave_of: dict[int, int] = {}
        self._playoff: dict[int, float] = {}
        self._started = 0.0
        self._let_go = 0

    def run(
        self, strategy: Strategy, typical: Callable[[], Sequence[Recipe]], enough: float | None = None
    ) -> str:
        """Carry out a strategy's orders until it has no more, or has found enough; says why it ended.

        Args:
            strategy: says what to try next.
            typical: recipes like those to come, as long as there are no members to go by.
            enough: a score of the leader at which it ends with "target".
        """
        self._typical, known = typical, len(self.members)
        self.study.enter("search")
        self._started, in_time = self.study.decide("search", self._beginning)
        if self._interrupted():
            reason = "interrupted"
        elif in_time:
            reason = self._carry_out(strategy, enough)
        else:
            reason = "budget"
            self.study.missed.append("the search")
        self._end()
        if reason != "interrupted" and len(self.members) > known:
            self._play_off()
        return reason

    # -- what a strategy may ask -------------------------------------------------------------------------

    def affordable(self, rounds: float, share: float, most: int) -> int:
        """Members that can be trained for so many rounds each before `share` of the search is spent."""
        return self.study.decide("affordable", lambda: self._affordable(rounds, share, most))

    def costs(self, recipe: Recipe) -> tuple[float, ...]:
        """What is to be kept low beside the score."""
        return costs_of(self.study, recipe)

    def recalled(self) -> tuple[Proposal, ...]:
        """The next wave's proposals, where an earlier sitting has planned it."""
        recall, first = self.study.recall, len(self.study.members)
        count = recall.coming("wave", beyond="affordable")
        plans = [recall.plans.get(first + i) for i in range(count or 0)]
        known = [p for p in plans if p is not None]
        if not known or len(known) < len(plans):  # it was killed before it wrote them down
            return ()
        recall.pass_over("wave", beyond="affordable")
        return tuple(Proposal(Recipe.make(**p.recipe), origin_of(p.origin)) for p in known)

    # -- orders ------------------------------------------------------------------------------------------

    def _carry_out(self, strategy: Strategy, enough: float | None) -> str:
        orders, known = strategy.run(self), len(self.members)
        try:
            order = next(orders)
            while True:
                report = self._begun(order) if isinstance(order, Start) else self._taken_on(order)
                if self._interrupted():
                    return "interrupted"
                if enough is not None and self._found(known, enough):
                    return "target"
                order = orders.send(report)
        except StopIteration as end:
            return str(end.value)

    def _found(self, known: int, enough: float) -> bool:
        """Whether the leader of the members after the first `known` ones scores enough, near the end.

        The rung before the last will do: the last one is often left for the end, and confirmation follows.
        """
        near = self.rungs[max(len(self.rungs) - 2, 0)]
        new = {t.member.number for t in self.members[known:]}
        leader = next((t for t in self.ranked() if t.member.number in new), None)
        return leader is not None and leader.reached >= near and leader.score >= enough

    def _begun(self, order: Start) -> Report:
        """Plan a wave, or more of one, and train it to its first rung."""
        if not order.joins:
            self._pause()
        count = self.study.decide("wave", lambda: len(order.proposals))
        first = len(self.study.members)
        assert count == len(order.proposals)
        plans = [
            (
                self._as_long(p.recipe),
                p.origin,
                member_seed(self.study, "search", first + i),
                i % self._folds if self._folds > 1 else 0,
                0,
            )
            for i, p in enumerate(order.proposals)
        ]
        wave = self.study.plan(plans, "search")
        self.members += wave
        self.waves += not order.joins
        self._wave_of |= {t.member.number: self.waves - 1 for t in wave}
        return self._trained(wave, order.until)

    def _as_long(self, recipe: Recipe) -> Recipe:
        """The recipe for as many epochs as all others."""
        epochs = self._default.epochs
        return recipe if recipe.epochs == epochs else recipe.replace(epochs=epochs)

    def _taken_on(self, order: GoOn) -> Report:
        """Let go who is not named, keep the states of who is, and train these to the next rung."""
        named = set(order.members)
        staying = [t for t in self.members if t.member.number in named]
        waves = {self._wave_of[number] for number in named}
        wave = [t for t in self.members if self._wave_of[t.member.number] in waves and t.fate == "training"]
        self._keep(staying, order.until)
        reached = self.study.epochs(max((t.reached for t in wave), default=0))
        leaving = [t for t in wave if t.member.number not in named]
        self.study.settle(leaving, "dropped", f"not among the best at epoch {reached:g}")
        self.study.note(
            "rung",
            {
                "wave": max(waves, default=0),
                "epoch": reached,
                "compared": len(wave),
                "earned": [n for n in order.members if n not in order.lucky],
                "lucky": list(order.lucky),
            },
        )
        return self._trained(staying, order.until)

    def _trained(self, members: Sequence[Trained], until: int) -> Report:
        """Train members to a rung, as many as there is time for."""
        reach = self._within_reach(members, until)
        if reach:
            alarm = self.pace.purse.alarm(self.deadline())
            self.study.train(reach, until, [until], alarm, keep=until != self.rungs[-1])
        self.pace.measure()
        self._best()
        scores = {
            t.member.number: t.score if t.fate == "training" else math.nan
            for t in reach
            if t.fate != "interrupted"
        }
        return Report(tuple(t.member.number for t in members), scores)

    def _keep(self, members: Sequence[Trained], until: int) -> None:
        """Keep states, in place of those of the same waves that were kept before."""
        waves = sorted({self._wave_of[t.member.number] for t in members})
        head = "wave-" + "+".join(map(str, waves))
        name = f"{head}-to-{until}"
        self.study.keep(name, members)
        for old in [k for k in self.study.kept if k.rpartition("-to-")[0] == head and k != name]:
            self.study.forget(old)

    def _pause(self) -> None:
        """Before a new wave: members of earlier ones that may still go on keep their states."""
        by_wave: dict[int, list[Trained]] = {}
        for t in self.members:
            if t.fate == "training" and t.reached < self.rungs[-1]:
                by_wave.setdefault(self._wave_of[t.member.number], []).append(t)
        for wave, waiting in by_wave.items():
            if f"wave-{wave}-to-later" not in self.study.kept:
                self.study.keep(f"wave-{wave}-to-later", waiting)

    def _end(self) -> None:
        """Nobody goes on from here."""
        if self._let_go:
            self.study.missed.append(f"the next rung of {self._let_go} members that had earned it")
            self._let_go = 0
        for t in self.members:
            if t.fate == "training" and t.reached < self.rungs[-1]:
                reached = self.study.epochs(t.reached)
                self.study.settle([t], "dropped", f"not taken further than epoch {reached:g}")
        self.study.settle(self.members, "finished")
        for name in [name for name in self.study.kept if name.startswith("wave-")]:
            self.study.forget(name)

    def _interrupted(self) -> bool:
        return self.study.decide("interrupted", lambda: self.study.interrupted)

    # -- what it may spend -----------------------------------------------------------------------------------

    def deadline(self) -> float:
        """What may be spent when the search must end for the rest to fit.

        What follows keeps a fifth of what calibration left, half of it at most, and between these what
        confirming the present leader would cost: a search that favours dear networks has to stop sooner.
        """
        purse = self.pace.purse
        if math.isinf(purse.limit):
            return math.inf
        leader = next((t.member.recipe for t in self.ranked()), self._default)
        need = 1.1 * self.pace.closing([leader, self._default], self.pace.extent.looks[-1]) - purse.writing
        whole = purse.limit - max(purse.began, self._started) - purse.writing
        return purse.limit - purse.writing - min(max(need, LEAST_CLOSING * whole), MOST_CLOSING * whole)

    def _beginning(self) -> tuple[float, bool]:
        """What is spent already, and whether anything is left to search with."""
        self._started = self.pace.purse.spent()
        return self._started, self._started < self.deadline()

    def _waves_end(self) -> float:
        """What may be spent when waves must end for the play-off to fit before the deadline."""
        deadline = self.deadline()
        return deadline if math.isinf(deadline) else deadline - PLAYOFF_SHARE * (deadline - self._started)

    def _affordable(self, rounds: float, share: float, most: int) -> int:
        """Members of a wave that should be through all its rungs by then."""
        end = self._waves_end()
        if math.isinf(end):
            return most
        if self.pace.purse.spent() >= end:  # pricing takes time of its own
            return 0
        tried = [t.member.recipe for t in self.members[-TYPICAL:]]
        if len(tried) < FEW:
            tried = list(self._typical())
        each = self.pace.purse.price(tried, rounds) / len(tried)
        until = self._started + share * (end - self._started)
        return max(0, min(most, int((until - self.pace.purse.spent()) / max(each, 1e-9))))

    def _within_reach(self, living: Sequence[Trained], rung: int) -> list[Trained]:
        """Those that can be trained to the rung in time, best first; the others leave now."""
        beyond = set(self.study.decide("beyond reach", lambda: self._beyond_reach(living, rung)))
        out = [t for t in living if t.member.number in beyond]
        self._let_go += len(out)
        self.study.settle(out, "dropped", f"no time left to reach epoch {self.study.epochs(rung):g}")
        return [t for t in living if t.member.number not in beyond]

    def _beyond_reach(self, living: Sequence[Trained], rung: int) -> list[int]:
        end = self._waves_end()
        if math.isinf(end):
            return []
        rungs_left = sum(r >= rung for r in self.rungs)  # each costs about as much as the next
        left = min(1.0, 1.5 / rungs_left) * (end - self.pace.purse.spent())
        beyond: list[int] = []
        ordered = sorted(living, key=lambda t: (-t.score if t.scores else 0.0, t.member.number))
        for place, t in enumerate(ordered):
            left -= self.pace.purse.price([t.member.recipe], rung - t.reached)
            if left < 0 and place:
                beyond.append(t.member.number)
        return beyond

    # -- who leads ---------------------------------------------------------------------------------------

    def ranked(self) -> list[Trained]:
        """Members that came furthest, best first: by their play-off where they were in it, then by score.

        Ties go to the earlier member.
        """
        known = [t for t in self.members if t.scores and not math.isnan(t.score)]
        return sorted(
            known,
            key=lambda t: (
                -max(t.scores),
                -self._playoff.get(t.member.number, -math.inf),
                -t.score,
                t.member.number,
            ),
        )

    def tried(self) -> list[Tried]:
        """The members as a strategy knows them."""
        failed = ("diverged", "out of memory", "lost")
        return [
            Tried(
                t.member.number,
                t.member.recipe,
                {} if t.fate in failed else {r: s for r, s in t.scores.items() if not math.isnan(s)},
                t.fate in failed,
                costs_of(self.study, t.member.recipe) if t.scores else (),
            )
            for t in self.members
        ]

    def _play_off(self) -> None:
        """Retrain the leaders on fresh seeds and the same splits for all, and rank them by the mean.

        One score on one split says little about which of the best is best: much of it is luck.
        """
        leaders = distinct([t for t in self.ranked() if max(t.scores) == self.rungs[-1]], PLAYOFF_MEMBERS)
        if len(leaders) < 2 or (math.isinf(self.pace.purse.limit) and len(leaders) < 3):
            return
        until, totals = self.rungs[-1], [0.0] * len(leaders)
        for r in range(PLAYOFF_ROUNDS):
            if not self.study.decide("play-off", lambda: self._pays_off(leaders)):
                self.study.missed.append(f"{PLAYOFF_ROUNDS - r} of {PLAYOFF_ROUNDS} rounds of the play-off")
                break
            seed, fold = member_seed(self.study, "play-off", r), (r + self.waves) % self._folds
            plans = [(t.member.recipe, "play-off", seed, fold, r) for t in leaders]
            again = self.study.plan(plans, "search", ["play-off"] * len(plans))
            alarm = self.pace.purse.alarm(self.deadline())
            self.study.train(again, until, self.rungs, alarm, keep=False)
            self.study.settle(again, "finished")
            if any(t.fate == "interrupted" for t in again):
                break
            totals = [
                s + (-math.inf if math.isnan(t.score) else t.score)
                for s, t in zip(totals, again, strict=True)
            ]
            self._playoff = {t.member.number: s / (r + 1) for t, s in zip(leaders, totals, strict=True)}

    def _pays_off(self, leaders: Sequence[Trained]) -> bool:
        """Whether a round of the play-off fits."""
        left = self.deadline() - self.pace.purse.spent()
        need = self.pace.purse.price([t.member.recipe for t in leaders], self.rungs[-1])
        return need <= left and not self.study.interrupted

    def _best(self) -> None:
        ranked = self.ranked()
        if ranked:
            top = ranked[0].score
            self.study.best = top if self.study.best is None else max(self.study.best, top)
