"""The state of a stack between stretches of training: one row per member, ready to be cut and joined."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of, starting_parameters
from steepest.rules.stacked import RuleState
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.source import Source


@dataclass(slots=True)
class StackState:
    """Everything that training changes, member k in row k.

    Args:
        theta: parameters [K, P], laid out by `Layout`.
        rule: moments and step counts.
        alive: False for members whose loss stopped being a number; they are frozen, not removed.
        round: rounds of training so far; the same for all.
        buffers: running means of batch normalisation [K, Q]; Q is 0 without it.
        average: averages of parameters, then of running means, [K, P + Q]; [K, 0] where no member averages.
        channels_last: how kernels are laid out, see `Layout`.
    """

    theta: Tensor
    rule: RuleState
    alive: list[bool]
    round: int = 0
    buffers: Tensor = field(default_factory=lambda: torch.empty(0))
    average: Tensor = field(default_factory=lambda: torch.empty(0))
    channels_last: bool = True

    def __post_init__(self) -> None:
        if self.buffers.dim() == 1:
            self.buffers = self.theta.new_empty(len(self.theta), 0)
        if self.average.dim() == 1:
            self.average = self.theta.new_empty(len(self.theta), 0)

    @classmethod
    def fresh(
        cls, members: Sequence[Member], source: Source, dtype: torch.dtype, channels_last: bool = True
    ) -> "StackState":
        """Initial weights of every member, each drawn under its own seed, or taken from existing ones."""
        layout = Layout(spec_of(members[0].recipe, source.ports), channels_last)
        theta = torch.empty(len(members), layout.size, dtype=dtype)
        buffers = layout.fresh_buffers(len(members), dtype)
        for row, kept, member in zip(theta, buffers, members, strict=True):
            start = starting_parameters(
                member.recipe, spec_of(member.recipe, source.ports), member.seed, dtype
            )
            layout.flatten(start, row)
            layout.flatten_buffers(start, kept)
        alive = [True] * len(members)
        state = cls(theta, RuleState.zeros(theta), alive, buffers=buffers, channels_last=channels_last)
        if any(m.recipe.averaging for m in members):
            state.average = torch.cat([theta, buffers], 1)
        return state

    def scored(self, row: int, recipe: Recipe) -> tuple[Tensor, Tensor]:
        """Parameters [P] and running means [Q] of a member's network as it is scored and kept."""
        if not recipe.averaging:
            return self.theta[row], self.buffers[row]
        columns = self.theta.shape[1]
        return self.average[row, :columns], self.average[row, columns:]

    def take(self, rows: Sequence[int]) -> "StackState":
        """The given members only, copied: how losers leave a stack."""
        rule = RuleState(*(t[list(rows)] for t in (self.rule.first, self.rule.second, self.rule.steps)))
        alive = [self.alive[k] for k in rows]
        return replace(
            self,
            theta=self.theta[list(rows)],
            rule=rule,
            alive=alive,
            buffers=self.buffers[list(rows)],
            average=self.average[list(rows)],
        )

    @classmethod
    def join(cls, parts: Sequence["StackState"]) -> "StackState":
        """Members of several stacks side by side, after equally many rounds, laid out alike.

        Raises:
            ValueError: where they are not.
        """
        if len({(p.round, p.channels_last) for p in parts}) > 1:
            raise ValueError("only stacks of one round and one layout can be joined")
        rule = RuleState(
            torch.cat([p.rule.first for p in parts]),
            torch.cat([p.rule.second for p in parts]),
            torch.cat([p.rule.steps for p in parts]),
        )
        alive = [a for p in parts for a in p.alive]
        buffers = torch.cat([p.buffers for p in parts])
        averages = [p.average for p in parts]
        if any(a.shape[1] for a in averages):  # members that have none fill their rows with what they have
            averages = [
                p.average if p.average.shape[1] else torch.cat([p.theta, p.buffers], 1) for p in parts
            ]
        theta = torch.cat([p.theta for p in parts])
        first = parts[0]
        return cls(theta, rule, alive, first.round, buffers, torch.cat(averages), first.channels_last)
