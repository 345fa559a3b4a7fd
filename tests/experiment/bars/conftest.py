"""Small data sets of every form, already split."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.training.source import Source


def split_source(data: DataSet, *shares: float) -> Source:
    """A fold for each share of rows to train on: the first ones, so that what follows is held out."""
    cuts = [round(share * data.rows) for share in shares]
    rows = np.arange(data.rows, dtype=np.int64)
    return Source.of(data, [Split(rows[:cut], rows[cut:]) for cut in cuts])


def markov(windows: int, length: int = 16, tokens: int = 5) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Windows of a text in which two tokens say which one mostly follows."""
    draw = np.random.default_rng(0)
    after = draw.dirichlet(np.full(tokens, 0.2), size=(tokens, tokens))
    text = [0, 1]
    for _ in range(windows * length):
        text.append(int(draw.choice(tokens, p=after[text[-2], text[-1]])))
    codes = np.array(text[1:], np.int32)
    x = codes[: windows * length].reshape(windows, length)
    return x, codes[1 : windows * length + 1].reshape(windows, length).astype(np.int64)


@pytest.fixture
def text() -> Source:
    """200 windows of a text to continue."""
    x, y = markov(200)
    labels = tuple("abcde")
    data = DataSet(
        name="markov", task="next-token", target="next", classes=labels, x=x, y=y, form="text",
        shape=(16,), vocabulary=labels, groups=np.arange(200),
    )  # fmt: skip
    return split_source(data, 0.6, 0.8)


@pytest.fixture
def documents() -> Source:
    """Documents of 12 words, padded in front; word 2 marks the first class, word 3 the second."""
    draw = np.random.default_rng(1)
    y = np.arange(120) % 2
    x = draw.integers(4, 40, size=(120, 12)).astype(np.int32)
    x[:, 5] = 2 + y
    x[::3, :4] = 0
    data = DataSet(
        name="documents", task="classification", target="label", classes=("a", "b"), x=x, y=y, form="text",
        shape=(12,), vocabulary=tuple(map(str, range(40))),
    )  # fmt: skip
    return split_source(data, 0.5, 0.75)


@pytest.fixture
def images() -> Source:
    """200 images of two channels: where the light is says which of three classes it is."""
    draw = np.random.default_rng(2)
    y = np.arange(200) % 3
    x = draw.integers(0, 120, size=(200, 2, 20, 20)).astype(np.uint8)
    for k in range(3):
        x[y == k, :, 6 * k : 6 * k + 6] += 100
    data = DataSet(
        name="images", task="classification", target="label", classes=("a", "b", "c"),
        x=x.reshape(200, -1), y=y, form="image", shape=(2, 20, 20), groups=np.arange(200),
    )  # fmt: skip
    return split_source(data, 0.5, 0.75)


def season(horizon: int) -> Source:
    """A season of 6 steps under noise: windows of 8 steps of 2 inputs, the second with gaps."""
    draw = np.random.default_rng(3)
    steps = np.arange(320)
    values = np.sin(steps * np.pi / 3) * 5 + draw.normal(size=320) + 40
    moments = np.arange(8, 320 - horizon, dtype=np.int64)
    other = np.where(draw.random(320) < 0.1, np.nan, draw.normal(size=320))
    both = np.stack([values, other], 1).astype(np.float32)
    ahead = moments[:, None] + np.arange(horizon)
    shape = (len(moments),) if horizon == 1 else (len(moments), horizon)
    data = DataSet(
        name="season", task="forecasting", target="v", classes=(), y=values[ahead].reshape(shape),
        x=np.stack([both[m - 8 : m].reshape(-1) for m in moments]), form="series", shape=(8, 2),
        moments=moments, reach=horizon, naive=values[ahead - 6].reshape(shape),
        naive_name="the value 6 steps before", groups=np.arange(len(moments)),
    )  # fmt: skip
    return split_source(data, 0.5, 0.75)


@pytest.fixture
def make_season() -> Callable[[int], Source]:
    """A seasonal series to forecast so many steps ahead."""
    return season


@pytest.fixture
def labels() -> Source:
    """A table with three labels, the last of which is never set."""
    draw = np.random.default_rng(4)
    x = draw.normal(size=(160, 3)).astype(np.float32)
    y = np.stack([x[:, 0] > 0, x[:, 1] + x[:, 2] > 0, np.zeros(160, bool)], 1).astype(np.float64)
    data = DataSet(
        name="labels", task="multilabel", target="labels", classes=("a", "b", "c"), x=x, y=y,
        feature_names=("p", "q", "r"), scaled=np.ones(3, bool),
    )  # fmt: skip
    return split_source(data, 0.5, 0.75)
