"""The end of a study: the winner retrained on all development rows, and the test set, touched once."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.torch import save_file
from torch import Tensor, nn

from steepest.base import later
from steepest.base.recipe import Recipe
from steepest.experiment import folder as files
from steepest.experiment.baselines import Bar
from steepest.experiment.calibration import member_seed
from steepest.experiment.part import Part
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.networks.architecture import load
from steepest.networks.own_spec import OwnSpec
from steepest.training.layout import Layout

Networks = dict[str, list[Trained]]
"""Trained networks by the recipe's label."""

COMPRESSED_BYTES = 20e6
"""Most bytes of data that are compressed: about a second."""


def final_networks(
    study: Study, recipes: Sequence[tuple[str, Recipe]], seeds: int, fold: int, part: Part
) -> Networks:
    """Train each recipe on all development rows under fresh seeds, scored on the test rows.

    The first seed's network is the one handed out, whatever its score: choosing the best of them by the test
    set would make the test score a lie. Only if it diverged is it the next one's. Where two recipes are the
    same, their networks are.
    """
    study.enter("test")
    study.workers.go_on()  # Ctrl-C may have ended the confirmation
    distinct = {recipe.key(): (label, recipe) for label, recipe in reversed(recipes)}
    plans = [
        (recipe, "final", member_seed(study, "final", r), fold, r)
        for _, recipe in distinct.values()
        for r in range(part.first_replicate, part.first_replicate + seeds)
    ]
    members = study.plan(plans, "final", [label for label, _ in distinct.values() for _ in range(seeds)])
    until = study.until(recipes[0][1])
    study.train(members, until, [until], math.inf, meanwhile=_load_forest)
    sound = [t for t in members if t.state is not None or t.fate == "training"]
    study.keep(f"final-{part.number}", sound, wanted=not part.over)
    of_key = {key: members[i * seeds : (i + 1) * seeds] for i, key in enumerate(distinct)}
    return {label: of_key[recipe.key()] for label, recipe in recipes}


def forget_networks(study: Study) -> None:
    """Remove the copies from which a study that was killed near its end would go on."""
    for name in [name for name in study.kept if name.startswith(("final-", "confirm-"))]:
        study.forget(name)


def handed_out(study: Study, trained: Sequence[Trained]) -> Trained:
    """The first that did not diverge; where all did, the first, and the user is told."""
    sound = [t for t in trained if t.fate == "training"]
    if not sound:
        remedy = "Its network is of no use. Free lr, or fix clip_norm=1."
        study.listener.say(f"Every training of the recipe on all development rows failed. {remedy}")
    return [*sound, *trained][0]


def parameters_of(study: Study, trained: Trained) -> dict[str, Tensor]:
    """The parameters, and running means, of a member whose state was kept."""
    if trained.state is None:
        raise RuntimeError(f"the state of member {trained.member.number} was not kept")
    state, row = trained.state
    recipe = trained.member.recipe
    return Layout(study.spec(recipe), state.channels_last).named(*state.scored(row, recipe))


def network_of(study: Study, trained: Trained) -> nn.Module:
    """The member as an ordinary torch module, in evaluation mode."""
    return load(study.spec(trained.member.recipe), parameters_of(study, trained)).eval()


def save_network(study: Study, trained: Trained, path: Path) -> None:
    """Write the parameters as safetensors, with what is needed to use them."""
    tensors = {name: t.contiguous() for name, t in parameters_of(study, trained).items()}
    if isinstance(study.spec(trained.member.recipe), OwnSpec):  # whatever its class saves, shared tensors too
        tensors |= {
            name: t.contiguous().clone() for name, t in network_of(study, trained).state_dict().items()
        }
    standard = study.fold(trained.member.fold).standard
    known = {
        "data": study.data.name,
        "fingerprint": study.data.fingerprint,
        "classes": "\n".join(study.data.classes),
        "recipe": trained.member.recipe.model_dump_json(),
        "y_mean": repr(standard.y_mean),
        "y_scale": repr(standard.y_scale),
        "clip": repr(standard.clip),
    }
    files.write(path, lambda part: save_file(tensors, part, metadata=known))


def save_data(study: Study, path: Path) -> None:
    """Write the encoded rows that `train.py` reads: everything it needs, nothing pickled.

    Of large data compressing would take minutes, and gain little.
    """
    large = study.data.x.nbytes + study.data.y.nbytes > COMPRESSED_BYTES
    save = np.savez if large else np.savez_compressed
    data, outer = study.data, study.outer

    def fill(part: Path) -> None:
        with part.open("wb") as file:
            save(
                file, x=data.x, y=data.y, train_rows=outer.train, test_rows=outer.held_out, scaled=data.scaled
            )

    files.write(path, fill)


def _load_forest() -> None:
    """What the importance of knobs is found with takes half a second to import: now nobody waits for it."""
    later.load("sklearn.ensemble")


def note_test(study: Study, networks: dict[str, list[Trained]], best: Trained, bar: Bar) -> dict[str, Any]:
    """Write down every test score at once, and all metrics of `best`, the network that is handed out."""
    body: dict[str, Any] = {"n": max(len(rows) for rows in networks.values())}
    for label, rows in networks.items():
        scores = [t.score for t in rows if t.fate != "interrupted"]
        known = [s for s in scores if np.isfinite(s)]
        body[label] = {
            "scores": scores,
            "mean": float(np.mean(known)) if known else None,
            "sd": float(np.std(known, ddof=1)) if len(known) > 1 else None,
        }
    body["metrics"] = {k: v for k, v in best.metrics.items() if k != "loss"}
    body["baselines"] = bar.on_test()
    study.note("test", body)
    return body
