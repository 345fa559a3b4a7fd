"""`tune`, stage by stage: calibrate, search, confirm, test."""

import contextlib
import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from steepest.base.budget import Clock
from steepest.base.later import load
from steepest.base.own import dotted
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import inner_split, outer_split
from steepest.data.standardise import Standardiser
from steepest.evidence.verdict import Verdict
from steepest.experiment import folder as files
from steepest.experiment.aim import (
    aim,
    aim_words,
    best_of,
    confirmations,
    holds,
    not_fallen_short,
    tries,
)
from steepest.experiment.asking import outside
from steepest.experiment.baselines import Bar
from steepest.experiment.calibration import REPLICATES, calibrate, probe
from steepest.experiment.confirmation import Confirmed, confirm
from steepest.experiment.finish import (
    Networks,
    final_networks,
    forget_networks,
    handed_out,
    network_of,
    note_test,
    save_data,
    save_network,
)
from steepest.experiment.gauging import Gauge
from steepest.experiment.importances import note_importances
from steepest.experiment.interrupt import graceful
from steepest.experiment.keeping import keep_networks
from steepest.experiment.least import nothing_left, refuse_too_small
from steepest.experiment.limits import read_limits, refuse_unreachable, within
from steepest.experiment.obeying import exceeding, obeying
from steepest.experiment.own import beginning, trusted
from steepest.experiment.pace import EXTENTS, LOOKS, Pace
from steepest.experiment.part import Extension, Part, extensions, parts
from steepest.experiment.provenance import provenance, study_document
from steepest.experiment.resuming import asked_document, check_same_data
from steepest.experiment.searching import Search
from steepest.experiment.settings import Settings
from steepest.experiment.showing import note_examples
from steepest.experiment.starting import begun, space_of, suited
from steepest.experiment.study import Study
from steepest.experiment.tradeoffs import front_first, note_front
from steepest.experiment.workers import Workers
from steepest.networks.ensemble import Ensemble
from steepest.search.policy import PER_STRUCTURE, Policy
from steepest.search.rivals import STRATEGIES
from steepest.search.samplers import sampler_of
from steepest.search.strategy import Strategy
from steepest.store.opening import open_journal
from steepest.training.metrics import objective_for
from steepest.training.planning import stacks
from steepest.training.source import Source, ports_of

TYPICAL, FEW_TYPICAL = 64, 9
"""Recipes by which the cost of a first wave is foreseen; fewer where each takes torch a moment to count."""


@dataclass(frozen=True, eq=False)
class Finished:
    """A finished study.

    Args:
        settings, data: what was asked, of what.
        recipe: the recipe to use.
        verdict: the search's first against the default, None if it was never judged.
        network: the trained network, an ordinary torch module; standardise its input first.
        standard: how.
        test: the "test" document.
        stop_after: epochs after which early stopping ended the training; 0 where it did not.
        ensemble: the replicates of the recipe's confirmation as one module, if it was to be kept.
    """

    settings: Settings
    data: DataSet
    recipe: Recipe
    verdict: Verdict | None
    network: nn.Module
    standard: Standardiser
    test: dict[str, Any]
    stop_after: float = 0
    ensemble: Ensemble | None = None


def tune(read_data: Callable[[], DataSet], settings: Settings, listener: Listener) -> Finished:
    """Run a whole study and leave its folder behind, but for the script and the report.

    Args:
        read_data: reads the data set; called once the workers are starting, so that both go on together.
        settings: what the user asked for.
        listener: hears how it goes.
    """
    return _conduct(read_data, settings, listener, create=True)


def go_on(
    read_data: Callable[[], DataSet], settings: Settings, listener: Listener, more: Extension | None = None
) -> Finished:
    """Go on with the study in the settings' folder, from where its journal ends.

    Args:
        read_data, listener: as for `tune`.
        settings: those it was begun with.
        more: what to do beyond what was asked for before.

    Raises:
        BadInput: if the data are not those that the study was begun with; if there is nothing left to do.
    """
    return _conduct(read_data, settings, listener, create=False, more=more)


