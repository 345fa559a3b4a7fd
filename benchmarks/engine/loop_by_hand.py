"""A loop written by hand in PyTorch, for every work: tensors in memory, fused AdamW, one thread a process.

--processes 2         forked processes that take networks as they become free
--channels-last       images and kernels with their channels last, as convolutions on processors like them
--bfloat16            forward and backward under autocast to bfloat16
"""

import argparse
import math
import multiprocessing
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch._dynamo  # PyTorch imports it with the first optimizer, a second's work: keep it off the clock
from torch import Tensor
from torch.nn import functional
from turn import Trained, answer, parser
from works import WORKS, Work

from work import rates


@dataclass(frozen=True)
class Loop:
    """A way to train one member after the other.

    Args:
        work: what is trained.
        epochs: of each member.
        rows: x, y, and the same held out.
        channels_last, bfloat16: see above.
    """

    work: Work
    epochs: int
    rows: tuple[Tensor, Tensor, Tensor, Tensor]
    channels_last: bool = False
    bfloat16: bool = False

    def train_one(self, rate: float, seed: int = 0) -> float:
        """One network from its first weights to its score."""
        torch.manual_seed(seed)
        x, y, x_held, y_held = self.rows
        model = self.work.network()
        if self.channels_last:
            model = model.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(model.parameters(), lr=rate, fused=True)
        for _ in range(self.epochs):
            for batch in torch.randperm(len(x)).split(self.work.batch):
                with torch.autocast("cpu", torch.bfloat16, enabled=self.bfloat16):
                    logits = model(x[batch])
                loss = functional.cross_entropy(logits.float(), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
        with torch.no_grad():
            return (model.eval()(x_held).argmax(1) == y_held).double().mean().item()

    @property
    def steps(self) -> int:
        """Of one member."""
        return self.epochs * math.ceil(len(self.rows[0]) / self.work.batch)


def loop_for(asked: argparse.Namespace) -> Loop:
    """The loop that was asked for, its rows in memory."""
    work = WORKS[asked.work]
    x, y, x_held, y_held = work.tensors()
    if asked.channels_last:
        x, x_held = (each.contiguous(memory_format=torch.channels_last) for each in (x, x_held))
    return Loop(work, asked.epochs, (x, y, x_held, y_held), asked.channels_last, asked.bfloat16)


def in_processes(count: int, members: int, train_one: Callable[[int], float]) -> list[float]:
    """Scores of members 0, 1, …; forked processes find everything in memory, and nothing is sent to them."""
    context = multiprocessing.get_context("fork")
    scores, taken = context.Array("d", members), context.Value("i", 0)

    def work() -> None:
        while True:
            with taken.get_lock():
                member, taken.value = taken.value, taken.value + 1
            if member >= members:
                return
            scores[member] = train_one(member)

    processes = [context.Process(target=work) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a process of the loop died")
    return list(scores)


def train(loop: Loop, members: int, processes: int) -> Trained:
    """All members, in this process or in several."""
    torch.set_num_threads(1)
    each = rates(members)
    if processes == 1:
        scores = [loop.train_one(rate) for rate in each]
    else:
        scores = in_processes(processes, members, lambda k: loop.train_one(each[k]))
    return Trained(scores, members * loop.steps)


def main() -> None:
    """One turn."""
    asked_for = parser(__doc__ or "")
    asked_for.add_argument("--processes", type=int, default=1)
    asked_for.add_argument("--channels-last", action="store_true")
    asked_for.add_argument("--bfloat16", action="store_true")
    asked = asked_for.parse_args()
    loop = loop_for(asked)
    answer(lambda: train(loop, asked.members, asked.processes))


if __name__ == "__main__":
    main()
