"""What a network costs, before anything is trained: parameters, floating-point operations, bytes."""

import math
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from steepest.base.errors import BadInput
from steepest.networks.families import ModuleSpec
from steepest.networks.spec import NetworkSpec

if TYPE_CHECKING:
    from steepest.networks.own_spec import OwnSpec

FLOAT_BYTES = 4
"""Bytes of one float32 number."""


@dataclass(frozen=True)
class Cost:
    """The cost of one member.

    Args:
        parameters: numbers that are trained.
        flops_forward: floating-point operations of the matrix products for one example, forward.
        flops_training: the same, forward and backward.
        weight_bytes: the parameters in float32.
        gradient_bytes: their gradients.
        optimizer_bytes: the optimizer's state.
        activation_bytes: what one batch's forward pass leaves for the backward pass.
    """

    parameters: int
    flops_forward: int
    flops_training: int
    weight_bytes: int
    gradient_bytes: int
    optimizer_bytes: int
    activation_bytes: int

    @property
    def training_bytes(self) -> int:
        """Everything that must be in memory while one member trains, its data aside."""
        return self.weight_bytes + self.gradient_bytes + self.optimizer_bytes + self.activation_bytes


def cost(spec: "NetworkSpec | ModuleSpec | OwnSpec", batch_size: int, slots: int) -> Cost:
    """The cost of training one network.

    Of a dense network, by formula:

        parameters     Σ over layers  fan_in·fan_out + fan_out    and a gain and a shift per normalised unit
        forward        Σ over layers  2·fan_in·fan_out            a multiplication and an addition per weight
        training       3·forward - 2·inputs·(first fan_out)       backward: by the weights and by the input,
                                                                  the latter not for the first layer

    Additions of biases, activations and the update are left out of the operations: they grow with the
    number of units or parameters, not with their product with the batch.

    Activations are counted as the batch itself, three values per hidden unit (before the activation, after
    it, after dropout; a fourth with a norm) and two per output (logits and their log-softmax). Torch may keep
    fewer.

    Of any other, by counting what torch does and keeps in one pass without numbers (`counting.py`): the
    operations are those of matrix products and convolutions, as above, and the activations what autograd
    holds, plus two values per output.

    Args:
        spec: the network.
        batch_size: examples in one step.
        slots: numbers the optimizer keeps per parameter: 0 for SGD, 1 with momentum, 2 for Adam.

    Raises:
        BadInput: for a batch below 1 or negative slots.

    Example:
        >>> made = cost(NetworkSpec("mlp", inputs=64, outputs=10, hidden=(128,)), batch_size=32, slots=2)
        >>> made.parameters, made.flops_forward, made.flops_training
        (9610, 18944, 40448)
    """
    if batch_size < 1:
        raise BadInput("batch_size", "must be at least 1", batch_size, "One example is the smallest batch.")
    if slots < 0:
        raise BadInput("slots", "must not be negative", slots, "Adam keeps 2 numbers per parameter, SGD 0.")
    parameters = sum(math.prod(shape) for shape in spec.parameter_shapes.values())
    forward, training, kept = _dense(spec) if isinstance(spec, NetworkSpec) else _counted(spec)
    return Cost(
        parameters=parameters,
        flops_forward=forward,
        flops_training=training,
        weight_bytes=FLOAT_BYTES * parameters,
        gradient_bytes=FLOAT_BYTES * parameters,
        optimizer_bytes=FLOAT_BYTES * parameters * slots,
        activation_bytes=kept * batch_size,
    )


def _dense(spec: NetworkSpec) -> tuple[int, int, int]:
    """Operations forward and in training, and bytes kept, per example."""
    products = [layer.fan_in * layer.fan_out for layer in spec.layers]
    forward = 2 * sum(products)
    per_unit = 3 if spec.norm == "none" else 4  # a norm keeps its own output too
    kept = spec.inputs + per_unit * sum(spec.hidden) + 2 * spec.outputs
    return forward, 3 * forward - 2 * products[0], FLOAT_BYTES * kept


def _counted(spec: "ModuleSpec | OwnSpec") -> tuple[int, int, int]:
    """The same, by what torch does; only here is torch needed."""
    found = import_module("steepest.networks.counting").counted(spec)
    outputs = spec.ports.outputs * (spec.ports.shape[0] if spec.ports.each else 1)
    return found.forward, found.training, found.kept + 2 * FLOAT_BYTES * outputs
