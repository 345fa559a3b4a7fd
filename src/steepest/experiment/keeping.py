"""What a study leaves of its networks: the one handed out with its optimizer's state, and more if asked."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from steepest.base.errors import BadInput, StoreError, closest
from steepest.experiment import states
from steepest.experiment.ensembling import note_ensemble
from steepest.experiment.folder import CHECKPOINT, ENSEMBLE, FINALISTS, MODEL
from steepest.experiment.pace import LOOKS
from steepest.experiment.part import Part
from steepest.experiment.study import Study
from steepest.experiment.trained import Trained
from steepest.networks.ensemble import Ensemble
from steepest.training import checkpoint
from steepest.training.checkpoint import Checkpoint
from steepest.training.state import StackState

KEEPS = ("best", "finalists", "ensemble")
"""What may be kept: the network handed out, always; all finalists' replicates; the winner's as one module."""


def read_keep(given: str | Sequence[str]) -> tuple[str, ...]:
    """What is to be kept beside the network that is handed out.

    Args:
        given: names of `KEEPS`, several with commas between them or as a sequence.

    Raises:
        BadInput: for another name.

    Example:
        >>> read_keep("ensemble"), read_keep("best"), read_keep(["ensemble", "finalists"])
        (('ensemble',), (), ('finalists', 'ensemble'))
    """
    names = [part.strip() for part in (given.split(",") if isinstance(given, str) else given)]
    for name in names:
        if name not in KEEPS:
            raise BadInput("keep", f"must be of {', '.join(KEEPS)}", name, closest(name, KEEPS))
    return tuple(name for name in KEEPS[1:] if name in names)


def keep_replicates(study: Study, part: Part, members: Sequence[Trained], first: int) -> None:
    """Keep the states of a confirmation's replicates on disk until the study ends, where they are asked for.

    Args:
        study: of the members, which have just been trained and are not settled.
        part: of the study.
        members: of all contenders.
        first: number of the first replicate among them.
    """
    if study.settings.keep:
        sound = [t for t in members if t.fate == "training"]
        study.keep(f"{_name(part)}{part.first_replicate + first}", sound, wanted=not part.over)


def replicates(study: Study, part: Part) -> list[Trained]:
    """The replicates of a part's confirmation, those that came to their end with the states that were kept.

    Raises:
        StoreError: if these are gone.
    """
    last = part.first_replicate + LOOKS[-1]
    members = [
        t
        for t in study.members
        if t.plan.stage == "confirm" and part.first_replicate <= t.plan.replicate < last
    ]
    for name in [name for name in study.kept if name.startswith(_name(part))]:
        if not states.bring_back(study.settings.folder, name, members, study.ports):
            place = study.settings.folder / states.FOLDER / name
            raise StoreError(
                f"{place} is gone or damaged. Go on with the study: what it held is trained again."
            )
    return members


def keep_networks(
    study: Study, best: Trained, finals: Sequence[Trained], part: Part, fold: int
) -> Ensemble | None:
    """Write what is kept, and note it with its size.

    Args:
        study: as ever.
        best: the network that is handed out, its state at hand.
        finals: all networks of its recipe that were trained on all development rows.
        part: of the study.
        fold: the one that holds the test rows.

    Returns:
        The ensemble, if it was asked for and there is one.

    Raises:
        StoreError: if there is no room.
    """
    folder, wanted = study.settings.folder, study.settings.keep
    confirmed = replicates(study, part) if wanted else []
    ensemble = note_ensemble(study, best, finals, confirmed, fold) if "ensemble" in wanted else None
    if best.state is not None:
        state, row = best.state
        checkpoint.save(Checkpoint((best.member,), state.take([row])), folder / CHECKPOINT, study.ports)
    if "finalists" in wanted:
        _save_finalists(study, [t for t in confirmed if t.state is not None])
    paths = [folder / name for name in (MODEL, CHECKPOINT, ENSEMBLE, FINALISTS)]
    rows = [{"name": path.name, "bytes": _bytes(path)} for path in paths if path.exists()]
    study.note("kept", {"rows": rows})
    for t in confirmed:
        t.state = None
    return ensemble


def _name(part: Part) -> str:
    """How the names of what is kept of a part's confirmation begin."""
    return f"confirm-{part.number}-"


def _save_finalists(study: Study, members: Sequence[Trained]) -> None:
    """One checkpoint for each contender, in place of those of an earlier part."""
    folder = study.settings.folder / FINALISTS
    new = folder.with_name(f"{FINALISTS}.part")
    contenders: defaultdict[str, list[Trained]] = defaultdict(list)
    for t in members:
        contenders[t.plan.label.replace(" ", "-")].append(t)
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir()
        for label, group in contenders.items():
            parts = [state.take([row]) for state, row in (t.state for t in group if t.state is not None)]
            stack = Checkpoint(tuple(t.member for t in group), StackState.join(parts))
            checkpoint.save(stack, new / f"{label}.safetensors", study.ports)
        shutil.rmtree(folder, ignore_errors=True)
        new.rename(folder)
    except OSError as error:
        raise StoreError(
            f"{folder} could not be written ({error.strerror}). Make room, or choose --out."
        ) from error


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
