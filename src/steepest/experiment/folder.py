"""The run folder: where a study leaves what it made."""

import contextlib
import glob
from collections.abc import Callable
from pathlib import Path

from safetensors import SafetensorError

from steepest.base.errors import BadInput, StoreError
from steepest.store import opening

POINTER = opening.POINTER
STUDY, RECIPE, MODEL, SCRIPT, DATA, REPORT = (
    opening.FILE_NAME, "recipe.yaml", "model.safetensors", "train.py", "data.npz", "report.html",
)  # fmt: skip
FILES = (STUDY, RECIPE, MODEL, SCRIPT, DATA, REPORT)
"""What a run leaves in its folder; in the study's place a pointer, where a database keeps it."""

CHECKPOINT, ENSEMBLE, FINALISTS = "checkpoint.safetensors", "ensemble.safetensors", "finalists"
NETWORKS = (CHECKPOINT, ENSEMBLE, FINALISTS)
"""What a study leaves besides, as `steepest.experiment.keeping` says; the last is a folder."""


def is_run(folder: Path) -> bool:
    """Whether a folder holds a study, or the pointer to one."""
    return any((folder / name).is_file() for name in (STUDY, POINTER))


def free(name: str, home: Path = Path("runs")) -> Path:
    """The next numbered folder of a name: after the newest, so that none is taken twice."""
    return home / f"{name}-{_newest_number(name, home) + 1}"


def newest(name: str, home: Path = Path("runs")) -> list[Path]:
    """The newest numbered folder of a name, if there is one."""
    number = _newest_number(name, home)
    return [home / f"{name}-{number}"] if number else []


def _newest_number(name: str, home: Path) -> int:
    tails = (place.name.removeprefix(f"{name}-") for place in home.glob(f"{glob.escape(name)}-*"))
    return max((int(tail) for tail in tails if tail.isdecimal()), default=0)


def prepare(folder: Path, *more: str) -> Path:
    """Make the folder, and make sure that nothing in it would be overwritten.

    Args:
        folder: to write into.
        more: names of files that will be written beside those of a run.

    Raises:
        BadInput: if it holds a file that a run writes, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        taken = [name for name in (*FILES, POINTER, *NETWORKS, *more) if (folder / name).exists()]
        if taken:
            remedy = "Name another folder, or remove this one."
            if is_run(folder):
                remedy += " To go on with its study: steepest tune --resume FOLDER."
            raise BadInput(
                "out", f"must not hold {taken[0]} already: nothing is overwritten", str(folder), remedy
            )
        probe = folder / ".steepest-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            "out", "must be a folder that can be written", f"{folder} ({error.strerror})"
        ) from None
    return folder


def write_text(path: Path, text: str) -> None:
    """Write a text whole or not at all."""
    write(path, lambda part: part.write_text(text, encoding="utf-8"))


def write(path: Path, fill: Callable[[Path], object]) -> None:
    """Write a file whole or not at all.

    Args:
        path: of the file.
        fill: writes the contents to the path it is given, beside it.

    Raises:
        StoreError: if it cannot be written, as on a full disk.
    """
    part = path.with_name(path.name + ".part")
    try:
        fill(part)
        part.replace(path)
    except (OSError, SafetensorError) as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        cause = (error.strerror if isinstance(error, OSError) else None) or str(error).split("error: ")[-1]
        raise StoreError(f"{path} could not be written: {cause}. Make room, or choose --out.") from None
