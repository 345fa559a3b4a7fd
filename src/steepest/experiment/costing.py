"""`cost`: what a recipe's network costs on a data set, before it is trained for long."""

import os
import platform
from dataclasses import dataclass
from typing import Any

import torch

import steepest
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import outer_split
from steepest.experiment.timing import Probe, Timing
from steepest.experiment.workers import cores
from steepest.networks.architecture import spec_of
from steepest.networks.cost import Cost, cost
from steepest.networks.spec import NetworkSpec
from steepest.rules.two_moment import recipe_coefficients
from steepest.training.source import Source
from steepest.training.way import member_bytes, usual

SPARED = 2
"""A network is timed if what it needs fits this many times into the machine's memory."""


@dataclass(frozen=True, slots=True)
class Costing:
    """What one recipe costs on one data set and this machine.

    Args:
        data: the data set in one line.
        fingerprint: of its content.
        recipe: what is asked about.
        layers: numbers in each layer of a dense network, from inputs to outputs; () for other families.
        slots: numbers the optimizer keeps per parameter.
        batch: examples in one step.
        epoch_rows, epoch_steps: rows and steps of one epoch: a fifth of the data is set aside.
        one: parameters, operations and bytes of one network.
        stack_members: networks of this shape that train as one program.
        stack_bytes: what they keep busy together.
        alone: measured time of one network; None if it was not trained.
        stacked: measured time of the stack; None if a stack is one network, or was not trained.
        reason: why nothing was measured; "" if it was.
        machine: system, processor, cores and versions.
        seed: of the rows and weights that were timed.
    """

    data: str
    fingerprint: str
    recipe: Recipe
    layers: tuple[int, ...]
    slots: int
    batch: int
    epoch_rows: int
    epoch_steps: int
    one: Cost
    stack_members: int
    stack_bytes: int
    alone: Timing | None
    stacked: Timing | None
    reason: str
    machine: dict[str, str | int]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Every fact as plain values, units in the names."""
        return {
            "data": {"summary": self.data, "fingerprint": self.fingerprint},
            "recipe": self.recipe.relevant(),
            "layers": list(self.layers),
            "parameters": self.one.parameters,
            "flops_per_example": {"forward": self.one.flops_forward, "training": self.one.flops_training},
            "bytes": {
                "weights": self.one.weight_bytes,
                "gradients": self.one.gradient_bytes,
                "optimizer": self.one.optimizer_bytes,
                "activations": self.one.activation_bytes,
                "total": self.one.training_bytes,
            },
            "optimizer_numbers_per_parameter": self.slots,
            "batch_examples": self.batch,
            "epoch": {"rows": self.epoch_rows, "steps": self.epoch_steps},
            "stack": {"members": self.stack_members, "bytes": self.stack_bytes},
            "time": {
                "alone": _timing(self.alone),
                "stacked": _timing(self.stacked),
                "not_measured_because": self.reason or None,
            },
            "machine": self.machine,
            "seed": self.seed,
        }


def costing(data: DataSet, recipe: Recipe | None = None, seed: int = 0) -> Costing:
    """Count a network's parameters, operations and bytes, and measure the time of an epoch.

    Counts follow from the network's shape (`steepest.networks.cost`). The time is measured: the engine that
    trains studies trains the recipe on some of the rows, for as long as it takes to time a step, once alone
    and once in a full stack.

    Args:
        data: a fifth of its rows is set aside, as in every study.
        recipe: what to train; the default recipe if not given.
        seed: decides the rows and weights that are timed.

    Example:
        >>> from steepest.data.read import read
        >>> found = costing(read("iris"), Recipe(width=16, depth=1, optimizer="momentum"))
        >>> found.one.parameters, found.slots, found.alone.members
        (131, 1, 1)
    """
    known = recipe or Recipe()
    source = Source.of(data, [outer_split(data, seed)])
    rows = len(source.folds[0].train)
    spec, slots = spec_of(known, source.ports), slots_of(known)
    batch = rows if known.optimizer == "gd" else min(known.batch_size, rows)
    one, members = cost(spec, batch, slots), usual(known, source.ports).members
    layers: tuple[int, ...] = ()
    stack_bytes = one.training_bytes
    if isinstance(spec, NetworkSpec):
        layers = (spec.inputs, *spec.hidden, spec.outputs)
        stack_bytes = members * member_bytes(spec, batch)
    alone, stacked, reason = _timed(source, known, members, stack_bytes, seed)
    return Costing(
        data=data.summary,
        fingerprint=data.fingerprint,
        recipe=known,
        layers=layers,
        slots=slots,
        batch=batch,
        epoch_rows=rows,
        epoch_steps=-(-rows // batch),
        one=one,
        stack_members=members,
        stack_bytes=stack_bytes,
        alone=alone,
        stacked=stacked,
        reason=reason,
        machine=_machine(),
        seed=seed,
    )


def slots_of(recipe: Recipe) -> int:
    """Numbers per parameter that one step of the recipe's rule hands to the next.

    The rule's row says it: the first moment is carried over where a₁ ≠ 0, the second where a₂ ≠ 0.

    Example:
        >>> [slots_of(Recipe(optimizer=name)) for name in ("sgd", "momentum", "rmsprop", "adamw")]
        [0, 1, 1, 2]
    """
    row = recipe_coefficients([recipe], torch.ones(1, 1, dtype=torch.float64), 2)
    return int(row.a1.item() != 0) + int(row.a2.item() != 0)


def _timed(
    source: Source, recipe: Recipe, members: int, stack_bytes: int, seed: int
) -> tuple[Timing | None, Timing | None, str]:
    """(alone, in a full stack, why not)."""
    memory = _memory()
    if memory is not None and SPARED * stack_bytes > memory:
        return None, None, "it needs more than half of this machine's memory"
    try:
        alone = Probe(source, recipe, 1, seed).timing()
        stacked = Probe(source, recipe, members, seed).timing() if members > 1 else None
    except MemoryError:
        return None, None, "memory did not suffice"
    return alone, stacked, ""


def _memory() -> int | None:
    """Bytes of this machine's memory; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _machine() -> dict[str, str | int]:
    return {
        "system": platform.system(),
        "processor": platform.processor() or platform.machine(),
        "cores": cores(),
        "torch": torch.__version__,
        "steepest": steepest.__version__,
    }


def _timing(timing: Timing | None) -> dict[str, Any] | None:
    if timing is None:
        return None
    return {
        "members": timing.members,
        "seconds_per_epoch": timing.epoch_seconds,
        "lowest": timing.lowest,
        "highest": timing.highest,
        "seconds_per_epoch_and_member": timing.member_seconds,
        "measured": {"n": timing.repeats, "steps": timing.steps, "seconds": timing.seconds},
        "diverged_members": timing.diverged,
    }
