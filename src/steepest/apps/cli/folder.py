"""The run folder a command will write: checked before any work is done, so that no study ends in vain."""

import tempfile
from pathlib import Path

from steepest.base.errors import BadInput


def writable(out: Path | None) -> Path | None:
    """Prove that the folder `out` can be written or made, without leaving anything behind; None stays None.

    A folder that holds a study is let through: it may be this very one, unfinished, which then goes on.

    Raises:
        BadInput: if a file is in the way, nothing can be written there, or something is there already: what
            was finished is never written over.

    Example:
        >>> import tempfile
        >>> writable(Path(tempfile.mkdtemp()) / "run").exists()
        False
    """
    if out is None:
        return None
    remedy = "Name a folder that you may write, such as runs/mine."
    nearest = next(place for place in (out, *out.absolute().parents) if place.exists() or place.is_symlink())
    if not nearest.is_dir():
        raise BadInput("--out", "must be a folder", str(out), f"{nearest} is a file. {remedy}")
    held = sorted(each.name for each in out.iterdir()) if nearest == out else []
    if held and not {"study.db", "study.url"} & set(held):
        shown = ", ".join(held[:3]) + (", …" if len(held) > 3 else "")
        remedy = "Name another folder, or remove this one first."
        raise BadInput("--out", "must be a new or empty folder", str(out), f"It holds {shown}. {remedy}")
    try:
        with tempfile.TemporaryDirectory(dir=nearest):
            return out
    except OSError as error:
        raise BadInput(
            "--out", "must be a folder that can be written", str(out), f"{error.strerror}. {remedy}"
        ) from None
