"""The work that every contender does, and the clock it is done under.

A contender is a file beside this one with a function `train(rates, epochs)` that trains one network per
learning rate and returns their held-out accuracies, in the order of the rates. Run by itself it prints one
line of JSON:

    python benchmarks/peers/torch_loop.py --members 32 --epochs 20

The clock starts when `train` is called: reading the data, starting workers, compiling and scoring count; the
imports at the top of the contender's file do not. What its workers import, they import on the clock.
"""

import argparse
import json
import math
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits  # imported for all contenders alike, so that nobody pays for it
from sklearn.model_selection import train_test_split

SIZES = (64, 128, 64, 10)
BATCH = 64
HELD_OUT = 360
STEPS = math.ceil((1797 - HELD_OUT) / BATCH)
"""Optimizer steps in one epoch: the last batch is a short one."""

Train = Callable[[Sequence[float], int], Sequence[float]]


class Digits(NamedTuple):
    """scikit-learn's digits, pixels scaled to [0, 1]: x is [N, 64] float32, y is [N] int64."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]
    x_held: NDArray[np.float32]
    y_held: NDArray[np.int64]


def digits() -> Digits:
    """1437 rows to train on, 360 held out, classes in proportion."""
    x, y = load_digits(return_X_y=True)
    pixels = (x / 16).astype(np.float32)
    x_train, x_held, y_train, y_held = train_test_split(
        pixels, y, test_size=HELD_OUT, stratify=y, random_state=0
    )
    return Digits(x_train, y_train, x_held, y_held)


def rates(count: int) -> list[float]:
    """Learning rates, log-uniform from 1e-4 to 1e-1; the first n are the same for any count."""
    draws = np.random.default_rng(0).uniform(-4.0, -1.0, count)
    return [float(10.0**exponent) for exponent in draws]


def measure(train: Train) -> None:
    """Do the work once and print what it took: {"seconds": …, "scores": […]}."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    asked = parser.parse_args()
    chosen = rates(asked.members)
    start = time.perf_counter()
    scores = [float(score) for score in train(chosen, asked.epochs)]
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "scores": scores}), flush=True)
