"""Speed of the rules, as ratios measured in one run on one thread: `python benchmarks/rules.py`.

Rows: drop-ins against torch's fused optimizers; stacked AdamW, with every hyperparameter per member, against
the time that its bytes take at the speed of a copy of as many arrays in the same run; mixed optimizers
against plain Adam; Python's share of a step. Times are lower quartiles, and the two sides of a ratio take
turns, so that what else the machine does weighs little. Taking turns empties the caches, as the passes
between two steps do; one row shows the rule with all its arrays in cache.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, optim
from torch.overrides import TorchFunctionMode

from steepest import rules
from steepest.base.recipe import Recipe
from steepest.rules.compiled import compact, step_
from steepest.rules.stacked import RuleState, StackedRule
from steepest.rules.two_moment import recipe_coefficients

BYTES = 28  # AdamW in float32: θ, m, v read and written, g read
NO_WORK = {"__get__", "__set__", "_set_grad_enabled", "dim", "numel"}
MIXED = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "nadamw")


@dataclass(frozen=True, slots=True)
class Row:
    """One promise: what was measured, the ratio, and what it must not exceed (None: for information)."""

    what: str
    ours: float
    theirs: float
    bound: float | None
    unit: str = "µs"

    def line(self) -> str:
        """As a row of a Markdown table."""
        ratio = self.ours / self.theirs
        kept = "" if self.bound is None else ("yes" if ratio <= self.bound else "**no**")
        bound = "" if self.bound is None else f"≤ {self.bound:g}"
        return f"| {self.what} | {self.ours:.1f} | {self.theirs:.1f} | {ratio:.2f} | {bound} | {kept} |"


def quartiles(jobs: Sequence[Callable[[], object]], rounds: int, turn: int = 1) -> list[float]:
    """Lower quartile of each job's times in µs; they take turns of `turn` runs, of which the last counts."""
    for job in jobs:
        for _ in range(3):
            job()
    times: list[list[float]] = [[] for _ in jobs]
    for _ in range(rounds):
        for job, into in zip(jobs, times, strict=True):
            for _ in range(turn - 1):
                job()
            begin = time.perf_counter()
            job()
            into.append(time.perf_counter() - begin)
    return [statistics.quantiles(each, n=4)[0] * 1e6 for each in times]


def parameters(count: int, size: int) -> list[Tensor]:
    """Parameters with gradients."""
    made = [torch.nn.Parameter(torch.randn(size)) for _ in range(count)]
    for each in made:
        each.grad = torch.randn(size)
    return list(made)


def drop_ins(rounds: int) -> list[Row]:
    """Drop-ins against torch's fused versions."""
    pairs = {
        "SGD": (rules.SGD, optim.SGD, {}),
        "Momentum": (rules.Momentum, optim.SGD, {"momentum": 0.9}),
        "AdamW": (rules.AdamW, optim.AdamW, {}),
    }
    found = []
    for count, size, bound, each in ((10, 1_000_000, 1.1, rounds), (200, 1000, 1.0, 8 * rounds)):
        for name, (ours, theirs, settings) in pairs.items():
            mine = ours(parameters(count, size), lr=1e-3)
            yours = theirs(parameters(count, size), lr=1e-3, fused=True, **settings)
            times = quartiles([mine.step, yours.step], each)
            found.append(Row(f"{name}, {count} tensors × {size:,}, against torch fused", *times, bound))
    return found


def stack(optimizers: Sequence[str], members: int) -> list[Recipe]:
    """Recipes in which every hyperparameter differs between members."""
    return [
        Recipe(
            optimizer=optimizers[k % len(optimizers)],
            lr=1e-6 * (1 + k),
            beta1=0.9 - 0.01 * (k % 7),
            beta2=0.999 - 0.001 * (k % 5),
            eps=1e-8 * (1 + k),
            weight_decay=0.01 * (1 + k),
            momentum=0.9 - 0.01 * (k % 7),
        )
        for k in range(members)
    ]


