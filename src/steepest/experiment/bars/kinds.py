"""Which simple models a data set is compared with, by what it is made of and what is asked of it."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.experiment.bars import ngrams
from steepest.experiment.bars.inputs import (
    MOST_VALUES,
    bag_of_words,
    standardised,
    thumbnail,
    thumbnails,
    width_standardised,
)
from steepest.experiment.bars.models import Make, fitted, linear, naive_bayes, trees
from steepest.experiment.bars.rows import chosen, limited, rows_for
from steepest.experiment.bars.scores import Metrics, metrics_of
from steepest.training.source import Fold, Source

LINEAR_NUMBERS, TREE_NUMBERS = 2**25, 2**23
"""Numbers a linear model, and trees, are fitted to at most, counted once per class. Trees take 1.5 to 2
seconds for 2²⁰ of them on one core (7 classes of 20,000 × 50 numbers: 13.5 s), linear models a tenth."""

IMAGE_ROWS = 5_000
"""Images that simple models learn from at most: what they lack is not rows."""

MOST_WORDS = 2**25
"""Words that a bag is filled with at most."""

MOST_STEPS = 3
"""Steps ahead up to which trees forecast: each takes trees of its own."""

MOST_LABELS = 10
"""Labels up to which trees are fitted, each taking trees of its own."""

MOST_CLASSES = 30
"""Classes up to which trees are fitted: each takes a tree in every round of boosting."""

IMAGE_TREES = {"max_bins": 63, "max_leaf_nodes": 15}
"""Instead of 255 and 31, which take four times as long for no more: on 5,000 thumbnails of CIFAR-10, 17.7 s
for 43.8 % right against 4.4 s for 43.5 %, of 10,000 others."""

BLOCK_NUMBERS = 2**22
"""Held-out numbers that are read at a time."""

TREE_CODES = 255
"""Values of a category that scikit-learn's trees can take as such; more are read as a number, which orders
them by how frequent they are."""

WORDS_STRENGTH = 10.0
"""C of logistic regression on words. On 10 inner splits of review_polarity, C of 1, 10 and 100 have 81.3,
82.5 and 82.1 % right."""

Score = Callable[[Source, int], Metrics]
Read = Callable[[Source, Fold, NDArray[np.int64]], Any]


def kinds_of(source: Source) -> dict[str, Score]:
    """Simple models by name, each a function of source and fold that fits, predicts and measures.

    A model that learns from part of the training rows, or reads less of each, says so in its name.
    """
    if source.task == "next-token":
        return _ngrams(source)
    naive = _naive(source)
    if source.ports.form == "text":
        return naive | _words(source)
    if source.ports.form == "image":
        return naive | _images(source)
    return naive | _numbers(source)


def _naive(source: Source) -> dict[str, Score]:
    if source.naive is None:
        return {}
    return {f"naive forecast: {source.naive_name or 'given'}": _score_naive}


def _score_naive(source: Source, fold: int) -> Metrics:
    assert source.naive is not None
    held = source.folds[fold].held_out
    return metrics_of(source, np.asarray(source.naive[held]), source.y[held])


def _ngrams(source: Source) -> dict[str, Score]:
    said = limited(source, ngrams.most_rows(source))
    orders = {"bigram model": 2, "trigram model": 3}
    return {f"{name}{said}": partial(ngrams.score, order=order) for name, order in orders.items()}


def _words(source: Source) -> dict[str, Score]:
    most = rows_for(MOST_WORDS, source.x.shape[1])
    said = limited(source, most)
    strong = partial(_score_words, make=linear(source, WORDS_STRENGTH), most=most)
    if not source.classes:
        return {f"ridge regression on words{said}": strong}
    bayes = partial(_score_words, make=naive_bayes(), most=most)
    return {f"logistic regression on words{said}": strong, f"naive Bayes on words{said}": bayes}


def _score_words(source: Source, fold: int, make: Make, most: int) -> Metrics:
    rows = chosen(source, fold, most)
    weigh = bag_of_words(source, rows)
    model = fitted(source, make, weigh(rows), source.y[rows])
    return _measured(source, fold, lambda held: model(weigh(held)))


def _images(source: Source) -> dict[str, Score]:
    edge, left = thumbnail(source.ports)
    small = f" on {'×'.join(map(str, left))} thumbnails" if edge > 1 else ""
    numbers = source.ports.shape[0] * math.prod(left)
    most = min(IMAGE_ROWS, rows_for(LINEAR_NUMBERS, numbers * max(source.classes, 1)))
    said = small + limited(source, most)
    about: dict[str, Any] = {"read": thumbnails, "most": most}
    found: dict[str, Score] = {f"linear model{said}": partial(_score_numbers, make=linear(source), **about)}
    if _trees_suit(source):
        make = trees(source, **IMAGE_TREES)
        found[f"gradient-boosted trees{said}"] = partial(_score_numbers, make=make, **about)
    return found


def _numbers(source: Source) -> dict[str, Score]:
    """Of tables and series."""
    ahead = source.task == "forecasting"
    spelt = any(codes - 1 > MOST_VALUES for _, codes in source.ports.codes)
    most = rows_for(LINEAR_NUMBERS, width_standardised(source.ports) * max(source.classes, 1))
    name = "ridge regression on the window" if ahead else "linear model"
    name += f", {MOST_VALUES} values a category" * spelt + limited(source, most)
    score: Score = partial(_score_numbers, make=linear(source), read=standardised, most=most)
    found = {name: score}
    if _trees_suit(source):
        codes = source.ports.codes
        kinds = {"categorical_features": [p for p, n in codes if n <= TREE_CODES]} if codes else {}
        most = rows_for(TREE_NUMBERS, source.ports.inputs * _forests(source))
        name = f"gradient-boosted trees{' on the window' * ahead}{limited(source, most)}"
        found[name] = partial(_score_numbers, make=trees(source, **kinds), read=_raw, most=most)
    return found


def _trees_suit(source: Source) -> bool:
    if source.task == "classification":
        return source.classes <= MOST_CLASSES
    return _forests(source) <= (MOST_LABELS if source.task == "multilabel" else MOST_STEPS)


def _forests(source: Source) -> int:
    """Trees in a round of boosting."""
    if source.task == "classification":
        return source.classes if source.classes > 2 else 1
    return math.prod(source.y.shape[1:])


def _raw(source: Source, _: Fold, rows: NDArray[np.int64]) -> Any:
    return source.x[rows]


def _score_numbers(source: Source, fold: int, make: Make, read: Read, most: int) -> Metrics:
    rows, f = chosen(source, fold, most), source.folds[fold]
    model = fitted(source, make, read(source, f, rows), source.y[rows])
    return _measured(source, fold, lambda held: model(read(source, f, held)))


def _measured(source: Source, fold: int, predict: Callable[[NDArray[np.int64]], Any]) -> Metrics:
    """Metrics on a fold's held-out rows, which are read in blocks: scikit-learn copies them to float64."""
    held = source.folds[fold].held_out
    step = max(1, BLOCK_NUMBERS // width_standardised(source.ports))
    blocks = [predict(held[start : start + step]) for start in range(0, len(held), step)]
    return metrics_of(source, np.concatenate(blocks), source.y[held])
