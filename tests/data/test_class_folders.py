"""Class folders are found wherever they stand, and whatever has no class is named."""

import io
import os
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from steepest.base.errors import BadData
from steepest.data.class_folders import Entry, entries, kind_of

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "review_polarity.tar.gz"
PETS = ("cat/1.png", "cat/2.png", "dog/1.png")


def folder(path: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(name.encode())
    return path


def zipped(path: Path, names: tuple[str, ...]) -> Path:
    with zipfile.ZipFile(path / "pets.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path / "pets.zip"


def tarred(suffix: str, mode: str) -> Callable[[Path, tuple[str, ...]], Path]:
    def write(path: Path, names: tuple[str, ...]) -> Path:
        with tarfile.open(path / f"pets{suffix}", mode) as archive:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = len(name.encode())
                archive.addfile(member, io.BytesIO(name.encode()))
        return path / f"pets{suffix}"

    return write


FORMS = {"folder": folder, "zip": zipped, "tar": tarred(".tar", "w"), "tgz": tarred(".tgz", "w:gz")}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (PETS, [("cat", False), ("cat", False), ("dog", False)]),
        (("all/pets/cat/1.png", "all/pets/dog/1.png"), [("cat", False), ("dog", False)]),
        (("README.md", "pets/LICENSE", "pets/cat/1.png", "pets/dog/1"), [("cat", False), ("dog", False)]),
        ((".git/x", "__MACOSX/cat/._1.png", "cat/.DS_Store", *PETS[1:]), [("cat", False), ("dog", False)]),
        (("cat/deep/er/1.png", "dog/1.png"), [("cat", False), ("dog", False)]),
        (("cat/README.txt", "dog/1.txt"), [("cat", False), ("dog", False)]),
        (
            ("set/test/cat/1.png", "set/Train/cat/1.png", "set/Train/dog/1.png", "set/val/dog/1.png"),
            [("cat", False), ("dog", False), ("cat", True), ("dog", False)],
        ),
        (("train/1.png", "car/1.png"), [("car", False), ("train", False)]),
        (("train/cat/1.png", "train/dog/1.png"), [("cat", False), ("dog", False)]),
    ],
    ids=["plain", "wrapped", "described", "hidden", "deep", "readme inside", "test", "a train", "train only"],
)
def test_classes_are_found_in_every_layout(form, names, expected, tmp_path):
    found = entries(form(tmp_path, names))
    assert [(entry.label, entry.test) for entry in found] == expected
    assert [entry.name for entry in found] == sorted(entry.name for entry in found)
    assert [entry.read().decode() for entry in found] == [entry.name for entry in found]


def test_a_link_to_a_class_folder_is_followed_and_a_circle_is_not(tmp_path):
    folder(tmp_path / "elsewhere", ("1.png",))
    folder(tmp_path / "set", ("dog/1.png",))
    os.symlink(tmp_path / "elsewhere", tmp_path / "set" / "cat")
    os.symlink(tmp_path / "set", tmp_path / "set" / "dog" / "back")
    assert [entry.name for entry in entries(tmp_path / "set")] == ["cat/1.png", "dog/1.png"]


def test_backslashes_of_a_foreign_archive_part_folders(tmp_path):
    assert [entry.label for entry in entries(zipped(tmp_path, ("a\\1.png", "b\\1.png")))] == ["a", "b"]


def cut(form: Callable[[Path, tuple[str, ...]], Path], size: int) -> Callable[[Path, tuple[str, ...]], Path]:
    def write(path: Path, names: tuple[str, ...]) -> Path:
        whole = form(path, names)
        whole.write_bytes(whole.read_bytes()[:size])
        return whole

    return write


@pytest.mark.parametrize(
    ("form", "names", "pattern"),
    [
        (
            folder,
            ("cat/1.png", "x.png", "y.png"),
            r"every file in a class folder, but got 'x.png and 1 more'",
        ),
        (folder, ("set/cat/1.png", "set/x.png"), r"class folder, but got 'set/x.png'. Put each file"),
        (folder, ("train/cat/1.png", "train/x.png", "test/cat/1.png"), r"but got 'train/x.png'"),
        (folder, ("1.png", "2.png"), r"class folder, but got '1.png and 1 more'"),
        (folder, ("cat/1.png", "cat/2.png"), r"at least two class folders, but got 'cat'"),
        (folder, (".hidden",), r"must hold class folders with files, but got 'no files'"),
        (folder, ("train/a/1", "train/b/1", "test/c/1"), r"among its training folders, but got 'c'"),
        (cut(zipped, -30), PETS, r"pets.zip must be a whole zip archive, .* Copy or download it again"),
        (cut(FORMS["tar"], 100), PETS, r"pets.tar must be a whole tar archive"),
        (
            cut(FORMS["tar"], 512 * 5 - 100),
            PETS,
            r"a whole tar archive, but got 'the file ends within a header'",
        ),
        (cut(FORMS["tar"], 512 * 5 + 4), PETS, r"a whole tar archive, but got 'unexpected end of data'"),
        (cut(FORMS["tgz"], -30), PETS, r"pets.tgz must be a whole tar archive, .* ended before"),
    ],
)
def test_what_cannot_be_labelled_is_named(form, names, pattern, tmp_path):
    with pytest.raises(BadData, match=pattern):
        entries(form(tmp_path, names))


def test_a_file_that_is_neither_folder_nor_archive_is_refused(tmp_path):
    (tmp_path / "pets.rar").write_bytes(b"Rar!")
    with pytest.raises(BadData, match=r"a folder of class folders or an archive of them, but got '.rar'"):
        entries(tmp_path / "pets.rar")


def test_a_damaged_member_of_a_zip_archive_is_named_when_it_is_read(tmp_path):
    path = zipped(tmp_path, PETS)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b"cat/1.pngcat/1.png", b"cat/1.pngcat/2.png", 1))
    found = entries(path)
    with pytest.raises(BadData, match=r"cat/1.png of .*pets.zip must be whole, but got .*CRC"):
        found[0].read()


def named(*names: str) -> list[Entry]:
    return [Entry(name, name.split("/")[0], bytes) for name in names]


def test_the_kind_is_told_by_suffix():
    assert kind_of(named("a/1.png", "b/1.JPEG")) == "image"
    assert kind_of(named("a/1.txt", "b/1.txt")) == "text"
    assert kind_of(named("a/1", "b/1.wav")) is None
    assert kind_of([]) is None


@pytest.mark.parametrize("names", [("a/1.png", "a/2.png", "b/1.txt"), ("b/1.txt", "a/1.png")])
def test_images_and_texts_together_are_refused(names):
    with pytest.raises(BadData, match=r"files of one kind, but got 'a/1.png and b/1.txt'. Keep images"):
        kind_of(named(*names))


def test_images_among_other_files_are_refused():
    with pytest.raises(BadData, match=r"files of one kind, but got 'a/1.png and a/notes.doc'"):
        kind_of(named("a/1.png", "a/notes.doc"))


@pytest.mark.skipif(not REAL.is_file(), reason="needs shared/data/review_polarity.tar.gz")
def test_the_reviews_are_two_classes_of_a_thousand():
    found = entries(REAL)
    assert [entry.label for entry in found] == ["neg"] * 1000 + ["pos"] * 1000
    assert kind_of(found) == "text"
    assert b"plot : two teen couples" in found[0].read()
