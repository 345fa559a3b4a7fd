"""Files sorted into one folder per class, on disk or in an archive, which is never unpacked to disk."""

import io
import os
import re
import stat
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from steepest.base.errors import BadData

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
"""Suffixes of archives that are read like a folder."""

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
TEXTS = (".txt",)

_TRAIN = frozenset({"train", "training", "val", "valid", "validation"})
_TEST = frozenset({"test", "testing"})
_HIDDEN = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_ABOUT = re.compile(r"read[-_ ]?me|licen[cs]e|copying|copyright|citation|notice|changelog", re.IGNORECASE)
_LAYOUT = "Put each file into a folder named after its class, as in cat/1.png, or remove it."
_WHOLE = "Copy or download it again."

_Place = tuple[str, ...]
_File = tuple[_Place, Callable[[], bytes]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a class folder.

    Args:
        name: its path from the folder or archive on, with slashes.
        label: its class: the name of its class folder.
        read: gives its bytes; safe to call from any thread.
        test: it lies in a folder `test` beside a folder `train`.
    """

    name: str
    label: str
    read: Callable[[], bytes]
    test: bool = False


def is_archive(path: Path) -> bool:
    """Whether the name is an archive's.

    Example:
        >>> is_archive(Path("pets.tar.gz")), is_archive(Path("pets.csv.gz"))
        (True, False)
    """
    return path.name.lower().endswith(ARCHIVES)


def entries(path: Path) -> list[Entry]:
    """The files of a folder, or of an archive, in which every class has a folder; in order of their names.

    Folders that only wrap others are passed through, as in `pets/cat/1.png`. Where `train` and `test` stand
    side by side, class folders are looked for in both; files of a folder `val` beside them count as training
    files. Deeper folders belong to the class they are in. Hidden files are passed over, and so are files
    beside the class folders that are called README, LICENSE or alike.

    Args:
        path: a folder, or a file that ends in .zip, .tar, .tar.gz or .tgz. A tar file's contents are held in
            memory; all else is read when it is asked for.

    Raises:
        BadData: no whole archive, no files, files beside the class folders, a single class, a class only
            in `test`.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("README", "pets/cat/1.png", "pets/dog/2.png"):
        ...         Path(folder, name).parent.mkdir(parents=True, exist_ok=True)
        ...         _ = Path(folder, name).write_bytes(b"...")
        ...     [(entry.name, entry.label) for entry in entries(Path(folder))]
        [('pets/cat/1.png', 'cat'), ('pets/dog/2.png', 'dog')]
    """
    where = str(path)
    files = dict(file for file in _files(path) if not _is_hidden(file[0]))
    if not files:
        raise BadData(where, "must hold class folders with files", "no files", "Check the path.")
    found, loose = _labelled(files)
    if loose:
        more = f" and {len(loose) - 1:,} more" if len(loose) > 1 else ""
        raise BadData(where, "must have every file in a class folder", f"{loose[0]}{more}", _LAYOUT)
    _check_classes(found, where)
    return found


def kind_of(found: Sequence[Entry]) -> Literal["image", "text"] | None:
    """What the files are, by their suffixes; None where no suffix is known.

    Raises:
        BadData: files of different kinds.

    Example:
        >>> kind_of([Entry("cat/1.png", "cat", bytes), Entry("dog/2.JPG", "dog", bytes)])
        'image'
    """
    kinds = {_kind(entry.name): entry.name for entry in reversed(found)}  # the first file of each
    if len(kinds) < 2:
        return next(iter(kinds), None)
    shown = " and ".join(sorted(kinds.values()))
    remedy = f"Keep images ({', '.join(IMAGES)}) or texts ({', '.join(TEXTS)}), and remove the rest."
    raise BadData("the class folders", "must hold files of one kind", shown, remedy)


def _kind(name: str) -> Literal["image", "text"] | None:
    suffix = os.path.splitext(name)[1].lower()
    return "image" if suffix in IMAGES else "text" if suffix in TEXTS else None


def _is_hidden(place: _Place) -> bool:
    return not place or any(part.startswith(".") or part.lower() in _HIDDEN for part in place)


def _labelled(files: dict[_Place, Callable[[], bytes]]) -> tuple[list[Entry], list[str]]:
    """Every file with its class, and the names of files that have none."""
    level = _class_level(files)
    names = {place[level].lower() for place in files if len(place) > level + 1}
    split = names <= _TRAIN | _TEST and bool(names & _TRAIN) and bool(names & _TEST)
    at = level + split
    found, loose = [], []
    for place in sorted(files):
        name = "/".join(place)
        if len(place) > at + 1:
            found.append(Entry(name, place[at], files[place], split and place[level].lower() in _TEST))
        elif not _ABOUT.search(place[-1]):
            loose.append(name)
    return found, loose


def _class_level(places: Iterable[_Place]) -> int:
    """How many folders wrap the class folders."""
    level = 0
    inside = list(places)
    while True:
        beside = [place for place in inside if len(place) == level + 1 and not _ABOUT.search(place[-1])]
        inside = [place for place in inside if len(place) > level + 1]
        wraps = len({place[level] for place in inside}) == 1 and any(len(p) > level + 2 for p in inside)
        if beside or not wraps:
            return level
        level += 1


def _check_classes(found: Sequence[Entry], where: str) -> None:
    labels = {entry.label for entry in found}
    if len(labels) == 1:
        remedy = "Each class needs a folder of its own."
        raise BadData(where, "must hold at least two class folders", labels.pop(), remedy)
    unseen = sorted(labels - {entry.label for entry in found if not entry.test})
    if unseen:
        limit = "must have every class of its test folder among its training folders"
        raise BadData(where, limit, ", ".join(unseen[:5]), "Correct the folder's name or add training files.")


def _files(path: Path) -> Iterator[_File]:
    """Every file's place and how to read it."""
    if path.is_dir():
        return _folder_files(path)
    if path.name.lower().endswith(".zip"):
        return _zip_files(path)
    if is_archive(path):
        return _tar_files(path)
    remedy = f"Give a folder, or an archive that ends in {', '.join(ARCHIVES)}."
    raise BadData(str(path), "must be a folder of class folders or an archive of them", path.suffix, remedy)


def _folder_files(path: Path) -> Iterator[_File]:
    def refuse(error: OSError) -> None:
        shown = f"{error.filename} ({error.strerror})"
        raise BadData(str(path), "must be readable", shown, "Check its permissions.") from None

    above: set[str] = set()  # a link may lead back up
    for folder, folders, files in os.walk(path, onerror=refuse, followlinks=True):
        real = os.path.realpath(folder)
        if real in above:
            folders.clear()
            continue
        above.add(real)
        within = Path(folder).relative_to(path).parts
        for name in files:
            yield (*within, name), _file_reader(Path(folder, name))


def _file_reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise BadData(str(path), "must be readable", error.strerror, "Check its permissions.") from None

    return read


def _zip_files(path: Path) -> Iterator[_File]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadData(str(path), "must be a whole zip archive", str(error), _WHOLE) from None
    lock = threading.Lock()
    for member in archive.infolist():
        if not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16):
            yield _place(member.filename), _member_reader(archive, member, lock, path)


