"""One text as a data set: windows of characters, and at each place the character that follows."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from steepest.base.errors import BadData, BadInput, closest
from steepest.data.assemble import LEAST_ROWS
from steepest.data.dataset import DataSet
from steepest.data.windows import whole_number

UNITS = ("character",)
MOST_TOKENS = 65_000
"""A text with more different characters than this is no text, or not one to learn from."""

TEST_SHARE = 0.1
"""The end of a text that is set aside for the test, as is usual for tinyshakespeare."""

MOST_CONTROL = 0.01
"""Old texts hold stray control bytes (a page mark, a lost accent); a file with more than this share of them,
or with a zero byte, is something else."""

_CONTROL = bytes({*range(9), *range(14, 27), *range(28, 32)})
_EMPTY = "Check that it was written completely."


def decoded(raw: bytes, where: str) -> tuple[str, str]:
    """The text in a file's bytes, and what had to be done to read it, or "".

    UTF-8 (with or without a byte-order mark), UTF-16 by its mark, else Latin-1. Line ends become a newline.

    Raises:
        BadData: nothing but blanks; bytes that are no text.

    Example:
        >>> decoded(b"\\xef\\xbb\\xbfa\\r\\nb", "a.txt"), decoded(b"caf\\xe9", "b.txt")
        (('a\\nb', ''), ('café', 'not UTF-8 (read as Latin-1)'))
    """
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    control = len(raw) - len(raw.translate(None, _CONTROL))
    if not wide and (b"\0" in raw or control > MOST_CONTROL * len(raw)):
        raise BadData(
            where, "must be a text file", "bytes that are no text", "Remove it, or save it as UTF-8."
        )
    note = "UTF-16" if wide else "marred by stray control characters" if control else ""
    try:
        text = raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        byte = f"byte 0x{error.object[error.start]:02x}"
        if wide:
            raise BadData(where, "must be whole UTF-16 text", byte, "Save it as UTF-8.") from None
        text, note = raw.decode("latin-1"), "not UTF-8 (read as Latin-1)"
    if not text.strip():
        raise BadData(where, "must hold text", "an empty file" if not raw else "only blanks", _EMPTY)
    return text.replace("\r\n", "\n").replace("\r", "\n"), note


def read_text(path: Path, *, name: str | None = None, window: int = 64, unit: str = "character") -> DataSet:
    """Predict the next character everywhere in a text.

    The text c₀ c₁ … is cut into windows of T characters that neither overlap nor leave a gap; window i has
    the inputs c[iT … iT+T−1] and the targets c[iT+1 … iT+T]. What does not fill a window at the end is left
    out. The last tenth of the windows is the test set.

    Args:
        path: a text file.
        name: what to call the data set; by default the file's stem.
        window: characters T in a window.
        unit: "character".

    Returns:
        x int32 [N, T], y int64 [N, T]; codes count the vocabulary, all characters of the file in the order
        of their code points, as they are: a newline among them is not escaped.

    Raises:
        BadInput: a window that is no whole number from 1, an unknown unit.
        BadData: no such file, not a text, or too short to make 20 windows.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "song.txt").write_text("la la la " * 20)
        ...     data = read_text(Path(folder, "song.txt"), window=6)
        >>> data.summary
        'song: prediction of the next token, 29 texts of 6 tokens, 3 different ones'
        >>> data.vocabulary, data.x[0].tolist(), data.y[0].tolist(), data.test_rows.tolist()
        ((' ', 'a', 'l'), [2, 1, 0, 2, 1, 0], [1, 0, 2, 1, 0, 2], [26, 27, 28])
    """
    window = whole_number("window", window)
    if unit not in UNITS:
        raise BadInput("unit", "must be a known unit", unit, closest(str(unit), UNITS))
    text, said = decoded(_bytes(path), str(path))
    codes, vocabulary = _codes(text, str(path))
    windows = (len(codes) - 1) // window
    if windows < LEAST_ROWS:
        limit = (
            f"must have at least {LEAST_ROWS * window + 1:,} characters for {LEAST_ROWS} windows of {window}"
        )
        raise BadData(
            str(path), limit, f"{len(codes):,} characters", "Give a longer text or a smaller window."
        )
    used = windows * window
    test = max(1, round(TEST_SHARE * windows))
    rest = len(codes) - 1 - used
    notes = [
        *([f"The file is {said}."] if said else []),
        f"Each of {len(codes):,} characters is a token, one of {len(vocabulary):,} different ones.",
        f"Windows of {window:,} characters do not overlap"
        + (f"; characters left out at the end: {rest:,}." if rest else "."),
        f"The last {test:,} windows of the text ({TEST_SHARE:.0%}) are the test set.",
    ]
    return DataSet(
        name=name or path.stem,
        task="next-token",
        target=f"next {unit}",
        classes=vocabulary,
        x=codes[:used].reshape(windows, window),
        y=codes[1 : used + 1].reshape(windows, window).astype(np.int64),
        test_rows=np.arange(windows - test, windows, dtype=np.int64),
        notes=tuple(notes),
        groups=np.arange(windows, dtype=np.int64),
        form="text",
        shape=(window,),
        vocabulary=vocabulary,
        moments=np.arange(windows, dtype=np.int64) * window + 1,
        reach=window,
    )


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise BadData(str(path), "must be a file", "a folder", "Name a text file.")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BadData("data", "must be a file that exists", str(path), "Check the path.") from None
    except OSError as error:
        raise BadData(
            "data", "must be readable", f"{path} ({error.strerror})", "Check its permissions."
        ) from None


def _codes(text: str, where: str) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Each character's code, and the characters by code."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    present = np.bincount(points) > 0
    places = np.flatnonzero(present)
    if len(places) > MOST_TOKENS:
        limit = f"must have at most {MOST_TOKENS:,} different characters"
        raise BadData(where, limit, f"{len(places):,}", "Check that it is a text.")
    table = (np.cumsum(present) - 1).astype(np.int32)
    return table[points], tuple(map(chr, places.tolist()))
