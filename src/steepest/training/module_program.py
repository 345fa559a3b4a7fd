"""The members of a chunk one after the other, each an ordinary torch module, differentiated by autograd.

On processors this is how convolutions run fastest: one member at a time, channels last. What a module draws,
dropout and dropped paths, comes from torch's generator, which is set to a function of (member seed, round,
step) before every step; so a member draws the same whoever its neighbours are.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from steepest.base.seeds import derive
from steepest.networks.architecture import bins_of, build, spec_of
from steepest.networks.own_spec import OwnSpec
from steepest.training.feed import Feed
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.metrics import Values, tally_for
from steepest.training.objective import Objective
from steepest.training.precision import autocast
from steepest.training.source import Source
from steepest.training.transforms import Transforms

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
    ) -> None:
        self._members, self._source, self._feed, self._objective = members, source, feed, objective
        self._grad, self._batches = grad, batches
        ports = source.ports
        self._own = isinstance(spec_of(members[0].recipe, ports), OwnSpec)
        self._last = None if self._own else _channels_last(source)
        shape = ports.binned(bins_of(members[0].recipe, ports)).shape
        codes, table = [place for place, _ in ports.codes], ports.form == "table"
        self._transforms = [
            Transforms(m.recipe, ports.form, shape, m.seed, scaled if table else None, codes, source.task)
            for m, scaled in zip(members, feed.varying, strict=True)
        ]
        self._modules: list[nn.Module] = []
        for k, member in enumerate(members):
            module = build(spec_of(member.recipe, ports), dtype)
            _bind(module, layout, theta[k : k + 1], grad[k : k + 1], buffers[k : k + 1])
            self._modules.append(module)
        self._batchwise = [any(isinstance(m, _BATCH_NORMS) for m in each.modules()) for each in self._modules]

    def step(self, rows: Tensor, start: int, round_: int, step: int, active: Sequence[bool]) -> Tensor:
        """See `Program`."""
        losses = torch.zeros(len(self._members), dtype=torch.float64)
        for k, taking_part in enumerate(active):
            real = min(self._batches[k], self._feed.train_rows[k] - start)
            if taking_part and real > 0:
                losses[k] = self._member_step(k, rows[k, :real], round_, step)
        return losses

    def _member_step(self, k: int, rows: Tensor, round_: int, step: int) -> Tensor:
        if len(rows) == 1 and self._batchwise[k]:
            rows = rows.expand(2)  # one row has no spread to normalise by: twice, it has spread 0
        torch.manual_seed(derive(self._members[k].seed, "module", round_, step) % 2**63)
        x, target = self._feed.example(k, rows), self._feed.target(k, rows)
        mixing = None
        if self._transforms[k]:
            x, mixing = self._transforms[k].apply(x, round_, step)
        with torch.enable_grad():
            with autocast(self._source.ports, self._grad.dtype, self._own):
                outputs = self._modules[k](self._laid_out(x))
            loss = self._objective.member(k, outputs.to(self._grad.dtype), target, mixing)
            self._grad[k].zero_()
            torch.autograd.backward(loss)
        detached: Tensor = loss.detach()
        return detached

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


_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


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
