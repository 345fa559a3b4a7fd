"""`train`: one network by a known recipe, scored on rows it has not seen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from steepest.base.budget import Clock
from steepest.base.errors import SteepestError
from steepest.base.own import dotted
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split, inner_split, outer_split
from steepest.experiment import folder as files
from steepest.experiment.early import CHECKS, TEST, Stopped, train_watched
from steepest.experiment.finish import network_of, save_data, save_network
from steepest.experiment.interrupt import graceful
from steepest.experiment.own import beginning, trusted
from steepest.experiment.provenance import study_document
from steepest.experiment.settings import Settings
from steepest.experiment.showing import note_examples
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.experiment.tune import Finished
from steepest.experiment.workers import Workers
from steepest.store.opening import open_journal
from steepest.training.metrics import objective_for
from steepest.training.source import Source


class Diverged(SteepestError):
    """The loss stopped being a number."""


def train(
    read_data: Callable[[], DataSet],
    recipe: Recipe,
    settings: Settings,
    listener: Listener,
    early_stop: bool = False,
) -> Finished:
    """Train one network on the development rows and score it on the test rows.

    Args:
        read_data: reads the data set.
        recipe: what to train.
        settings: what the user asked for.
        listener: hears how it goes.
        early_stop: whether a fifth of the development rows is kept back to say when to stop.

    Raises:
        Diverged: if the loss stopped being a number; the journal says when.
    """
    clock = Clock()
    with Workers(0) as workers:
        data = read_data()
        objective = objective_for(data.task, settings.objective)
        outer = outer_split(data, settings.seed)
        checks = inner_split(data, outer.train, settings.seed, 0) if early_stop else None
        if checks is not None:
            outer = replace(outer, train=checks.train)
        said = trusted(recipe, data, outer.train)
        folder = files.prepare(settings.folder)
        with open_journal(folder / files.STUDY, create=True) as journal:
            study = Study(settings, data, outer, objective, journal, workers, listener, clock)
            with graceful(study):
                return _run(study, recipe, said, checks)


def _run(study: Study, recipe: Recipe, said: Sequence[str], checks: Split | None) -> Finished:
    data, folder = study.data, study.settings.folder
    study.enter("read")
    for note in (data.summary, *data.notes, *said, *beginning(recipe, study.ports)):
        study.listener.say(note)
    study.note("study", study_document(study))
    study.serve(Source.of(data, [study.outer, checks] if checks else [study.outer]))
    trained, stopped = _trained(study, recipe, checks)
    study.enter("write")
    test = {
        "n": 1,
        "winner": {"scores": [trained.score], "mean": trained.score, "sd": None},
        "metrics": {k: v for k, v in trained.metrics.items() if k != "loss"},
    }
    study.note("test", test)
    network = network_of(study, trained)
    save_network(study, trained, folder / files.MODEL)
    note_examples(study, recipe, network, 0)
    save_data(study, folder / files.DATA)
    files.write_text(folder / files.RECIPE, recipe.to_yaml(data.form, data.task))
    study.settle([trained], "finished")
    relevant, base = dotted(recipe.relevant(data.form, data.task)), Recipe().dotted()
    changed = [name for name, value in relevant.items() if value != base.get(name)]
    found = {"values": recipe.dotted(), "default": base, "changed": changed}
    study.note("recipe", {**found, "parameters": trained.plan.parameters, "key": recipe.key()})
    study.enter("done")
    study.note("timing", {"stages": study.stages[:-1], "total_seconds": round(study.clock.elapsed(), 3)})
    reason = "interrupted" if study.interrupted else "finished"
    sentence = "one network was trained by a known recipe"
    study.note(
        "end", {"reason": reason, "sentence": f"{sentence}; {stopped.sentence}" if stopped else sentence}
    )
    return Finished(
        study.settings, data, recipe, None, network, study.fold(0).standard, test,
        stop_after=stopped.epochs if stopped else 0,
    )  # fmt: skip


def _trained(study: Study, recipe: Recipe, checks: Split | None) -> tuple[Trained, Stopped | None]:
    """Train the one network, to its horizon or until it no longer pays."""
    study.enter("train")
    fold = CHECKS if checks else TEST
    (trained,) = study.plan([(recipe, "user", study.settings.seed, fold, 0)], "final", ["winner"])
    total, stopped = study.until(recipe), None
    if checks is not None:
        stopped = train_watched(study, trained, checks)
    else:
        for until in sorted({max(1, math.ceil(total * i / 20)) for i in range(1, 21)}):
            if not study.interrupted:
                study.train([trained], until, [until], math.inf, probed=[trained])
    reached = max(trained.scores, default=0)
    if study.interrupted and reached < total and not stopped:
        study.settle([trained], "interrupted")
        raise KeyboardInterrupt  # half a training is not what the recipe says
    if trained.state is None or math.isnan(trained.score):
        raise Diverged(
            f"The loss stopped being a number by epoch {study.epochs(reached):g}. "
            "Lower lr, or set clip_norm=1."
        )
    if stopped:
        study.listener.say(f"{stopped.sentence[0].upper()}{stopped.sentence[1:]}.")
    return trained, stopped
