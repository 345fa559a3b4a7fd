"""What a worker maps into memory is what the study served."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.split import inner_split, outer_split
from steepest.training.chunk import Chunk
from steepest.training.feed import Feed
from steepest.training.member import Member
from steepest.training.source import Source


@pytest.mark.parametrize("name", ["iris", "diabetes"])
def test_folds_are_the_splits_standardised_by_their_training_rows(name: str) -> None:
    data = read(name)
    outer = outer_split(data, 0)
    splits = [inner_split(data, outer.train, 0, i) for i in range(2)]
    source = Source.of(data, [*splits, outer])
    assert source.classes == len(data.classes)
    assert source.outputs == data.outputs
    for fold, split in zip(source.folds, [*splits, outer], strict=True):
        np.testing.assert_array_equal(fold.train, split.train)
        np.testing.assert_array_equal(fold.held_out, split.held_out)
        np.testing.assert_allclose(fold.standard.mean, data.x[split.train].mean(0), rtol=1e-4, atol=1e-6)


def test_read_only_arrays_will_do() -> None:
    data = dataclasses.replace(read("diabetes"), x=read("diabetes").x.copy())
    data.x.flags.writeable = data.y.flags.writeable = False
    source = Source.of(data, [outer_split(data, 0)])
    Feed(source, [Member(0, Recipe(), 0)], torch.float64)  # torch warns of arrays it could not write to
    np.testing.assert_array_equal(source.x, data.x)


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_saved_and_mapped(task: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    source: Source = request.getfixturevalue(task)
    source.save(tmp_path)
    mapped = Source.load(tmp_path, **source.facts)
    np.testing.assert_array_equal(mapped.x, source.x)
    np.testing.assert_array_equal(mapped.y, source.y)
    assert (mapped.x.dtype, mapped.y.dtype) == (source.x.dtype, source.y.dtype)
    mapped.x[0, 0] = 1e9  # private to the process that writes
    assert np.load(tmp_path / "x.npy")[0, 0] != 1e9


def test_images_mapped_from_disk_train_as_those_in_memory(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 3 * 8 * 8), dtype=np.uint8)
    np.save(tmp_path / "pixels.npy", pixels)
    mapped = np.load(tmp_path / "pixels.npy", mmap_mode="r")
    sources = []
    for x in (pixels, mapped):
        data = DataSet(
            name="toy", task="classification", target="y", classes=("a", "b"), x=x, y=np.arange(48) % 2,
            form="image", shape=(3, 8, 8),
        )  # fmt: skip
        sources.append(Source.of(data, [outer_split(data, 0)]))
    held, streamed = sources
    assert isinstance(streamed.x, np.memmap)
    assert not isinstance(held.x, np.memmap)
    recipe = Recipe(network="cnn", depth=2, width=4, norm="batch", batch_size=8, epochs=2)
    chunks = [Chunk([Member(0, recipe, 0)], source, dtype=torch.float64) for source in sources]
    for chunk in chunks:
        chunk.round()
    assert torch.equal(chunks[0].state.theta, chunks[1].state.theta)
    np.testing.assert_array_equal(np.load(tmp_path / "pixels.npy"), pixels)
