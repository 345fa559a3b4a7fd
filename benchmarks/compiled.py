"""Would torch.compile pay for a whole training step? The engine's step beside one through it.

    python benchmarks/compiled.py [--members 16] [--hidden 128 64]

Both train members of an MLP 64-128-64-10, or of other hidden layers, on batches of 64 random rows, on one
thread, in turns. The engine's step also reads the rows, keeps the losses and follows each member's recipe;
the compiled one is written for this shape, activation and rule (AdamW without the correction for its first
steps) and leaves all that out: it is as much as compiling could gain, and more. Times are of the processor.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor

from machine import load, machine_line, versions_line
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.networks.architecture import spec_of
from steepest.networks.spec import NetworkSpec
from steepest.training.chunk import Chunk
from steepest.training.matmul import fast_matmul, no_denormals, one_thread
from steepest.training.member import Member
from steepest.training.source import Source

SIZES, BATCH, STEPS, REPEATS = (64, 128, 64, 10), 64, 40, 7


def step(
    theta: Tensor,
    first: Tensor,
    second: Tensor,
    x: Tensor,
    y: Tensor,
    rates: Tensor,
    sizes: Sequence[int] = SIZES,
) -> Tensor:
    """One step of every member, in place; returns the losses [K]."""
    members, edge = len(theta), 0
    weights, biases, outputs = [], [], [x]
    for inputs, units in itertools.pairwise(sizes):
        weights.append(theta[:, edge : edge + inputs * units].view(members, units, inputs))
        edge += inputs * units
    for units in sizes[1:]:
        biases.append(theta[:, edge : edge + units])
        edge += units
    for i, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
        z = torch.bmm(outputs[-1], weight.transpose(1, 2)) + bias.unsqueeze(1)
        outputs.append(z.relu() if i + 1 < len(weights) else z)
    hit = (y.unsqueeze(2) == torch.arange(sizes[-1])).float()
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


def best(calls: Sequence[Callable[[], object]], steps: int) -> list[float]:
    """Least processor seconds of a step of each over some repeats, in turns."""
    found = [float("inf")] * len(calls)
    for repeat in range(REPEATS + 1):
        for i, call in enumerate(calls):
            started = time.process_time()
            call()
            if repeat:
                found[i] = min(found[i], (time.process_time() - started) / steps)
    return found


def engine(members: int, sizes: Sequence[int]) -> Chunk:
    """The engine's chunk, a round of which has as many steps."""
    draw = np.random.default_rng(0)
    x = draw.normal(size=(STEPS * BATCH + 10, sizes[0])).astype(np.float32)
    y, scaled = np.arange(len(x)) % sizes[-1], np.full(sizes[0], True)
    classes = tuple(map(str, range(sizes[-1])))
    data = DataSet("noise", "classification", "kind", classes, x, y, scaled=scaled)
    source = Source.of(data, [Split(np.arange(STEPS * BATCH), np.arange(STEPS * BATCH, len(x)))])
    hidden = sizes[1:-1]
    taper = hidden[1] / hidden[0] if len(hidden) > 1 else 1.0
    recipe = Recipe(width=hidden[0], depth=len(hidden), taper=taper, batch_size=BATCH, epochs=1000)
    spec = spec_of(recipe, source.ports)
    if not isinstance(spec, NetworkSpec) or spec.hidden != tuple(hidden):
        raise SystemExit("no recipe has such hidden layers")
    return Chunk([Member(k, recipe, seed=k) for k in range(members)], source)


def compiled(members: int, sizes: Sequence[int]) -> tuple[Callable[[], object], float]:
    """As many compiled steps, and seconds to compile one."""
    size = sum(a * b + b for a, b in itertools.pairwise(sizes))
    theta = torch.randn(members, size) * 0.05
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    x, y = torch.randn(members, BATCH, sizes[0]), torch.randint(0, sizes[-1], (members, BATCH))
    rates, made = torch.full((members, 1), 1e-3), torch.compile(partial(step, sizes=tuple(sizes)))
    started = time.perf_counter()
    made(theta, first, second, x, y, rates)
    took = time.perf_counter() - started

    def some() -> None:
        for _ in range(STEPS):
            made(theta, first, second, x, y, rates)

    return some, took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=16)
    parser.add_argument("--hidden", type=int, nargs="+", default=SIZES[1:-1])
    asked, busy = parser.parse_args(), load()
    members, sizes = asked.members, (SIZES[0], *asked.hidden, SIZES[-1])
    with one_thread(), no_denormals(), fast_matmul(), torch.no_grad():
        some, took = compiled(members, sizes)
        ours, theirs = best((engine(members, sizes).round, some), STEPS)
    print(machine_line(busy))
    print(versions_line(("steepest", "torch")))
    ratio = f"{ours / theirs:.2f} times as fast"
    print(f"engine {members / ours:,.0f} steps/s, compiled {members / theirs:,.0f}: {ratio}")
    if theirs < ours:
        print(f"compiling took {took:.1f} s, which {took / (ours - theirs):,.0f} steps of the chunk win back")


if __name__ == "__main__":
    main()
