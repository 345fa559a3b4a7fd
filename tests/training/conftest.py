"""Small sources for training tests."""

import numpy as np
import pytest

from steepest.data.standardise import Standardiser
from steepest.training.source import Fold, Source


def make_source(classes: int, rows: int = 90, features: int = 6, folds: int = 3) -> Source:
    """A noisy teacher with a few missing cells; folds differ in their rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(2.0, 3.0, (rows, features)).astype(np.float32)
    signal = np.tanh(x @ rng.normal(size=(features, max(classes, 1))))
    y = signal.argmax(1) if classes else 5.0 + 2.0 * signal[:, 0] + 0.1 * rng.normal(size=rows)
    x[rng.random(x.shape) < 0.02] = np.nan
    made = []
    for f in range(folds):
        order = np.random.default_rng(f + 1).permutation(rows)
        train, held_out = np.sort(order[: rows - 20]), np.sort(order[rows - 20 :])
        mean, std = np.nanmean(x[train], 0), np.nanstd(x[train], 0)
        target = (0.0, 1.0) if classes else (float(y[train].mean()), float(y[train].std()))
        standard = Standardiser(mean.astype(np.float32), std.astype(np.float32), 5.0, *target)
        made.append(Fold(train, held_out, standard))
    return Source.table(x, y, classes, tuple(made))


@pytest.fixture
def classification() -> Source:
    """Three classes, three folds."""
    return make_source(classes=3)


@pytest.fixture
def regression() -> Source:
    """A numeric target, three folds."""
    return make_source(classes=0)
