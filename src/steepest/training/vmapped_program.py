"""The members of a chunk of torch modules as one stack: any module, by `vmap` of a functional call.

Parameters and running means are rows of the chunk's, so that one forward pass computes all members, and one
backward pass of the summed losses every member's own gradient. Members whose batch has fewer rows, or whose
activation is another, form a stack of their own: no row is ever padded, which batch normalisation would see.
Members that do not take part in a step are not touched.

Processor time of a training step in a loop over that in a stack of 4, 16 and 32 members (one core of an Intel
Xeon, float32, batches of 64; tables of 64 numbers, series of 40 steps of 3 numbers, images of 8 × 8):

    residual mlp, 3 × 64; with batch norm and dropout             1.0, 2.3, 2.5; 1.4, 2.8, 3.4
    GRU of 32 units; of 64 in both directions                     2.1, 2.9, 3.2; 1.8, 2.1, 1.8
    LSTM of 32 units                                              0.7, 1.1, 1.1
    transformer, width 32                                         0.8, 0.7, 0.7
    cnn of 16 channels: series; images                            0.9, 1.0, 1.0; 0.7, 0.8, 0.8

A stack of one takes up to 2.6 times as long as the member alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from steepest.base.seeds import derive
from steepest.networks.architecture import Spec, build, spec_of
from steepest.networks.attention import StackedAttention
from steepest.networks.dropping import Dropping, Rates
from steepest.networks.families import ModuleSpec
from steepest.networks.own_spec import OwnSpec
from steepest.networks.recurrence import stack_recurrence
from steepest.training.batches import Batches
from steepest.training.feed import Feed
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.metrics import Values, tally_for
from steepest.training.module_program import BATCH_NORMS
from steepest.training.objective import Objective
from steepest.training.precision import autocast
from steepest.training.probes.activity import ModuleActivity
from steepest.training.probes.faults import first_faulty_module
from steepest.training.source import Source

TOGETHER = 1024
"""Rows of all members that are scored at a time: 16 LSTMs took six times as long with four times as many."""


class StackableModule:
    """A network whose tensors are given at every call, alone or with a leading member axis.

    Args:
        network: taken over: its dropout layers draw by keys, its GRUs and LSTMs run inside `vmap`.

    Example:
        >>> module = StackableModule(nn.Linear(2, 1))
        >>> tensors = {"weight": torch.ones(3, 1, 2), "bias": torch.zeros(3, 1)}
        >>> keys, rates = torch.zeros(3, dtype=torch.int64), Rates.of([[]] * 3, torch.float32)
        >>> outputs, _ = module.stacked(tensors, {}, torch.ones(3, 4, 2), keys, rates)
        >>> outputs.shape
        torch.Size([3, 4, 1])
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network
        self.dropping = Dropping(network)
        stack_recurrence(network)
        self.batchwise = any(isinstance(m, BATCH_NORMS) for m in network.modules())
        for layer in network.modules():
            if isinstance(
                layer, nn.GroupNorm
            ):  # vmap cannot tell channels last, which 1 × 1 windows may write
                layer.register_forward_pre_hook(lambda _, inputs: (inputs[0].contiguous(),))

    def stacked(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor, keys: Tensor, rates: Rates
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Outputs [K, B, …] and buffers thereafter, which may be other tensors or the same, changed.

        Args:
            parameters, buffers: by name, [K, *shape].
            x: [K, B, *shape].
            keys: of what is drawn, [K].
            rates: [K, layers].
        """
        idle = frozenset((rates.p == 0).all(0).nonzero().flatten().tolist())

        def one(
            given: dict[str, Tensor], kept: dict[str, Tensor], x: Tensor, key: Tensor, rates: Any
        ) -> tuple[Tensor, dict[str, Tensor]]:
            self.dropping.begin(key, Rates(*rates), idle)
            tensors = {**given, **kept}
            outputs = functional_call(self.network, tensors, (x,))  # puts other buffers into `tensors`
            return outputs, {name: tensors[name] for name in kept}

        with sdpa_kernel(SDPBackend.MATH), _plain_encoders(), StackedAttention():  # what vmap knows
            found: tuple[Tensor, dict[str, Tensor]] = vmap(one)(parameters, buffers, x, keys, tuple(rates))
        self.dropping.end()
        return found


@dataclass(frozen=True, slots=True)
class _Part:
    """Members that are computed together: what they share, and views or copies of their rows.

    Args:
        members: their places in the chunk.
        module: theirs.
        rows: the same places, as a slice if they follow one another: then all that follows are views.
        leaves: what is differentiated, by name.
        fixed: parameters that are not.
        grads: where gradients go, in the order of the leaves.
        buffers: running means by name.
        grad, kept: the rows themselves, of gradients and running means.
    """

    members: tuple[int, ...]
    module: StackableModule
    rows: slice | Tensor
    leaves: dict[str, Tensor]
    fixed: dict[str, Tensor]
    grads: list[Tensor]
    buffers: dict[str, Tensor]
    grad: Tensor
    kept: Tensor

    @property
    def copied(self) -> bool:
        """Whether rows have to be written back."""
        return not isinstance(self.rows, slice)

    def given(self) -> dict[str, Tensor]:
        """All parameters; vmap's norms ask for channels that stand first, so kernels are turned."""
        named = {**self.leaves, **self.fixed}
        return {name: t.contiguous() if t.dim() > 4 else t for name, t in named.items()}

    def started(self) -> dict[str, Tensor]:
        """Copies of the running means that follow one another: vmap does not change others in place."""
        return {
            name: buffer.clone(memory_format=torch.contiguous_format) for name, buffer in self.buffers.items()
        }


class VmappedProgram:
    """The stacked program of a chunk of torch modules; see `ModuleProgram` for its arguments.

    `channels_last` is how kernels lie in memory; it makes no difference here.
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
        del channels_last
        self._members, self._source, self._feed, self._objective = members, source, feed, objective
        self._layout, self._theta, self._grad, self._buffers = layout, theta, grad, buffers
        self._batches, self._rounds = batches, bfloat16 and dtype == torch.float32
        self._reads = Batches(members, source, feed, dtype)
        specs = [spec_of(m.recipe, source.ports) for m in members]
        made = {spec: StackableModule(build(spec, dtype)) for spec in dict.fromkeys(specs)}
        first = {undropped(spec): module for spec, module in reversed(made.items())}
        self._modules = [first[undropped(spec)] for spec in specs]
        self._rates = Rates.of([made[spec].dropping.probabilities for spec in specs], dtype)
        self._parts: dict[tuple[int, ...], _Part] = {}
        self._activity = {id(module): ModuleActivity(module.network) for module in first.values()}
        self.activations = max((each.names for each in self._activity.values()), key=len)
        self.places = (
            "inputs",
            *(name for name, _ in self._modules[0].network.named_modules() if name),
        )
        self._last_step: tuple[Tensor, int, int, int] = torch.empty(0), 0, 0, 0

    def step(self, rows: Tensor, start: int, round_: int, step: int, active: Sequence[bool]) -> Tensor:
        """See `Program`."""
        losses = torch.zeros(len(self._members), dtype=torch.float64)
        self._last_step = rows, start, round_, step
        together: dict[tuple[int, int], list[int]] = {}
        for k, taking_part in enumerate(active):
            real = self._real(k, start)
            if taking_part and real > 0:
                together.setdefault((id(self._modules[k]), real), []).append(k)
        for (_, real), members in together.items():
            part = self._part(tuple(members))
            its = rows[part.rows, :real]
            losses[part.rows] = self._step(part, its, round_, step).double()
        return losses

    def _step(self, part: _Part, rows: Tensor, round_: int, step: int) -> Tensor:
        if rows.shape[1] == 1 and part.module.batchwise:
            rows = rows.expand(-1, 2)  # one row has no spread to normalise by: twice, it has spread 0
        x, targets, mixing = self._reads.stack(part.members, rows, round_, step)
        keys = torch.tensor([self._key(k, round_, step) for k in part.members])
        rates = Rates(*(each[part.rows] for each in self._rates))
        with torch.enable_grad():
            with autocast(self._rounds):
                outputs, buffers = part.module.stacked(part.given(), part.started(), x, keys, rates)
            losses = self._objective.members(part.members, outputs.to(self._grad.dtype), targets, mixing)
            leaves = list(part.leaves.values())
            grads = torch.autograd.grad(losses.sum(), leaves, allow_unused=True, materialize_grads=True)
        torch._foreach_copy_(part.grads, grads)
        for name, buffer in part.buffers.items():
            buffer.copy_(buffers[name])
        if part.copied:
            self._grad[part.rows], self._buffers[part.rows] = part.grad, part.kept
        return losses.detach()

    def score(self) -> dict[str, Values]:
        """See `Program`."""
        found: dict[str, Values] = {}
        together: dict[tuple[int, int], list[int]] = {}
        for k, rows in enumerate(self._feed.held_out_rows):
            together.setdefault((id(self._modules[k]), rows), []).append(k)
        for members in together.values():
            part = self._part(tuple(members))
            for name, values in self._score(part).items():
                found.setdefault(name, np.full(len(self._members), np.nan))[members] = values
        return found

    def _score(self, part: _Part) -> dict[str, Values]:
        members = list(part.members)
        tally = tally_for(self._source.task, len(members), self._source.classes, self._feed.y_scale[members])
        folds = [self._source.folds[self._members[k].fold].held_out for k in members]
        keys, rates = (
            torch.zeros(len(members), dtype=torch.int64),
            Rates(*(t[part.rows] for t in self._rates)),
        )
        part.module.network.eval()
        for rows in torch.split(torch.from_numpy(np.stack(folds)), max(1, TOGETHER // len(members)), 1):
            x, targets = self._reads.plain(members, rows)
            outputs, _ = part.module.stacked(part.given(), part.started(), x, keys, rates)
            tally.add(outputs, targets, torch.ones(rows.shape, dtype=torch.bool))
        part.module.network.train()
        return tally.result()

    # -- who is computed together ------------------------------------------------------------------------

    def _real(self, k: int, start: int) -> int:
        """Rows of member k's batch."""
        return min(self._batches[k], self._feed.train_rows[k] - start)

    def _part(self, members: tuple[int, ...]) -> _Part:
        """Those members; views are made once, copies every time."""
        if members in self._parts:
            return self._parts[members]
        first, last = members[0], members[-1]
        together = last - first + 1 == len(members)
        rows = slice(first, last + 1) if together else torch.tensor(members)
        module, layout = self._modules[first], self._layout
        theta, grad, kept = (t[rows] for t in (self._theta, self._grad, self._buffers))
        parameters = dict(module.network.named_parameters())
        trained = [name for name, p in parameters.items() if p.requires_grad]
        grad = grad if together else torch.zeros_like(grad)
        part = _Part(
            members,
            module,
            rows,
            {name: layout.view(theta, name).detach().requires_grad_() for name in trained},
            {name: layout.view(theta, name).detach() for name in parameters if name not in trained},
            [layout.view(grad, name) for name in trained],
            {name: layout.buffer_view(kept, name).detach() for name in layout.buffers},
            grad,
            kept,
        )
        if together:
            self._parts[members] = part
        return part

    def _key(self, k: int, round_: int, step: int) -> int:
        return derive(self._members[k].seed, "module", round_, step)

    # -- one member again, to be looked at ---------------------------------------------------------------

    def watch(self, watching: bool) -> None:
        """See `Program`. Nothing is kept: members that are looked at compute their last step again."""

    def activity(self) -> Tensor:
        """See `Program`."""
        unknown = torch.full((4, len(self.activations)), torch.nan, dtype=torch.float64)
        found = [unknown] * len(self._members)
        for k, module in enumerate(self._modules):
            watched = self._activity[id(module)]
            if watched.names == self.activations and self._real(k, self._last_step[1]) > 0:
                x = self._again(k)
                with watched.watching(), autocast(self._rounds):
                    module.network(x)
                found[k] = watched.found()
        return torch.stack(found, 1)

    def fault(self, k: int) -> str:
        """See `Program`."""
        x = self._again(k)
        with autocast(self._rounds):
            return first_faulty_module(self._modules[k].network, x)

    def _again(self, k: int) -> Tensor:
        """What member k read in the last step; its module holds copies of its numbers and draws the same."""
        rows, start, round_, step = self._last_step
        module, its = self._modules[k], rows[k, : self._real(k, start)]
        its = its.expand(2) if len(its) == 1 and module.batchwise else its
        for name, parameter in module.network.named_parameters():
            parameter.data.copy_(self._layout.view(self._theta[k : k + 1], name)[0])
        for name, buffer in module.network.named_buffers():
            if name in self._layout.buffers:
                buffer.copy_(self._layout.buffer_view(self._buffers[k : k + 1], name)[0])
        key, rates = torch.tensor(self._key(k, round_, step)), Rates(*(t[k] for t in self._rates))
        module.dropping.begin(key, rates, frozenset((rates.p == 0).nonzero().flatten().tolist()))
        return self._reads.one(k, its, round_, step)[0]


@contextmanager
def _plain_encoders() -> Iterator[None]:
    """Let transformer encoders of torch's compute in evaluation as they do in training."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def undropped(spec: Spec) -> Spec:
    """The network but for how much it drops: what members of a stack share."""
    if isinstance(spec, OwnSpec):
        return replace(spec, replaced_dropout=None)
    return replace(spec, dropout=0.0, drop_path=0.0) if isinstance(spec, ModuleSpec) else spec