def stacked_steps(members: int, size: int, optimizers: Sequence[str]) -> tuple[Callable[[], None], ...]:
    """One step of the stack: by the compiled loop, and by the engine's fused kernels per member."""
    recipes = stack(optimizers, members)
    theta, grad = torch.randn(members, size), torch.randn(members, size)
    rates = torch.tensor([[recipe.lr for recipe in recipes]], dtype=torch.float64)
    numbers = compact(recipe_coefficients(recipes, rates, 10)).float()[0]
    first, second = torch.zeros_like(theta), torch.zeros_like(theta)
    active = torch.ones(members, dtype=torch.bool)
    decayed = size - size // 100  # one column in a hundred is a bias
    engine = StackedRule(recipes, theta.clone(), [grad], RuleState.zeros(theta), decayed)
    return (
        lambda: step_(theta, grad, first, second, numbers, active, decayed, penalised=False),
        lambda: engine.step(rates[0].tolist(), [True] * members),
    )


def stacks(rounds: int) -> list[Row]:
    """Stacked AdamW against its byte floor, and mixed optimizers against plain Adam."""
    found = []
    for members, size, each in ((32, 17_000, 8 * rounds), (8, 1_000_000, rounds)):
        label = f"{members} members × {size:,}"
        source = torch.randn(2 * members * size)  # source and target together are the rule's four arrays
        target = torch.empty_like(source)
        compiled, engine = stacked_steps(members, size, ["adamw"])
        mixed, mixed_engine = stacked_steps(members, size, MIXED)
        adam, _ = stacked_steps(members, size, ["adam"])
        jobs = [lambda: target.copy_(source), compiled, engine, mixed, mixed_engine, adam]  # noqa: B023
        if size == 17_000:
            hot = quartiles(jobs[:2], each, turn=10)
            floor = hot[0] * BYTES * members * size / (2 * source.nbytes)
            found.append(
                Row(f"AdamW, compiled, {label}, all in cache, against {BYTES} B", hot[1], floor, 1.6)
            )
        copy, *times = quartiles(jobs, each)
        floor = copy * BYTES * members * size / (2 * source.nbytes)
        speed = 2 * source.nbytes / copy / 1e3
        found += [
            Row(
                f"AdamW, compiled, {label}, against {BYTES} B at a copy's {speed:.0f} GB/s",
                times[0],
                floor,
                1.6,
            ),
            Row(f"AdamW, engine's kernels, {label}, against the same", times[1], floor, None),
            Row(f"eight optimizers in one stack, compiled, {label}, against Adam", times[2], times[4], 1.3),
            Row(
                f"eight optimizers, engine's kernels, {label}, against AdamW there", times[3], times[1], None
            ),
        ]
    return found


class Record(TorchFunctionMode):
    """Keeps every tensor operation that is called inside it, but no reading of an attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[Any, Any, Any]] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Note the call, and make it."""
        transposes = getattr(getattr(func, "__self__", None), "__name__", "") == "mT"
        if transposes or (func.__name__ not in NO_WORK and not func.__name__.startswith("_record_function")):
            self.calls.append((func, args, kwargs or {}))
        return func(*args, **(kwargs or {}))

    @torch.no_grad()
    def replay(self) -> None:
        """The same operations on the same tensors, and nothing else."""
        for func, args, kwargs in self.calls:
            func(*args, **kwargs)


def overhead(rounds: int) -> list[Row]:
    """Python's share: a whole step of a six-tensor network, less its tensor operations replayed bare."""
    found = []
    for name in rules.__all__:
        weights = [torch.nn.Parameter(torch.randn(s)) for s in ((4, 3), (4,), (4, 4), (4,), (2, 4), (2,))]
        for each in weights:
            each.grad = torch.randn_like(each)
        step = getattr(rules, name)(weights, lr=1e-6).step
        step()
        with Record() as record:
            step()
        whole, bare = quartiles([step, record.replay], 40 * rounds, turn=3)
        what = f"{name}, Python's share of a {whole:.0f} µs step of 6 small tensors, against 60 µs"
        found.append(Row(what, whole - bare, 60.0, 1.0))
    return found


def main() -> None:
    """Measure, print, and write the table if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--out", type=Path, help="write the table here as Markdown")
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = drop_ins(options.rounds) + stacks(options.rounds) + overhead(options.rounds)
    machine = f"torch {torch.__version__}, Python {platform.python_version()}, {platform.machine()}, 1 thread"
    lines = [
        "# Speed of the rules",
        "",
        f"`python benchmarks/rules.py`; lower quartiles in µs; {machine}.",
        "",
        "| what | ours | theirs | ratio | bound | kept |",
        "|---|---|---|---|---|---|",
        *(row.line() for row in found),
    ]
    print("\n".join(lines))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
