"""The loop written by hand, in two processes that take networks as they become free."""

import functools
import multiprocessing
from collections.abc import Sequence

import torch
from torch_loop import tensors, train_one

from work import digits, measure


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """Forked, so that the processes start with everything imported."""
    torch.set_num_threads(1)
    job = functools.partial(train_one, epochs=epochs, rows=tensors(digits()))
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(job, rates, chunksize=1)


if __name__ == "__main__":
    measure(train)