def _conduct(
    read_data: Callable[[], DataSet],
    settings: Settings,
    listener: Listener,
    create: bool,
    more: Extension | None = None,
) -> Finished:
    asked = settings
    clock = Clock() if settings.started is None else Clock(started=settings.started)
    with Workers(settings.workers, "fork") as workers:
        data = read_data()
        objective = objective_for(data.task, settings.objective)
        settings = suited(settings, data)
        space = space_of(settings, data, settings.start)  # refuses to begin with nothing to search
        if create:
            refuse_unreachable(space, read_limits(settings.limits), Gauge(ports_of(data)))
        outer = outer_split(data, settings.seed)
        said = (*begun(settings), *outside(space), *trusted(settings.start, data, outer.train))
        if create:
            refuse_too_small(settings, data, len(outer.train), clock)
        made = create and not settings.folder.exists()
        folder = files.prepare(settings.folder) if create else settings.folder
        place = settings.storage or folder / files.STUDY
        with (
            open_journal(place if create else folder, create=create) as journal,
            nothing_left(journal, folder, made) if create else contextlib.nullcontext(),
        ):
            journal.claim()
            if create and settings.storage:
                files.write_text(folder / files.POINTER, journal.place + "\n")
            check_same_data(journal, data)
            study = Study(settings, data, outer, objective, journal, workers, listener, clock)
            journal.begin_sitting(provenance(settings))
            study.note("asked", asked_document(asked))
            extended = extensions(journal, more, study.recall.spent)
            with graceful(study):
                return _run(study, said, extended)


def _run(study: Study, said: Sequence[str], extended: Sequence[Extension]) -> Finished:
    settings, data = study.settings, study.data
    study.enter("read")
    for note in (
        data.summary,
        *data.notes,
        *said,
        *exceeding(study),
        *beginning(settings.start, study.ports),
    ):
        study.listener.say(note)
    study.note("study", study_document(study))
    confirmed_on = tries(settings) * LOOKS[-1]
    test_fold, first_fold = _serve(study, (1 + len(extended)) * confirmed_on)
    pace = Pace.of(study)
    study.enter("calibrate")
    rounds = _horizon(study, pace)
    bar = Bar(study, test_fold)

    def meanwhile() -> None:
        bar.begin()  # by the first worker that the default leaves
        load("scipy.stats")  # of which the first wave's points come

    default, noise = calibrate(study, pace, rounds, meanwhile)
    bar.look()
    search = Search(study, pace, default, noise, test_fold)
    for part in parts(extended, study.journal, first_fold, confirmed_on):
        if part.number:
            study.extend(extended[part.number - 1].settings(settings))
            settings = study.settings
        reason, confirmed, last = _found(study, pace, default, noise, search, part)
        bar.look()
        confirmed = obeying(study, confirmed, search.ranked(), default)
        note_front(study, search.ranked())
        networks = _tested(study, pace, confirmed, default, test_fold, part)
        if part.over:
            _pass_over(study, networks)
        else:
            note_importances(study, search.members)
            finished = _finish(study, confirmed, default, networks, bar, test_fold, reason, last)
        study.missed.clear()
    return finished


def _found(
    study: Study, pace: Pace, default: Recipe, noise: float, search: Search, part: Part
) -> tuple[str, Confirmed, Part]:
    """Search and confirm; where the search stopped at an aim that confirmation does not hold, search on.

    A recipe that was confirmed below the aim is not confirmed again.

    Returns:
        Why it ended, the best that was confirmed, and on which folds.
    """
    first, reason, attempts = len(search.members), "", list[tuple[Confirmed, Part]]()
    for fresh, aiming in confirmations(part, study.settings):
        known = len(search.members)
        strategy, typical = _strategy(study, pace, default, search, known - first)
        reason = search.run(strategy, typical, aim(study) if aiming else None)
        study.workers.go_on()
        ranked = search.ranked()
        left = not_fallen_short(study, ranked, attempts)
        new = len(search.members) > known and left and (reason == "target" or left[0] is ranked[0])
        if new or not attempts:
            confirmed = confirm(study, pace, front_first(study, left), default, noise, fresh)
            attempts.append((confirmed, fresh))
        if reason != "target" or holds(study, attempts[-1][0]):
            break
    return (reason, *best_of(study, attempts))


def _strategy(
    study: Study, pace: Pace, default: Recipe, search: Search, begun: int
) -> tuple[Strategy, Callable[[], Sequence[Recipe]]]:
    """Who says what is tried next, told of what was tried before; and recipes like those to come.

    `begun` members of this part have been begun already, of those that the budget allows.
    """
    settings, trials = study.settings, study.settings.budget.trials
    trials = None if trials is None else trials - begun
    space = within(space_of(settings, study.data, default), study.limits, study.gauge)
    space = replace(space, allowed=pace.allowed)
    sharing = PER_STRUCTURE if stacks(default, study.ports) else 1
    sampler = sampler_of(settings.sampler) if settings.sampler else None
    policy = Policy(space, settings.seed, sharing, sampler)
    make = STRATEGIES[settings.strategy]
    strategy = make(policy, settings.seed, trials, max(settings.workers, 1))
    if search.members:
        strategy.learn(search.tried(), search.waves, search.rungs[-1])
    return strategy, functools.partial(policy.typical, TYPICAL if sharing > 1 else FEW_TYPICAL)


