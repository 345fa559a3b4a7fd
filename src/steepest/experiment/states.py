"""States of members on disk, from which a study that was killed goes on bit for bit.

They lie in the run folder under `states/`, one folder for each moment that was kept, with one checkpoint for
each shape of network. A folder is put in its place whole, in one move.
"""

import json
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from steepest.base.errors import BadInput, StoreError
from steepest.experiment.trained import Trained
from steepest.networks.architecture import Spec, spec_of
from steepest.networks.ports import Ports
from steepest.training import checkpoint
from steepest.training.checkpoint import Checkpoint
from steepest.training.state import StackState

FOLDER = "states"
_ABOUT = "members.json"


def keep(folder: Path, name: str, members: Sequence[Trained], ports: Ports) -> None:
    """Write the members' states, in place of what is there under this name.

    Args:
        folder: of the run.
        name: of the moment.
        members: their states must be at hand.
        ports: what their networks read and write.

    Raises:
        StoreError: if they cannot be written, as on a full disk.
    """
    place = folder / FOLDER / name
    part = place.with_name(name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for number, group in enumerate(_alike(members, ports)):
            states = [_alone(t) for t in group]
            stack = Checkpoint(tuple(t.member for t in group), StackState.join(states))
            checkpoint.save(stack, part / f"{number}.safetensors", ports)
        about = {t.member.number: [t.metrics, t.seconds, t.steps] for t in members}
        (part / _ABOUT).write_text(json.dumps(about), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        part.rename(place)
    except OSError as error:
        raise StoreError(
            f"{place} cannot be written ({error.strerror}). Make room, or choose --out."
        ) from error


def bring_back(folder: Path, name: str, members: Sequence[Trained], ports: Ports) -> bool:
    """Give members the states that were kept under a name; False where they are not there or damaged."""
    place, by_number = folder / FOLDER / name, {t.member.number: t for t in members}
    try:
        about = json.loads((place / _ABOUT).read_text(encoding="utf-8"))
        stacks = [checkpoint.load(path, ports) for path in sorted(place.glob("*.safetensors"))]
    except (OSError, ValueError, BadInput):
        return False
    for stack in stacks:
        for row, member in enumerate(stack.members):
            if member.number in by_number:
                t = by_number[member.number]
                t.metrics, t.seconds, t.steps = about[str(member.number)]
                t.state = stack.state, row
    return True


def forget(folder: Path, name: str) -> None:
    """Remove what was kept under a name, if anything."""
    shutil.rmtree(folder / FOLDER / name, ignore_errors=True)
    try:
        (folder / FOLDER).rmdir()  # the last one takes the room with it
    except OSError:
        return


def _alone(t: Trained) -> StackState:
    if t.state is None:
        raise RuntimeError(f"the state of member {t.member.number} was not kept")
    state, row = t.state
    return state.take([row])


def _alike(members: Sequence[Trained], ports: Ports) -> list[list[Trained]]:
    """Members whose states fit into one stack."""
    groups: defaultdict[tuple[Spec, int, bool], list[Trained]] = defaultdict(list)
    for t in members:
        state = _alone(t)
        groups[spec_of(t.member.recipe, ports), state.round, state.channels_last].append(t)
    return list(groups.values())
