"""What a torch module computes and keeps, counted by running it without numbers."""

import dataclasses
import functools
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.flop_counter import FlopCounterMode

from steepest.networks.families import ModuleSpec
from steepest.networks.own_spec import OwnSpec, zeros

_EXAMPLES = 2
"""Batch normalisation has nothing to normalise one example by."""
_SHORT, _LONG = 4, 8
"""Steps of the two sequences from which a recurrent network's counts are drawn out."""


class Counted(NamedTuple):
    """Per example.

    Args:
        forward: floating-point operations of matrix products and convolutions.
        training: the same, forward and backward.
        kept: bytes that the forward pass leaves for the backward pass, the batch itself included. Kernels
            may add room of their own: torch's LSTM for processors held two to four times as much.
    """

    forward: int
    training: int
    kept: int


def counted(spec: ModuleSpec | OwnSpec) -> Counted:
    """The counts of a network, from one pass on torch's meta device, which has shapes but no numbers.

    The user's own network runs on the processor where it cannot run there.

    Example:
        >>> from steepest.base.recipe import Recipe
        >>> from steepest.networks.families import module_spec
        >>> from steepest.networks.ports import Ports
        >>> recipe = Recipe(network="cnn", depth=1, width=4, norm="none")
        >>> counted(module_spec(recipe, Ports("image", (1, 8, 8), 2))).forward  # 2·64·9·(1·4 + 4·4) + 2·4·2
        23056
    """
    if isinstance(spec, OwnSpec):
        return _own(spec)
    return _family(spec.family, spec.ports, spec.options, spec.activation)


@functools.lru_cache(maxsize=1024)
def _family(*shape_and_activation: Any) -> Counted:
    """Rates of dropout and of dropped paths are left out: they change no count."""
    spec = ModuleSpec(*shape_and_activation)
    steps = spec.ports.shape[0]
    if spec.family == "rnn" and steps > _LONG:
        return _line(_of_steps(spec, _SHORT), _of_steps(spec, _LONG), steps)
    made = _count(spec.outline(), zeros(spec.ports, torch.float32).to("meta"))
    if spec.family == "transformer":  # processors do not keep the weights of attention, which meta tensors do
        with FakeTensorMode():
            kept = _count(spec.outline("cpu"), zeros(spec.ports, torch.float32)).kept
        return made._replace(kept=kept)
    return made


def _of_steps(spec: ModuleSpec, steps: int) -> Counted:
    """The counts for sequences of another length."""
    ports = dataclasses.replace(spec.ports, shape=(steps, *spec.ports.shape[1:]))
    return _count(dataclasses.replace(spec, ports=ports).outline(), zeros(ports, torch.float32).to("meta"))


def _line(short: Counted, long: Counted, steps: int) -> Counted:
    """A recurrent network does the same at every step, so its counts lie on a line."""
    extra = (steps - _LONG) / (_LONG - _SHORT)
    return Counted(*(b + round(extra * (b - a)) for a, b in zip(short, long, strict=True)))


@functools.lru_cache(maxsize=256)
def _own(spec: OwnSpec) -> Counted:
    x = zeros(spec.ports, torch.float32)
    try:
        return _count(spec.build().to("meta"), x.to("meta"))
    except Exception:  # anything may be in there: a number read, a constant of its own
        with torch.random.fork_rng(devices=[]):
            return _count(spec.build(), x)


def _count(network: nn.Module, x: Tensor) -> Counted:
    weights = {t.untyped_storage()._cdata for t in (*network.parameters(), *network.buffers())}
    kept = {x.untyped_storage()._cdata: x}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.untyped_storage()._cdata not in weights:
            kept[tensor.untyped_storage()._cdata] = tensor
        return tensor

    with FlopCounterMode(display=False) as forward, saved_tensors_hooks(keep, lambda tensor: tensor):
        outputs = network.train()(x)
    total = outputs.sum()
    with FlopCounterMode(display=False) as backward:
        total.backward()
    there = forward.get_total_flops()
    held = sum(tensor.untyped_storage().nbytes() for tensor in kept.values())
    return Counted(
        there // _EXAMPLES, (there + backward.get_total_flops()) // _EXAMPLES, -(-held // _EXAMPLES)
    )