def _serve(study: Study, confirmed_on: int) -> tuple[int, int]:
    """Lay out the folds and hand them to the workers: search folds, the test fold, confirmation folds.

    Args:
        study: whose data are dealt.
        confirmed_on: folds for confirmation; none is used twice.

    Returns:
        The test fold, before which lie those that the search may use, and the first one for confirmation.
    """
    data, seed, rows = study.data, study.settings.seed, study.outer.train
    splits = [inner_split(data, rows, seed, i) for i in range(REPLICATES + confirmed_on)]
    study.serve(Source.of(data, [*splits[:REPLICATES], study.outer, *splits[REPLICATES:]]))
    return REPLICATES, REPLICATES + 1


def _horizon(study: Study, pace: Pace) -> int:
    """Rounds of a full training, and with them how much the study does of what costs one."""
    settings = study.settings
    rounds = study.until(settings.start)
    cheap = math.isinf(pace.purse.limit) or stacks(settings.start, study.ports)
    if "epochs" in settings.fixed and pace.purse is pace.time and cheap:
        return rounds

    def found() -> list[float]:
        afforded = probe(study, pace)  # costly networks: what the budget affords
        return [
            rounds if "epochs" in settings.fixed else afforded,
            EXTENTS.index(pace.extent),
            pace.time.per_unit,
        ]

    afforded, extent, pace.time.per_unit = study.decide("horizon", found)
    pace.extent = EXTENTS[int(extent)]
    return int(afforded)


def _tested(
    study: Study, pace: Pace, confirmed: Confirmed, default: Recipe, test_fold: int, part: Part
) -> Networks:
    """The winner's and the default's networks, of all development rows, scored on the test rows."""
    recipes = [("winner", confirmed.winner), ("default", default)]
    seeds = study.decide("seeds", lambda: pace.final_seeds(confirmed.winner, default))
    if seeds < pace.extent.seeds:
        study.missed.append(f"{pace.extent.seeds - seeds} of {pace.extent.seeds} networks for the test")
    return final_networks(study, recipes, seeds, test_fold, part)


def _pass_over(study: Study, networks: Networks) -> None:
    """The end of a part that an earlier sitting has ended."""
    study.enter("write")
    study.settle([t for row in networks.values() for t in row], "finished")
    study.enter("done")
    kinds = ["ensemble"] if "ensemble" in study.settings.keep else []
    for kind in (*kinds, "importance", "test", "kept", "examples", "recipe", "timing", "end"):
        study.recall.noted(kind)


def _finish(
    study: Study,
    confirmed: Confirmed,
    default: Recipe,
    networks: Networks,
    bar: Bar,
    test_fold: int,
    reason: str,
    part: Part,
) -> Finished:
    folder, data = study.settings.folder, study.data
    best = handed_out(study, networks["winner"])
    test = note_test(study, networks, best, bar)
    study.enter("write")
    network = network_of(study, best)
    save_network(study, best, folder / files.MODEL)
    ensemble = keep_networks(study, best, networks["winner"], part, test_fold)
    note_examples(study, confirmed.winner, network, test_fold)
    save_data(study, folder / files.DATA)
    files.write_text(folder / files.RECIPE, confirmed.winner.to_yaml(data.form, data.task))
    study.settle([t for row in networks.values() for t in row], "finished")
    reason = "interrupted" if study.interrupted else reason
    _note_end(study, confirmed, default, best.plan.parameters, reason)
    forget_networks(study)  # only now: trained again, states could differ in their last bits
    return Finished(
        study.settings, study.data, confirmed.winner, confirmed.verdict, network,
        study.fold(test_fold).standard, test, ensemble=ensemble,
    )  # fmt: skip


def _note_end(study: Study, confirmed: Confirmed, default: Recipe, parameters: int, reason: str) -> None:
    winner = confirmed.winner
    values, base = winner.dotted(), default.dotted()
    relevant = dotted(winner.relevant(study.data.form, study.data.task))
    study.note(
        "recipe",
        {
            "values": values,
            "default": base,
            "changed": [name for name in relevant if values[name] != base.get(name)],
            "parameters": parameters,
            "key": winner.key(),
        },
    )
    study.enter("done")
    stages = [stage for stage in study.stages if stage["name"] != "done"]
    study.note("timing", {"stages": stages, "total_seconds": round(study.clock.elapsed(), 3)})
    said = {
        "budget": "the budget was used up",
        "trials": "all trials were used up",
        "space": "every recipe there is to try was tried",
        "noise": "two waves had improved the best score by less than its noise",
        "interrupted": "Ctrl-C ended the search early",
        "target": "the search found enough",
    }
    words = "; ".join(filter(None, [said[reason], aim_words(study, confirmed)]))
    study.note("end", {"reason": reason, "sentence": words, "missed": study.shortfall()})
