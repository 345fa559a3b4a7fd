"""Folders, archives and Parquet files of images: the same images, the same data set; every fault named."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from steepest.base.errors import BadInput
from steepest.data.dataset import DataSet
from steepest.data.images import is_image_table, read_images
from steepest.data.join import join_test

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
N = 24
PIXELS = np.random.default_rng(0).integers(0, 256, (N, 4, 6, 3), dtype=np.uint8)
FLAT = PIXELS.transpose(0, 3, 1, 2).reshape(N, -1)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path / "cache"))


def png(pixels: Any) -> bytes:
    kept = io.BytesIO()
    Image.fromarray(pixels).save(kept, "PNG")
    return kept.getvalue()


PNGS = [png(pixels) for pixels in PIXELS]


def folder(path: Path, *, change: dict[str, bytes | None] | None = None, test: bool = False) -> Path:
    """24 images, cats and dogs in turn."""
    for n, raw in enumerate(PNGS):
        top = ("test/" if n >= 20 else "train/") if test else ""
        place = path / "pets" / f"{top}{'dog' if n % 2 else 'cat'}" / f"{n:02}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    for name, content in (change or {}).items():
        (path / "pets" / name).parent.mkdir(exist_ok=True)
        (path / "pets" / name).write_bytes(content or b"")
    return path / "pets"


def zipped(path: Path, source: Path) -> Path:
    with zipfile.ZipFile(path / "pets.zip", "w") as archive:
        for file in sorted(source.rglob("*.png")):
            archive.write(file, file.relative_to(source.parent))
    return path / "pets.zip"


def table(
    path: Path,
    labels: Any = None,
    *,
    names: list[str] | None = None,
    metadata: dict[str, str] | None = None,
    raws: list[Any] | None = None,
    **columns: Any,
) -> Path:
    """A Parquet file as Hugging Face writes them."""
    cells = [
        raw if raw is None or isinstance(raw, dict) else {"bytes": raw, "path": f"{n}.png"}
        for n, raw in enumerate(raws or PNGS)
    ]
    images = pa.array(cells, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    labels = [n % 2 for n in range(len(cells))] if labels is None else labels
    made = pa.table({"image": images, "label": labels, **columns})
    features = {"image": {"_type": "Image"}, "label": {"names": names, "_type": "ClassLabel"}}
    if names:
        metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    pq.write_table(made.replace_schema_metadata(metadata), path / "pets.parquet")
    return path / "pets.parquet"


def read(path: Path, target: str | int | None = None, **options: Any) -> DataSet:
    return read_images(path, target, **{"name": None, "size": None, "task": None, **options})


def test_folder_archive_and_table_are_one_data_set(tmp_path):
    pets = folder(tmp_path)
    order = sorted(range(N), key=lambda n: (n % 2, n))
    listed = table(tmp_path, [n % 2 for n in order], names=["cat", "dog"], raws=[PNGS[n] for n in order])
    found = [read(source) for source in (pets, zipped(tmp_path, pets), listed)]
    assert len({data.fingerprint for data in found}) == 1
    np.testing.assert_array_equal(found[0].x, FLAT[order])
    assert [data.name for data in found] == ["pets"] * 3
    assert found[0].summary.startswith(
        "pets: classification of 'label' (cat 50.0%, dog 50.0%), 24 images of 3×4×6"
    )


def test_a_test_folder_becomes_the_test_set(tmp_path):
    data = read(folder(tmp_path, test=True), name="mine")
    assert data.name == "mine"
    assert data.test_rows.tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(data.x[data.test_rows], FLAT[[20, 22, 21, 23]])
    assert data.y[data.test_rows].tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("names", "metadata", "labels", "classes"),
    [
        (["zebra", "ape"], None, None, ("zebra", "ape")),
        (None, {"class_names": "zebra, ape"}, None, ("zebra", "ape")),
        (None, {"huggingface": "{"}, None, ("0", "1")),
        (None, None, ["zebra", "ape"] * 12, ("ape", "zebra")),
        (["ape", "unseen", "zebra"], None, [0, 2] * 12, ("ape", "zebra")),
    ],
    ids=["hugging face", "listed", "damaged", "text", "a class unseen"],
)
def test_class_names_come_from_the_schema_or_the_labels(names, metadata, labels, classes, tmp_path):
    data = read(table(tmp_path, labels, names=names, metadata=metadata))
    assert data.classes == classes
    np.testing.assert_array_equal(data.x, FLAT)


def test_rows_without_a_label_are_dropped(tmp_path):
    labels = [-1 if n in (3, 7) else None if n == 5 else n % 2 for n in range(N)]
    data = read(table(tmp_path, labels, names=["cat", "dog"]))
    np.testing.assert_array_equal(data.x, np.delete(FLAT, [3, 5, 7], axis=0))
    assert "Rows without a target, dropped: 3." in data.notes


def test_the_label_is_named_found_or_asked_for(tmp_path):
    path = table(tmp_path, weight=np.linspace(0, 1, N).tolist(), place=["a", "b"] * 12)
    assert read(path).target == "label"
    assert "Columns beside the image and its label, left out: 'weight', 'place'." in read(path).notes
    weighed = read(path, "weight")
    assert (weighed.task, weighed.outputs) == ("regression", 1)
    assert read(path, -1).target == "place"
    assert read(path, 1, task="classification").target == "label"


def test_images_of_several_sizes_are_resized_where_asked(tmp_path):
    pets = folder(tmp_path, change={"cat/odd.png": png(np.zeros((9, 7, 3), np.uint8))})
    data = read(pets, size=5)
    assert data.shape == (3, 5, 5)
    assert (
        "Images resized to 5×5 pixels, bilinear, after cutting the middle square out: 25 of 25." in data.notes
    )
    assert read(zipped(tmp_path, pets), size=5).fingerprint == data.fingerprint
    assert read(pets, size=4).shape == (3, 4, 4)


def test_a_changed_file_is_read_again(tmp_path):
    pets = folder(tmp_path)
    first = read(pets)
    assert read(pets).fingerprint == first.fingerprint
    (pets / "cat" / "00.png").write_bytes(png(255 - PIXELS[0]))
    os.utime(pets / "cat" / "00.png", (1, 1))
    np.testing.assert_array_equal(read(pets).x[0], 255 - FLAT[0])
    (pets / "cat" / "00.png").rename(pets / "dog" / "00.png")
    assert read(pets).y.sum() == 13


def test_folders_of_numbers_are_in_their_order(tmp_path):
    for n, raw in enumerate(PNGS):
        place = tmp_path / "set" / str(n % 3 * 5) / f"{n}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(raw)
    assert read(tmp_path / "set").classes == ("0", "5", "10")


def test_a_table_of_images_is_told_by_its_schema(tmp_path):
    assert is_image_table(table(tmp_path))
    pq.write_table(pa.table({"label": [1, 2], "bytes": [b"a", b"b"]}), tmp_path / "plain.parquet")
    assert not is_image_table(tmp_path / "plain.parquet")
    sounds = table(
        tmp_path, metadata={"huggingface": json.dumps({"info": {"features": {"image": {"_type": "Audio"}}}})}
    )
    assert not is_image_table(sounds)
    (tmp_path / "damaged.parquet").write_bytes(b"PAR1")
    assert not is_image_table(tmp_path / "damaged.parquet")


def cut_table(path: Path) -> Path:
    whole = table(path)
    whole.write_bytes(whole.read_bytes()[:-10])
    return whole


def spoilt_table(path: Path) -> Path:
    whole = table(path)
    raw = bytearray(whole.read_bytes())
    raw[4:40] = b"\xff" * 36  # the first page's header
    whole.write_bytes(raw)
    return whole


def no_image(path: Path) -> Path:
    pq.write_table(pa.table({"label": [0, 1] * 12}), path / "plain.parquet")
    return path / "plain.parquet"


def images_alone(path: Path) -> Path:
    whole = pq.read_table(table(path)).drop_columns(["label"])
    pq.write_table(whole, path / "pets.parquet")
    return path / "pets.parquet"


def two_images(path: Path) -> Path:
    whole = pq.read_table(table(path))
    pq.write_table(whole.append_column("mask", whole.column("image")), path / "pets.parquet")
    return path / "pets.parquet"


ODD = png(np.zeros((5, 5, 3), np.uint8))
Source = Callable[[Path], Path]


def with_file(name: str, raw: bytes) -> Source:
    return lambda path: folder(path, change={name: raw})


def with_cell(raw: bytes | None) -> Source:
    return lambda path: table(path, raws=[*PNGS[:5], raw, *PNGS[6:]])


def labelled(*labels: int) -> Source:
    return lambda path: table(path, [*labels] * (N // len(labels)), names=["a", "b"])


def few(path: Path) -> Path:
    return table(path, raws=PNGS[:19])


def absent(path: Path) -> Path:
    return path / "nowhere.parquet"


@pytest.mark.parametrize(
    ("source", "options", "pattern"),
    [
        (with_file("dog/x.png", b""), {}, r"dog/x.png of .*pets must be an image, but got 'nothing"),
        (with_file("dog/x.png", PNGS[0][:50]), {}, r"dog/x.png of .*pets must be a whole image"),
        (with_file("dog/x.png", b"no image"), {}, r"dog/x.png of .* 'bytes that are none'. Remove it"),
        (with_file("dog/x.png", ODD), {}, r"00.png of .* of 6×4 and dog/x.png of .* of 5×5'.*--size 64"),
        (with_file("x.png", PNGS[0]), {}, r"in a class folder, but got 'x.png'. Put each file"),
        (with_file("dog/a.txt", b"a"), {}, r"one kind, but got 'cat/00.png and dog/a.txt'"),
        (folder, {"size": 0}, r"size must be a whole number of at least 1, but got 0"),
        (folder, {"target": "label"}, r"target must not be given for .*pets, but got 'label'. Its fol"),
        (folder, {"task": "regression"}, r"task must be classification for .*pets"),
        (with_cell(b""), {}, r"data row 6 \(5.png\) of .*parquet must be an image, but got 'nothing"),
        (with_cell(None), {}, r"data row 6 of .*parquet must be an image, but got 'nothing"),
        (with_cell(b"GIF89a"), {}, r"data row 6 .*parquet must be a whole image.* copy it again"),
        (with_cell(ODD), {}, r"data row 1 .*6×4 and data row 6 .*5×5'.*size=64"),
        (labelled(0, 1, 2), {}, r"one of the 2 classes that are named, from 0, .*2 in data row 3"),
        (labelled(0), {}, r"target 'label' .* at least two classes, but got \"only 'a'"),
        (few, {}, r"pets.parquet must have at least 20 images with a target, but got 19"),
        (table, {"target": "lable"}, r"target must name a column .* Did you mean 'label'"),
        (table, {"target": "image"}, r"a column of labels .*, but got 'image'. Name one of 'label'"),
        (table, {"task": "regresion"}, r"task must be a known task.*Did you mean 'regression'"),
        (cut_table, {}, r"pets.parquet must be whole and readable.*Write or download it again"),
        (spoilt_table, {}, r"pets.parquet must be whole and readable"),
        (no_image, {}, r"one column of encoded images.*but got 'none'. Its columns are 'label'"),
        (two_images, {}, r"must have one column of encoded images.*but got 'image, mask'"),
        (images_alone, {}, r"must have a column of labels beside its images, but got 'none'"),
        (absent, {}, r"nowhere.parquet must be whole and readable"),
    ],
)
def test_a_fault_is_named_with_its_remedy(source: Source, options: dict[str, Any], pattern: str, tmp_path):
    path = source(tmp_path)
    with pytest.raises(BadInput, match=pattern):
        read(path, **options)
    assert not list((tmp_path / "cache").glob("*"))


def test_a_folder_of_texts_is_no_folder_of_images(tmp_path):
    for label in ("a", "b"):
        (tmp_path / "set" / label).mkdir(parents=True)
        (tmp_path / "set" / label / "1.txt").write_text("words")
    with pytest.raises(BadInput, match=r"set must hold images, by their suffixes, but got 'a/1.txt'"):
        read(tmp_path / "set")


def test_a_training_and_a_test_file_join_on_disk(tmp_path):
    (tmp_path / "more").mkdir()
    train = read(table(tmp_path, names=["cat", "dog"]))
    test = read(table(tmp_path / "more", names=["cat", "dog"], raws=PNGS[::-1]))
    data = join_test(train, test)
    assert isinstance(data.x, np.memmap)
    np.testing.assert_array_equal(data.x, np.concatenate([FLAT, FLAT[::-1]]))
    assert sum(note.startswith("Decoded pixels are kept") for note in data.notes) == 1
    assert sum("flipped" in note for note in data.notes) == 1
    assert join_test(train, test).fingerprint == data.fingerprint


@pytest.mark.skipif(
    not (SHARED / "cifar10-test.parquet").is_file(), reason="needs shared/data/cifar10-test.parquet"
)
def test_cifar_is_read_with_its_class_names():
    data = read(SHARED / "cifar10-test.parquet")
    assert (data.rows, data.shape, data.classes[3]) == (10_000, (3, 32, 32), "cat")
    assert np.bincount(data.y).tolist() == [1000] * 10
