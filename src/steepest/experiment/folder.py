"""The run folder: where a study leaves what it made."""

from pathlib import Path

from steepest.base.errors import BadInput, StoreError

STUDY, RECIPE, MODEL, SCRIPT, DATA, REPORT = (
    "study.db", "recipe.yaml", "model.safetensors", "train.py", "data.npz", "report.html",
)  # fmt: skip
FILES = (STUDY, RECIPE, MODEL, SCRIPT, DATA, REPORT)


def prepare(folder: Path, *, overwrite: bool) -> Path:
    """Make the folder, empty of an earlier run's files.

    Args:
        folder: where to write.
        overwrite: whether an earlier run in it may be replaced; what is not a run's file is never touched.

    Raises:
        BadInput: if it holds an earlier run that may not be replaced, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / STUDY).exists() and not overwrite:
            remedy = "Name another folder, or remove this one."
            raise BadInput("out", "must not hold an earlier study", str(folder), remedy)
        for name in (*FILES, f"{STUDY}-wal", f"{STUDY}-shm"):
            (folder / name).unlink(missing_ok=True)
        probe = folder / ".steepest-probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            "out", "must be a folder that can be written", f"{folder} ({error.strerror})"
        ) from None
    return folder


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise StoreError(
            f"{path} could not be written: {error.strerror}. Make room, or choose --out."
        ) from None
