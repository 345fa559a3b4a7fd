"""The data sets that searches are recorded on: images, tables of numbers and of categories, series, texts."""

from collections.abc import Iterator
from pathlib import Path

from search.record import Work

SHARED = Path(__file__).parents[2].parent / "shared" / "data"

BUILT_IN = (
    Work("wine", "wine", {}),
    Work("breast_cancer", "breast_cancer", {}),
    Work("diabetes", "diabetes", {}),
    Work("digits", "digits", {}),
)

FILES = (
    Work("german", "german.csv", {"target": -1}),
    Work("phoneme", "phoneme.csv", {"target": -1}),
    Work("mammography", "mammography.csv", {"target": -1}),
    Work("white-wine", "winequality-white.csv", {"target": -1, "task": "regression"}),
    Work("temperatures", "daily-min-temperatures.csv", {"forecast": "Temp", "window": 14}, 100, 9, "mlp"),
    Work("reviews", "review_polarity.tar.gz", {"window": 32}, 48, 6, "cnn"),
    Work("cifar", "cifar10-test.parquet", {"size": 16}, 40, 6),
)
"""Series by an mlp, texts in small windows, images made smaller, few recipes of convolutional networks: these
would take longer than all the others."""


def works(say: list[str]) -> Iterator[Work]:
    """Every data set that is here; the others are named in `say`."""
    yield from BUILT_IN
    for work in FILES:
        path = SHARED / work.source
        if path.exists():
            yield Work(work.name, str(path), work.reading, work.pool, work.epochs, work.network)
        else:
            say.append(f"{work.name}: skipped, {path.name} is not in {SHARED}")
