"""Data sets of other libraries: torch's, and whatever is shaped like them."""

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset

from steepest.base.errors import BadData
from steepest.data.objects import from_object
from steepest.data.read import read

ROWS = 30
X = torch.randn(ROWS, 5, generator=torch.Generator().manual_seed(0))
Y = torch.arange(ROWS) % 3
PLAIN = read((X.numpy(), Y.numpy()))


class Items(Dataset):
    """Gives what it is given."""

    def __init__(self, items: list[object]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place: int) -> object:
        return self.items[place]


class Stream(IterableDataset):
    """Has no length."""

    def __iter__(self) -> Iterator[object]:
        return zip(X, Y, strict=True)


@pytest.mark.parametrize(
    "source",
    [
        TensorDataset(X, Y),
        DataLoader(TensorDataset(X, Y), batch_size=7, shuffle=True),
        DataLoader(Stream(), batch_size=7),
        Subset(TensorDataset(torch.cat([X, X]), torch.cat([Y, Y])), range(ROWS)),
        Items([(x.numpy(), int(y)) for x, y in zip(X, Y, strict=True)]),
        Items([[x.tolist(), y] for x, y in zip(X, Y, strict=True)]),
        Items([(x.clone().requires_grad_(), y) for x, y in zip(X, Y, strict=True)]),
    ],
    ids=lambda source: type(source).__name__,
)
def test_pairs_are_one_data_set_however_they_come(source: object) -> None:
    data = from_object(source)
    assert data is not None
    assert data.fingerprint == PLAIN.fingerprint
    assert data.notes[0].startswith("The 30 items were read once")


def test_words_labels_and_single_numbers() -> None:
    words = from_object(Items([(x, "ab"[n % 2]) for n, x in enumerate(X)]))
    assert words.classes == ("a", "b")
    labels = from_object(Items([(x, torch.tensor([n % 2, n % 3 > 0])) for n, x in enumerate(X)]))
    assert (labels.task, labels.y.shape) == ("multilabel", (ROWS, 2))
    assert from_object(Items([(float(n) / 7, n % 2) for n in range(ROWS)])).x.shape == (ROWS, 1)


def test_images_are_images() -> None:
    draw = np.random.default_rng(0)
    pictures = [draw.integers(0, 256, (6, 6, 3)).astype(np.uint8) for _ in range(ROWS)]
    painted = from_object(Items([(Image.fromarray(each), n % 2) for n, each in enumerate(pictures)]))
    assert (painted.form, painted.shape, painted.x.dtype) == ("image", (3, 6, 6), np.uint8)
    tensors = [(torch.from_numpy(each).permute(2, 0, 1), n % 2) for n, each in enumerate(pictures)]
    assert from_object(Items(tensors)).fingerprint == painted.fingerprint
    grey = from_object(Items([(Image.fromarray(each[..., 0]), n % 2) for n, each in enumerate(pictures)]))
    assert grey.shape == (1, 6, 6)


def test_tables_that_become_pandas() -> None:
    frame = pd.DataFrame({"a": np.linspace(0, 1, ROWS), "ill": ["y", "n"] * 15})
    data = from_object(pa.Table.from_pandas(frame), "ill", kinds={"a": "number"})
    assert data.fingerprint == read(frame, "ill").fingerprint


@pytest.mark.parametrize(
    "source",
    [7, "iris", None, [1, 2], (X, Y), {"a": [1]}, np.zeros((3, 2)), range(9), object()],
    ids=lambda each: type(each).__name__,
)
def test_what_is_no_data_set_of_another_library_is_left_to_others(source: object) -> None:
    assert from_object(source) is None


WRONG: dict[str, tuple[object, tuple[str, ...]]] = {
    "no pairs": (
        Items([X[0]] * 30),
        ("item 0 of the dataset must be a pair (x, y)", "Tensor", "pairs (x, y)"),
    ),
    "three parts": (Items([(1, 2, 3)] * 30), ("item 0", "3 parts")),
    "shapes that differ": (
        Items([(X[0], 0)] * 3 + [(X[0][:4], 1)]),
        ("x of item 3 of the Items", "the shape of item 0, (5,)", "(4,)", "pad it"),
    ),
    "targets that differ": (
        Items([(X[0], torch.ones(2))] * 3 + [(X[0], torch.ones(3))]),
        ("y of item 3", "shape of item 0, (2,)", "(3,)"),
    ),
    "words as inputs": (Items([("a text", 0)] * 30), ("x of item 0 of the Items must be numbers", "'str'")),
    "records as targets": (Items([(X[0], {"a": 1})] * 30), ("y of item 0", "must be numbers", "'dict'")),
    "nothing": (Items([]), ("the Items must have items",)),
    "too few": (TensorDataset(X[:9], Y[:9]), ("the TensorDataset must have at least 20 rows",)),
}


@pytest.mark.parametrize("what", WRONG)
def test_items_that_cannot_be_used_are_named(what: str) -> None:
    source, fragments = WRONG[what]
    with pytest.raises(BadData) as caught:
        from_object(source)
    assert [part for part in fragments if part not in str(caught.value)] == [], str(caught.value)
    assert caught.value.remedy


def test_a_loader_is_known_by_what_it_has() -> None:
    loader = SimpleNamespace(dataset=TensorDataset(X, Y), collate_fn=None)
    assert from_object(loader).fingerprint == PLAIN.fingerprint
