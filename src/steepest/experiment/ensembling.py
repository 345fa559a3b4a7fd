"""The winner's confirmation replicates as an ensemble, and what it gains on the test rows over single ones.

The replicates are trained anyway: each under its own seed on its own four fifths of the development rows. The
network that is handed out was trained on all of them, so the ensemble is held against both.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.base.seeds import derive
from steepest.data.dataset import DataSet, Rows
from steepest.data.standardise import Standardiser
from steepest.data.unseen import Encoder
from steepest.evidence.gain import Gain, gain
from steepest.experiment import folder as files
from steepest.experiment.finish import parameters_of
from steepest.experiment.row_scores import RowScores, log_probabilities
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.networks.architecture import bins_of
from steepest.networks.ensemble import CODED, Ensemble, Made, Scaling
from steepest.networks.ensemble_file import save_ensemble

FEWEST = 2
"""Members that make an ensemble."""

_BLOCK, _NUMBERS = 512, 4_000_000
"""Examples that are predicted at a time, at most, and numbers that are written for them by all members."""


def note_ensemble(
    study: Study, best: Trained, finals: Sequence[Trained], confirmed: Sequence[Trained], fold: int
) -> Ensemble | None:
    """Make the winner's ensemble, write it to the run folder, score it, and write the "ensemble" document.

    Args:
        study: as ever.
        best: the network that is handed out.
        finals: all networks of its recipe that were trained on all development rows, states at hand.
        confirmed: the replicates of the part's confirmation, states at hand.
        fold: the one that holds the test rows.

    Returns:
        The ensemble; None where too few replicates came to their end.
    """
    key = best.member.recipe.key()
    its = [t for t in confirmed if t.member.recipe.key() == key]
    sound = [t for t in its if t.fate == "finished" and t.state is not None]
    left_out = [{"member": t.member.number, "cause": t.fate} for t in its if t not in sound]
    if len(sound) < FEWEST:
        sentence = (
            f"no ensemble: {len(sound)} replicates of the recipe came to their end, {FEWEST} are needed"
        )
        study.listener.say(sentence)
        study.note("ensemble", {"members": 0, "left_out": left_out, "sentence": sentence})
        return None
    ensemble = ensemble_of(study, sound, residual_noise(study, sound))
    files.write(study.settings.folder / files.ENSEMBLE, lambda part: save_ensemble(ensemble, part))
    whole = [t for t in finals if t.state is not None and np.isfinite(t.score)]
    found = _scored(study, ensemble, ensemble_of(study, whole, 0.0) if whole else None, fold)
    body = {
        "members": len(sound),
        "left_out": left_out,
        "train_rows": len(study.fold(sound[0].member.fold).train),
        "all_rows": len(study.outer.train),
        "noise": float(ensemble.noise) ** 0.5 if study.data.task not in CODED else None,
        **found,
    }
    study.note("ensemble", body)
    return ensemble


def ensemble_of(study: Study, trained: Sequence[Trained], noise: float) -> Ensemble:
    """Networks of one recipe as one module, each with the standardisation of its own training rows."""
    data, recipe = study.data, trained[0].member.recipe
    recipe = recipe.replace(start_from="") if recipe.start_from else recipe  # its file may move
    standards = [study.fold(t.member.fold).standard for t in trained]
    bins = bins_of(recipe, study.ports)
    parameters = [parameters_of(study, t) for t in trained]
    return Ensemble(_made(study, recipe, data), parameters, [_scaling(s, bins) for s in standards], noise)


def residual_noise(study: Study, trained: Sequence[Trained]) -> float:
    """s²: mean squared error, in the target's unit, of the mean of those members that did not train on a row.

    Only rows that some member held out count, so nothing of what is measured was fitted. Fewer members than
    the whole ensemble are averaged for each row, so s² is on the large side. 0 for classes.
    """
    if study.data.task in CODED:
        return 0.0
    data = study.data
    y = data.y.reshape(data.rows, -1)
    total, count = np.zeros(y.shape), np.zeros((data.rows, 1))
    for t in trained:
        rows = study.fold(t.member.fold).held_out
        alone = ensemble_of(study, [t], 0.0)
        for some in _blocks(rows, alone):
            total[some] += alone.each(_inputs(data, some))[0].reshape(len(some), -1).double().numpy()
            count[some] += 1
    known = count[:, 0] > 0
    return float(np.square(y[known] - total[known] / count[known]).mean())


def _made(study: Study, recipe: Recipe, data: DataSet) -> Made:
    columns = Encoder.of(data).to_json() if data.form == "table" and data.columns else None
    return Made(recipe, study.ports, data.task, data.classes, data.y.ndim == 1 and not data.classes, columns)


def _scaling(standard: Standardiser, bins: int) -> Scaling:
    edges = {"edges": torch.from_numpy(standard.edges(bins).copy())} if bins else {}
    mean, scale = (torch.from_numpy(np.array(v, np.float32)) for v in (standard.mean, standard.scale))
    return Scaling(mean, scale, standard.clip, y_mean=standard.y_mean, y_scale=standard.y_scale, **edges)


def _scored(study: Study, ensemble: Ensemble, whole: Ensemble | None, fold: int) -> dict[str, Any]:
    """What the ensemble scores on the test rows, and gains over single networks of either kind."""
    rows = study.outer.held_out
    blocks = [_row_scores(study, ensemble, whole, some) for some in _blocks(rows, ensemble)]
    found, members = RowScores.joined(blocks), len(ensemble)
    singles, others = list(range(1, members + 1)), list(range(members + 1, len(found.loss)))
    body: dict[str, Any] = {"rows": len(rows)}
    for name, metric in (("score", study.objective), ("loss", "loss")):
        scores = found.score(metric, np.ones((1, len(rows))))[0]
        scale = (
            1.0 if metric != "loss" or study.data.task in CODED else study.fold(fold).standard.y_scale ** -2
        )
        body[name] = float(scores[0] * scale)
        body[f"{name}_singles"] = (scores[singles] * scale).tolist()
        body[f"{name}_gain"] = _gain(study, found, metric, singles, scale)
        body[f"{name}_whole"] = (scores[others] * scale).tolist()
        body[f"{name}_whole_gain"] = _gain(study, found, metric, others, scale)
    return body


def _gain(
    study: Study, found: RowScores, metric: str, others: list[int], scale: float
) -> dict[str, float] | None:
    if not others:
        return None
    pair, seed = found.take([0, *others]), derive(study.settings.seed, "ensemble", metric, len(others))
    known: Gain = gain(lambda w: pair.score(metric, w), _clusters(study), seed=seed)
    return {name: value * scale for name, value in known._asdict().items() if value == value}


def _clusters(study: Study) -> NDArray[np.int64]:
    """Which test rows depend on each other: those of a group, and windows that follow one another in time."""
    data, rows = study.data, study.outer.held_out
    if data.moments is None:
        return np.asarray(data.groups[rows])
    order = np.argsort(np.argsort(data.moments[rows], kind="stable"), kind="stable")
    length = max(data.reach, round(len(rows) ** 0.5))
    return np.asarray(order // length)


def _row_scores(study: Study, ensemble: Ensemble, whole: Ensemble | None, rows: Rows) -> RowScores:
    """Of the ensemble, its members and the networks of all development rows, in this order."""
    x, y = _inputs(study.data, rows), torch.from_numpy(np.array(study.data.y[rows]))
    with torch.no_grad():
        if study.data.task not in CODED:
            each = [e.each(x) for e in (ensemble, whole) if e is not None]
            return RowScores.of_numbers(torch.cat([each[0].mean(0, keepdim=True), *each]), y)
        logs = [log_probabilities(e.outputs(x), study.data.task) for e in (ensemble, whole) if e is not None]
        mean = logs[0].logsumexp(0, keepdim=True) - np.log(len(ensemble))
    return RowScores.of_logs(torch.cat([mean, *logs]), y.long())


def _inputs(data: DataSet, rows: Rows) -> Tensor:
    """Examples as an ensemble reads them."""
    return torch.from_numpy(np.array(data.x[rows]))


def _blocks(rows: Rows, ensemble: Ensemble) -> list[Rows]:
    ports = ensemble.made.ports
    written = ports.outputs * (ports.shape[0] if ports.each else 1) + ports.inputs
    size = max(1, min(_BLOCK, _NUMBERS // (written * len(ensemble))))
    return [rows[start : start + size] for start in range(0, len(rows), size)]
