"""The probes of a chunk: when to look, what to keep, and where a number stopped being finite.

A member is looked at in the first step of a round, in every round of a few: with n steps a round, in rounds
0, ⌈80/n⌉, 2·⌈80/n⌉, … That bounds the share of time that looking takes, and depends on the member alone.
Looking changes nothing: it reads what a step has left in its buffers, draws nothing, and writes over none but
what the next step writes anyway.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from steepest.training.layout import Gradients, Layout
from steepest.training.metrics import Values
from steepest.training.probes.activity import STATISTICS
from steepest.training.probes.declared import PROBES
from steepest.training.probes.gradients import STEPS, Samples, norms
from steepest.training.program import Program
from steepest.training.state import StackState

BETWEEN = 80
"""Steps between two looks, at least."""

LOSS = "loss"
"""The place of a fault where the network wrote finite numbers."""


def period(steps: int) -> int:
    """Rounds from one look at a member to the next, where a round has so many steps.

    Example:
        >>> period(22), period(128)
        (4, 1)
    """
    return max(1, math.ceil(BETWEEN / steps))


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a member found.

    Args:
        member: its number.
        round: rounds of training when the look's round had ended.
        values: probe → number, or one number per layer; NaN where not known.
        layers: names of the layers, and of the places that faults have.
    """

    member: int
    round: int
    values: Mapping[str, float | list[float]]
    layers: Mapping[str, Sequence[str]]


class Watch:
    """Measures the members of a chunk while they train.

    Args:
        numbers: of the members.
        layout, state, gradients: of the chunk.
        program: computes the steps.
        batches: rows in a full batch of each member.
        steps: steps in a round of each member.
    """

    def __init__(
        self,
        numbers: Sequence[int],
        layout: Layout,
        state: StackState,
        gradients: Gradients,
        program: Program,
        batches: Sequence[int],
        steps: Sequence[int],
    ) -> None:
        self._numbers, self._steps = numbers, steps
        self._layout, self._state, self._program = layout, state, program
        self.looks: list[Look] = []
        names = list(layout.columns)
        weights = [n for n in names if layout.columns[n][0].start < layout.decayed]
        self._weights = layout.views(state.theta, weights)
        self._grads = gradients.views(weights)
        self._other = gradients.views(names[len(weights) :])
        self._samples = Samples(self._weights, self._grads)
        self._batches = torch.tensor(batches, dtype=torch.float64)
        self._periods = [period(n) for n in steps]
        self.layers: dict[str, tuple[str, ...]] = {
            "weights": tuple(weights),
            "activations": program.activations,
            "places": (*names, *program.places, LOSS),
        }
        sizes = {"member": (), "weights": (len(weights),), "activations": (len(program.activations),)}
        self._found = {
            name: torch.full((len(steps), *sizes[probe.of]), torch.nan, dtype=torch.float64)
            for name, probe in PROBES.items()
        }
        self._due = [False] * len(steps)
        self._known: list[list[bool]] = []
        self._looking, self._faulty = False, set[int]()

    def before(self, number: int, step: int, active: Sequence[bool]) -> None:
        """Called before the gradients of a step are computed.

        Args:
            number, step: round, and step in it, from 0.
            active: members that take part.
        """
        if step == 0:
            self._due = [a and number % each == 0 for a, each in zip(active, self._periods, strict=True)]
            self._looking, self._known = any(self._due), []
            self._program.watch(self._looking)

    def between(self, losses: Tensor, step: int, active: Sequence[bool]) -> None:
        """Called between the gradients of a step, whose losses are [K], and the update."""
        each = losses.tolist()
        if not math.isfinite(sum(each)):
            self._locate([k for k, loss in enumerate(each) if active[k] and not math.isfinite(loss)])
        if not self._looking or step >= STEPS:
            return
        self._samples.keep_gradients(step)
        self._known.append(list(active))
        if step == 0:
            self._look(losses)
            self._samples.before()
            self._program.watch(False)
        if step == min(max(self._steps), STEPS) - 1:
            self._compare()

    def after(self, step: int) -> None:
        """Called after the update."""
        if step == 0 and self._looking:
            self._keep("update_ratio", self._samples.update_ratio())

    def ended(self, sound: Tensor) -> None:
        """Called at the end of a round, whose last update may have been the first to go wrong.

        Args:
            sound: which members' parameters are finite, [K].
        """
        for k in [k for k, fine in enumerate(sound.tolist()) if not fine and not self._has_fault(k)]:
            self._note(k, self._bad_parameter(k) or LOSS, int(self._state.rule.steps[k]))
        seen = [k for k, due in enumerate(self._due) if due or k in self._faulty]
        found = {name: each.tolist() for name, each in self._found.items()} if seen else {}
        for k in seen:
            values = {name: each[k] for name, each in found.items()}
            self.looks.append(Look(self._numbers[k], self._state.round, values, self.layers))
        self._faulty.clear()

    def values(self) -> dict[str, Values]:
        """The latest numbers of every probe, [K] or [K, layers]; NaN where not known."""
        return {name: found.numpy().copy() for name, found in self._found.items()}

    def _look(self, losses: Tensor) -> None:
        """What the step at hand tells."""
        self._keep("probe_step", self._state.rule.steps.double() + 1)
        self._keep("batch_loss", losses.double())
        by_array = norms([*self._grads, *self._other])
        self._keep("gradient_norm", torch.linalg.vector_norm(by_array, dim=1))
        self._keep("weight_gradient_norm", by_array[:, : len(self._grads)])
        self._keep("weight_norm", norms(self._weights))
        for name, found in zip(STATISTICS, self._program.activity().double(), strict=True):
            self._keep(name, found)

    def _compare(self) -> None:
        """What the first steps of the round tell together."""
        moments = self._samples.moments(torch.tensor(self._known))
        self._keep("gradient_snr", moments.snr.T)
        self._keep("noise_scale", moments.total(self._samples.strides).noise_scale(self._batches))

    def _keep(self, name: str, found: Tensor) -> None:
        """Take over what was found for the members that are looked at."""
        if not all(self._due):
            due = torch.tensor(self._due)
            found = torch.where(due if found.dim() == 1 else due.unsqueeze(1), found, self._found[name])
        self._found[name] = found

    def _locate(self, broken: Sequence[int]) -> None:
        """Note where the step at hand went wrong for some members, unless they had gone wrong before."""
        for k in broken:
            if not self._has_fault(k):
                place = self._bad_parameter(k) or self._program.fault(k) or LOSS
                self._note(k, place, int(self._state.rule.steps[k]) + 1)

    def _has_fault(self, k: int) -> bool:
        return not bool(self._found["fault_step"][k].isnan())

    def _bad_parameter(self, k: int) -> str:
        """The member's first parameter that holds a number that is not finite, "" for none."""
        for name, (columns, _) in self._layout.columns.items():
            if not bool(torch.isfinite(self._state.theta[k, columns]).all()):
                return name
        return ""

    def _note(self, k: int, place: str, step: int) -> None:
        self._faulty.add(k)
        self._found["fault_step"][k] = step
        self._found["fault_place"][k] = self.layers["places"].index(place)


def side_by_side(parts: Sequence[Mapping[str, Values]]) -> dict[str, Values]:
    """Probes of the parts of a chunk as those of the whole.

    Example:
        >>> side_by_side([{"batch_loss": np.zeros(1)}, {"batch_loss": np.ones(2)}])
        {'batch_loss': array([0., 1., 1.])}
    """
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