def _member_reader(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, lock: threading.Lock, path: Path
) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with lock:
                return archive.read(member)
        except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise BadData(f"{member.filename} of {path}", "must be whole", str(error), _WHOLE) from None
        except (RuntimeError, NotImplementedError) as error:  # a password, or a rare compression
            remedy = "Pack it again as a plain zip archive."
            raise BadData(f"{member.filename} of {path}", "must be readable", str(error), remedy) from None

    return read


def _tar_files(path: Path) -> Iterator[_File]:
    """In one pass: going back in a compressed archive would unpack it again each time."""
    try:
        with tarfile.open(path, "r:*") as archive:
            for member in archive:
                opened = archive.extractfile(member) if member.isfile() else None
                if opened is not None:
                    yield _place(member.name), _holder(opened.read())
            plain = isinstance(archive.fileobj, io.BufferedReader)
            if plain and 0 < path.stat().st_size - archive.offset < tarfile.BLOCKSIZE:
                raise EOFError("the file ends within a header")  # which tarfile takes for the end
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise BadData(str(path), "must be a whole tar archive", str(error), _WHOLE) from None


def _holder(raw: bytes) -> Callable[[], bytes]:
    return lambda: raw


def _place(name: str) -> _Place:
    """The parts of a name inside an archive, whichever system wrote it."""
    return tuple(part for part in name.replace("\\", "/").split("/") if part not in ("", ".", ".."))
