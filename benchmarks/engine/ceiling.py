"""What this machine could do at best for a work: the time of its products, and of the bytes it must move.

    products      Σ over the products of a step: operations / measured rate for just these shapes
    bytes         28 of every parameter (AdamW: θ, m, v read and written, g read) and twice what the forward
                  pass leaves for the backward pass, at the speed of a copy of what 16 members hold

A rate is the best of what was tried: one product or sixteen at once, through torch's usual library, through
oneDNN where that is as accurate, and in bfloat16 where the engine may. Of a step that has to do both, the
longer of the two times is the limit; activations, random draws, Python and all else count as nothing.

Prints one line of JSON: {"products": seconds, "bytes": seconds} of one step of one member on one core. Run
several at a time for the limit of several cores.
"""

import argparse
import itertools
import json
import time
from collections.abc import Callable, Iterator

import torch
from turn import parser
from works import WORKS, Product, Work

from steepest.networks.architecture import spec_of
from steepest.networks.cost import Cost, cost
from steepest.training.matmul import fast_matmul, no_denormals
from steepest.training.precision import has_bfloat16

UPDATE_BYTES = 28
TOGETHER = 16
"""Members of a usual chunk."""
LEAST_TURNS = 3


def fastest(job: Callable[[], object], seconds: float) -> float:
    """The shortest of many runs, in seconds."""
    job()
    best, end, turns = float("inf"), time.perf_counter() + seconds, 0
    while turns < LEAST_TURNS or time.perf_counter() < end:
        begin = time.perf_counter()
        job()
        best, turns = min(best, time.perf_counter() - begin), turns + 1
    return best


def variants(product: Product, bfloat16: bool) -> Iterator[tuple[Callable[[], object], int]]:
    """Ways to do a product once per member, and for how many members at a time."""
    kinds = [torch.float32, torch.bfloat16] if bfloat16 else [torch.float32]
    for together, kind in itertools.product((1, TOGETHER), kinds):
        a = torch.randn(together, product.m, product.k).to(kind)
        b = torch.randn(together, product.k, product.n).to(kind)
        out = torch.empty(together, product.m, product.n, dtype=kind)
        yield lambda a=a, b=b, out=out: torch.bmm(a, b, out=out), together


def product_seconds(product: Product, bfloat16: bool, seconds: float) -> float:
    """Shortest time of a product's operations for one member."""
    best = float("inf")
    for job, together in variants(product, bfloat16):
        best = min(best, fastest(job, seconds) / together)
        with fast_matmul() as other:
            if other:
                best = min(best, fastest(job, seconds) / together)
    return product.times * best


def byte_seconds(of: Cost, seconds: float) -> float:
    """Time to move the bytes of one member's step."""
    held = TOGETHER * of.training_bytes
    source = torch.zeros(held // 2, dtype=torch.uint8)  # source and target together are what members hold
    target = torch.empty_like(source)
    speed = 2 * len(source) / fastest(lambda: target.copy_(source), seconds)
    return (UPDATE_BYTES * of.parameters + 2 * of.activation_bytes) / speed


def limit(work: Work, seconds: float) -> dict[str, float]:
    """Both times of one step of one member; each thing measured takes so many seconds."""
    of = cost(spec_of(work.recipe(), work.source().ports), work.batch, 2)
    bfloat16 = work.bfloat16 and has_bfloat16()
    torch.set_num_threads(1)
    with no_denormals(), torch.no_grad():
        products = sum(product_seconds(product, bfloat16, seconds) for product in work.products)
        return {"products": products, "bytes": byte_seconds(of, seconds)}


def main() -> None:
    """Measure and print."""
    asked_for: argparse.ArgumentParser = parser(__doc__ or "")
    asked_for.add_argument("--seconds", type=float, default=0.1, help="for each thing that is measured")
    asked = asked_for.parse_args()
    print(json.dumps(limit(WORKS[asked.work], asked.seconds)), flush=True)


if __name__ == "__main__":
    main()
