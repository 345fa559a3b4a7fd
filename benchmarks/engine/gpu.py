"""Loops by hand on a graphics card: steps per second of one network after another, eager and as a CUDA graph.

Prints one line of JSON: {"eager": …, "graphed": …}. Rows are on the card; AdamW is fused. The graph holds a
whole step, forward, backward and update, as torch's notes on CUDA graphs have it.
"""

import argparse
import json
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from works import WORKS, Work

STEPS, WARM = 300, 20


class Training:
    """One network on a device, its rows beside it.

    Args:
        work: what is trained.
        device: where.
        capturable: whether its steps may be captured in a graph.
    """

    def __init__(self, work: Work, device: torch.device, capturable: bool = False) -> None:
        self.x, self.y = (each.to(device) for each in work.tensors()[:2])
        self.model: nn.Module = work.network().to(device)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-3, fused=True, capturable=capturable
        )
        batches = torch.randperm(len(self.x), device=device).split(work.batch)
        self.batches = [batch for batch in batches if len(batch) == work.batch]

    def step(self, x: Tensor, y: Tensor) -> None:
        """Forward, backward and update."""
        self.optimizer.zero_grad()
        functional.cross_entropy(self.model(x), y).backward()
        self.optimizer.step()

    def eager(self, turn: int) -> None:
        """The next step."""
        batch = self.batches[turn % len(self.batches)]
        self.step(self.x[batch], self.y[batch])

    def graphed(self) -> Callable[[int], None]:
        """The next step as a graph that is replayed."""
        x, y = self.x[self.batches[0]].clone(), self.y[self.batches[0]].clone()
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):
            for _ in range(3):
                self.step(x, y)
        torch.cuda.current_stream().wait_stream(aside)
        graph = torch.cuda.CUDAGraph()
        self.optimizer.zero_grad()
        with torch.cuda.graph(graph):
            self.step(x, y)

        def replayed(turn: int) -> None:
            batch = self.batches[turn % len(self.batches)]
            torch.index_select(self.x, 0, batch, out=x)
            torch.index_select(self.y, 0, batch, out=y)
            graph.replay()

        return replayed


def rate(step: Callable[[int], None], device: torch.device, steps: int) -> float:
    """Steps per second once everything runs."""
    for turn in range(min(WARM, steps)):
        step(turn)
    _finish(device)
    start = time.perf_counter()
    for turn in range(steps):
        step(turn)
    _finish(device)
    return steps / (time.perf_counter() - start)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("work", choices=WORKS)
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = parser.parse_args()
    work, device = WORKS[asked.work], torch.device("cuda")
    eager = rate(Training(work, device).eager, device, asked.steps)
    graphed = rate(Training(work, device, capturable=True).graphed(), device, asked.steps)
    print(json.dumps({"eager": eager, "graphed": graphed}), flush=True)


if __name__ == "__main__":
    main()
