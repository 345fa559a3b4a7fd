"""The members of a chunk one after the other, each an ordinary torch module, differentiated by autograd.

On processors this is how convolutions run fastest: one member at a time, channels last. What dropout layers
draw is a function of (member seed, round, step, place), see `steepest.networks.dropping`; what the user's own
module draws besides comes from torch's generator, which is set to a function of (member seed, round, step)
before every step. So a member draws the same whoever its neighbours are.
"""

from collections.abc import Sequence
from contextlib import nullcontext

import numpy as np
import torch
from torch import Tensor, nn

from steepest.base.seeds import derive
from steepest.networks.architecture import build, spec_of
from steepest.networks.dropping import Dropping
from steepest.networks.own_spec import OwnSpec
from steepest.training.batches import Batches
from steepest.training.feed import Feed
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.metrics import Values, tally_for
from steepest.training.objective import Objective
from steepest.training.precision import autocast
from steepest.training.probes.activity import ModuleActivity
from steepest.training.probes.faults import first_faulty_module
from steepest.training.source import Source
from steepest.training.transforms import Mixing

BLOCK = 256
"""Rows that are scored at a time."""


class ModuleProgram:
    """The program of a chunk of torch modules.

    Args:
        members: of one network shape and batch size.
        source, feed: what they read.
        layout: where each parameter stands in a row.
        theta, grad: parameters and gradients [K, P].
        buffers: running means [K, Q].
        batches: rows in a full batch of each member.
        objective: what is minimised.
        dtype: floating-point type of everything.
        channels_last: how images and kernels are laid out.
        bfloat16: whether a training step's forward pass is rounded.
    """

    patience = 1

    def __init__(
        self,
        members: Sequence[Member],
        source: Source,
        feed: Feed,
        layout: Layout,
        theta: Tensor,
        grad: Tensor,
        buffers: Tensor,
        batches: Sequence[int],
        objective: Objective,
        dtype: torch.dtype,
        channels_last: bool = True,
        bfloat16: bool = False,
    ) -> None:
        self._members, self._source, self._feed, self._objective = members, source, feed, objective
        self._grad, self._batches = grad, batches
        ports = source.ports
        own = isinstance(spec_of(members[0].recipe, ports), OwnSpec)
        self._last = _channels_last(source) if channels_last and not own else None
        self._rounds = bfloat16 and dtype == torch.float32
        self._reads, self._draws = Batches(members, source, feed, dtype), own
        self._modules: list[nn.Module] = []
        for k, member in enumerate(members):
            module = build(spec_of(member.recipe, ports), dtype)
            _bind(module, layout, theta[k : k + 1], grad[k : k + 1], buffers[k : k + 1])
            self._modules.append(module)
        self._dropping = [Dropping(module) for module in self._modules]
        self._batchwise = [any(isinstance(m, BATCH_NORMS) for m in each.modules()) for each in self._modules]
        self._buffers, self._watching = buffers, False
        self._activity = [ModuleActivity(module) for module in self._modules]
        self.activations = max((each.names for each in self._activity), key=len)
        self.places = ("inputs", *(name for name, each in self._modules[0].named_modules() if name))
        self._last_step: tuple[Tensor, int, int, int] = torch.empty(0), 0, 0, 0

    def step(self, rows: Tensor, start: int, round_: int, step: int, active: Sequence[bool]) -> Tensor:
        """See `Program`."""
        losses = torch.zeros(len(self._members), dtype=torch.float64)
        self._last_step = rows, start, round_, step
        for k, taking_part in enumerate(active):
            real = min(self._batches[k], self._feed.train_rows[k] - start)
            if taking_part and real > 0:
                with self._activity[k].watching() if self._watching else nullcontext():
                    losses[k] = self._member_step(k, rows[k, :real], round_, step)
        return losses

    def _member_step(self, k: int, rows: Tensor, round_: int, step: int) -> Tensor:
        x, target, mixing = self._batch(k, rows, round_, step)
        with torch.enable_grad():
            with autocast(self._rounds):
                outputs = self._modules[k](self._laid_out(x))
            self._dropping[k].end()
            loss = self._objective.member(k, outputs.to(self._grad.dtype), target, mixing)
            self._grad[k].zero_()
            torch.autograd.backward(loss)
        detached: Tensor = loss.detach()
        return detached

    def _batch(self, k: int, rows: Tensor, round_: int, step: int) -> tuple[Tensor, Tensor, Mixing | None]:
        """What member k reads in a step, and what it should write; its draws are set to the step."""
        if len(rows) == 1 and self._batchwise[k]:
            rows = rows.expand(2)  # one row has no spread to normalise by: twice, it has spread 0
        key = derive(self._members[k].seed, "module", round_, step)
        if self._draws:
            torch.manual_seed(key)
        self._dropping[k].begin(torch.tensor(key))
        return self._reads.one(k, rows, round_, step)

    def watch(self, watching: bool) -> None:
        """See `Program`."""
        self._watching = watching

    def activity(self) -> Tensor:
        """See `Program`."""
        unknown = torch.full((4, len(self.activations)), torch.nan, dtype=torch.float64)
        each = [a.found() if a.names == self.activations else unknown for a in self._activity]
        return torch.stack(each, 1)

    def fault(self, k: int) -> str:
        """See `Program`. The forward pass is made once more: a member that has a fault goes no further."""
        rows, start, round_, step = self._last_step
        real = min(self._batches[k], self._feed.train_rows[k] - start)
        kept = self._buffers[k].clone()
        x, _, _ = self._batch(k, rows[k, :real], round_, step)
        with autocast(self._rounds):
            found = first_faulty_module(self._modules[k], self._laid_out(x))
        self._dropping[k].end()
        self._buffers[k].copy_(kept)
        return found

    def score(self) -> dict[str, Values]:
        """See `Program`."""
        found = [self._member_score(k, module) for k, module in enumerate(self._modules)]
        return {name: np.concatenate([each[name] for each in found]) for name in found[0]}

    def _member_score(self, k: int, module: nn.Module) -> dict[str, Values]:
        tally = tally_for(self._source.task, 1, self._source.classes, self._feed.y_scale[k : k + 1])
        held_out = torch.from_numpy(self._source.folds[self._members[k].fold].held_out)
        module.eval()
        for rows in torch.split(held_out, BLOCK):
            outputs = module(self._laid_out(self._feed.example(k, rows)))
            real = torch.ones(1, len(rows), dtype=torch.bool)
            tally.add(outputs.unsqueeze(0), self._feed.target(k, rows).unsqueeze(0), real)
        module.train()
        return tally.result()

    def _laid_out(self, x: Tensor) -> Tensor:
        return x.contiguous(memory_format=self._last or torch.contiguous_format)


BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def _channels_last(source: Source) -> torch.memory_format | None:
    if source.ports.form != "image":
        return None
    return torch.channels_last if len(source.ports.shape) == 3 else torch.channels_last_3d


def _bind(module: nn.Module, layout: Layout, theta: Tensor, grad: Tensor, buffers: Tensor) -> None:
    """Let a module's parameters, gradients and running means be views of a member's rows.

    What is shared between layers is one tensor afterwards as before. Buffers that are not saved with the
    network, and those of whole numbers, stay the module's own.
    """
    for name, parameter in module.named_parameters():
        parameter.data = layout.view(theta, name)[0]
        parameter.grad = layout.view(grad, name)[0]
    views = {
        id(buffer): layout.buffer_view(buffers, name)[0].data  # each apart to autograd: one may change others
        for name, buffer in module.named_buffers()
        if name in layout.buffers
    }
    for name, buffer in list(module.named_buffers(remove_duplicate=False)):
        if id(buffer) in views:
            owner, _, local = name.rpartition(".")
            setattr(module.get_submodule(owner), local, views[id(buffer)])
