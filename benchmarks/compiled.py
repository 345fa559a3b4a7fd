"""Would compiling a whole training step pay? The engine's step beside one through torch.compile.

    python benchmarks/compiled.py [--members 16]

Both train members of an MLP 64-128-64-10 on batches of 64 random rows, on one thread. The engine's step also
reads the rows, keeps the losses and follows each member's own recipe; the compiled one is written for this
network, activation and rule (AdamW without the correction for its first steps) and leaves all that out: it is
as much as compiling could gain, and more.
"""

import argparse
import itertools
import time
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from machine import load, machine_line, versions_line
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.training.chunk import Chunk
from steepest.training.matmul import no_denormals, one_thread
from steepest.training.member import Member
from steepest.training.source import Source

SIZES, BATCH, STEPS, REPEATS = (64, 128, 64, 10), 64, 40, 7


def step(theta: Tensor, first: Tensor, second: Tensor, x: Tensor, y: Tensor, rates: Tensor) -> Tensor:
    """One step of every member, in place; returns the losses [K]."""
    members, edge = len(theta), 0
    weights, biases, outputs = [], [], [x]
    for inputs, units in itertools.pairwise(SIZES):
        weights.append(theta[:, edge : edge + inputs * units].view(members, units, inputs))
        edge += inputs * units
    for units in SIZES[1:]:
        biases.append(theta[:, edge : edge + units])
        edge += units
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        z = torch.bmm(outputs[-1], weight.transpose(1, 2)) + bias.unsqueeze(1)
        outputs.append(z.relu() if i + 1 < len(weights) else z)
    hit = (y.unsqueeze(2) == torch.arange(SIZES[-1])).float()
    losses = -(outputs[-1].log_softmax(2) * hit).sum((1, 2)) / BATCH
    delta = (outputs[-1].softmax(2) - hit) / BATCH
    matrices, vectors = [], []
    for i in reversed(range(len(weights))):
        matrices.insert(0, torch.bmm(delta.transpose(1, 2), outputs[i]).reshape(members, -1))
        vectors.insert(0, delta.sum(1))
        if i:
            delta = torch.bmm(delta, weights[i]) * (outputs[i] > 0)
    gradient = torch.cat([*matrices, *vectors], 1)
    first.mul_(0.9).add_(gradient, alpha=0.1)
    second.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
    theta.mul_(1 - rates * 0.01).sub_(rates * first / (second.sqrt() + 1e-8))
    return losses


def best(call: Callable[[], object], steps: int) -> float:
    """Least seconds of a step over some repeats."""
    call()
    found = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        found.append((time.perf_counter() - started) / steps)
    return min(found)


def eager(members: int) -> float:
    """Seconds of a step of the engine."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(STEPS * BATCH + 10, SIZES[0])).astype(np.float32)
    y = np.arange(len(x)) % SIZES[-1]
    data = DataSet("noise", "classification", "kind", tuple("0123456789"), x, y)
    source = Source.of(data, [Split(np.arange(STEPS * BATCH), np.arange(STEPS * BATCH, len(x)))])
    recipe = Recipe(width=128, depth=2, taper=0.5, batch_size=BATCH, epochs=1000)
    chunk = Chunk([Member(k, recipe, seed=k) for k in range(members)], source)
    return best(chunk.round, STEPS)


def compiled(members: int) -> tuple[float, float]:
    """Seconds of a compiled step, and seconds to compile it."""
    size = sum(a * b + b for a, b in itertools.pairwise(SIZES))
    theta = torch.randn(members, size) * 0.05
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    x, y = torch.randn(members, BATCH, SIZES[0]), torch.randint(0, SIZES[-1], (members, BATCH))
    rates, made = torch.full((members, 1), 1e-3), torch.compile(step)
    started = time.perf_counter()
    made(theta, first, second, x, y, rates)
    took = time.perf_counter() - started

    def some() -> None:
        for _ in range(STEPS):
            made(theta, first, second, x, y, rates)

    return best(some, STEPS), took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=16)
    members, busy = parser.parse_args().members, load()
    with one_thread(), no_denormals(), torch.no_grad():
        ours = eager(members)
        theirs, took = compiled(members)
    print(machine_line(busy))
    print(versions_line(("steepest", "torch")))
    ratio = f"{ours / theirs:.2f} times as fast"
    print(f"engine {members / ours:,.0f} steps/s, compiled {members / theirs:,.0f}: {ratio}")
    if theirs < ours:
        print(f"compiling took {took:.1f} s, which {took / (ours - theirs):,.0f} steps of the chunk win back")


if __name__ == "__main__":
    main()
