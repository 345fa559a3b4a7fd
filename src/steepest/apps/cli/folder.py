"""The run folder a command will write: checked before any work is done, so that no study ends in vain."""

import os
import tempfile
from pathlib import Path

from steepest.base.errors import BadInput


def writable(out: Path | None) -> Path | None:
    """Create the folder `out` and prove that a file can be written in it; None stays None.

    Raises:
        BadInput: if a file is in the way, or the folder cannot be made or written.

    Example:
        >>> import tempfile
        >>> writable(Path(tempfile.mkdtemp()) / "run").is_dir()
        True
    """
    if out is None:
        return None
    remedy = "Name a folder that you may write, such as runs/mine."
    in_the_way = next((p for p in (out, *out.parents) if os.path.lexists(p) and not p.is_dir()), None)
    if in_the_way is not None:
        raise BadInput("--out", "must be a folder", str(out), f"{in_the_way} is a file. {remedy}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            return out
    except OSError as error:
        raise BadInput(
            "--out", "must be a folder that can be written", str(out), f"{error.strerror}. {remedy}"
        ) from None
