"""Networks of one recipe as one module: each reads inputs in its own scale; their predictions are averaged.

Members differ by their seed and by the rows they were trained on, so they differ most where the data say
least: the mean errs less than one of them, and their spread says where not to trust it.

References:
    Lakshminarayanan et al. 2017 (arXiv 1612.01474). Departures: no adversarial training; the noise of numbers
    is one value that was measured on rows held out, not an output of the network.
"""

import copy
import dataclasses
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.networks.architecture import bins_of, load, spec_of
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec

CODED = ("classification", "next-token", "multilabel")
"""Tasks whose networks write logits."""

_ROWS, _TOLERANCE = 3, 1e-4


class Numbers(NamedTuple):
    """A prediction of numbers: mean and variance, [N] or [N, H], in the target's unit and its square."""

    mean: Tensor
    variance: Tensor


class Doubt(NamedTuple):
    """How unsure a prediction of classes is, in nats, [N], of labels [N, C], at every position [N, T].

    Args:
        entropy: of the averaged probabilities: all there is to be unsure of.
        information: the part of it that comes from members that disagree, which more data would reduce.
    """

    entropy: Tensor
    information: Tensor


class Spread(NamedTuple):
    """How unsure a prediction of numbers is, in the target's unit, [N] or [N, H].

    Args:
        deviation: standard deviation of what will be observed.
        between: that of the members' predictions, the part which more data would reduce.
    """

    deviation: Tensor
    between: Tensor


@dataclass(frozen=True, slots=True)
class Made:
    """What an ensemble's networks are.

    Args:
        recipe: of all of them.
        ports: what a network reads and writes; inputs are counted without bins.
        task: "classification", "regression", "multilabel", "forecasting" or "next-token".
        classes: labels by code; () for numbers.
        single: whether the target is one number, so that predictions are [N] instead of [N, 1].
        columns: how a table's cells became inputs, for `steepest.data.unseen.Encoder`; None for other data.
    """

    recipe: Recipe
    ports: Ports
    task: str
    classes: tuple[str, ...] = ()
    single: bool = False
    columns: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Scaling:
    """The scale in which one member reads inputs and writes numbers, as its training rows gave it.

        x' = clip((x - mean) / scale, -clip, clip),   NaN → 0;   y = y_mean + y_scale·output

    Args:
        mean, scale: float32 [D].
        clip: largest |x'|; codes of categories are left as they are.
        edges: ends of the bins in which each number is read besides, float32 [numbers, bins + 1]; [0, 1] if
            there are none.
        y_mean, y_scale: of numbers; 0 and 1 for classes.
    """

    mean: Tensor
    scale: Tensor
    clip: float = math.inf
    edges: Tensor = dataclasses.field(default_factory=lambda: torch.empty(0, 1))
    y_mean: float = 0.0
    y_scale: float = 1.0


class Inputs(nn.Module):
    """Standardises raw rows for every member: [N, D] → [K, N, D'], bins after the other inputs."""

    def __init__(self, scalings: Sequence[Scaling], ports: Ports) -> None:
        super().__init__()
        self.mean: Tensor
        self.scale: Tensor
        self.clip: Tensor
        self.edges: Tensor
        self.register_buffer("mean", torch.stack([s.mean for s in scalings]).unsqueeze(1))
        self.register_buffer("scale", torch.stack([s.scale for s in scalings]).unsqueeze(1))
        self.register_buffer("clip", torch.tensor([s.clip for s in scalings]).view(-1, 1, 1))
        self.register_buffer("edges", torch.stack([s.edges for s in scalings]))
        self._codes = [place for place, _ in ports.codes]
        self._numbers = list(ports.numbers)

    def forward(self, x: Tensor) -> Tensor:
        """Rows as each member reads them."""
        x = x.to(self.mean.dtype)
        found = torch.nan_to_num((x - self.mean) / self.scale, nan=0.0)
        codes = found[..., self._codes]
        found = found.clamp(-self.clip, self.clip)
        found[..., self._codes] = codes
        return torch.cat([found, self._binned(x)], 2) if self.edges.shape[2] > 1 else found

    def _binned(self, x: Tensor) -> Tensor:
        """How far each number has come through each bin, [K, N, numbers·bins]."""
        numbers, edges = x[:, self._numbers].unsqueeze(2), self.edges.unsqueeze(1)
        low, width = edges[..., :-1], edges.diff(dim=3)
        share = (numbers - low) / torch.where(width > 0, width, 1)
        share = torch.where(width > 0, share, (numbers >= edges[..., 1:]).to(share.dtype))
        return torch.nan_to_num(share.clamp(0, 1), nan=0.0).flatten(2)


class Ensemble(nn.Module):
    """K networks of one recipe as one module, in evaluation mode.

        classes:   p(c | x) = (1/K)·Σ_k p_k(c | x)
        numbers:   μ(x) = (1/K)·Σ_k μ_k(x),   σ²(x) = s² + (1/K)·Σ_k (μ_k(x) - μ(x))²

    The second line is the law of total variance where all members have the same noise s². Where torch can,
    members are computed as one tensor program, their parameters stacked along a leading axis; else in turns.

    Args:
        made: what the networks are.
        parameters: of each member, with running means, by name.
        scalings: in which each member reads and writes.
        noise: s², the mean squared error on rows that members did not train on, in the target's unit squared.

    Example:
        >>> made = Made(Recipe(network="linear"), Ports.table(1, 1), "regression", single=True)
        >>> one = {"0.weight": torch.tensor([[1.0]]), "0.bias": torch.tensor([0.0])}
        >>> two = {"0.weight": torch.tensor([[3.0]]), "0.bias": torch.tensor([0.0])}
        >>> scaling = Scaling(torch.zeros(1), torch.ones(1))
        >>> mean, variance = Ensemble(made, [one, two], [scaling, scaling], noise=0.5)(torch.tensor([[2.0]]))
        >>> mean.item(), variance.item()
        (4.0, 4.5)

    References:
        Lakshminarayanan et al. 2017 (arXiv 1612.01474), section 2.4.
    """

    def __init__(
        self,
        made: Made,
        parameters: Sequence[Mapping[str, Tensor]],
        scalings: Sequence[Scaling],
        noise: float = 0.0,
    ) -> None:
        super().__init__()
        if not parameters or len(parameters) != len(scalings):
            given = f"{len(parameters)} with {len(scalings)} scalings"
            raise BadInput("parameters", "must be of one member or more, with a scaling each", given)
        self.made = made
        self._spec = spec_of(made.recipe, made.ports)
        self._shape = made.ports.binned(bins_of(made.recipe, made.ports)).shape
        self.reads = None if made.ports.tokens else Inputs(scalings, made.ports)
        members = [load(self._spec, dict(each)) for each in parameters]
        self.alone: nn.ModuleList | None = nn.ModuleList(members).eval()
        self.stacked: nn.Module | None = None
        self.y_mean: Tensor
        self.y_scale: Tensor
        self.noise: Tensor
        self.register_buffer("y_mean", torch.tensor([s.y_mean for s in scalings]).view(-1, 1, 1))
        self.register_buffer("y_scale", torch.tensor([s.y_scale for s in scalings]).view(-1, 1, 1))
        self.register_buffer("noise", torch.tensor(float(noise)))
        self._stack(members)
        self.eval().requires_grad_(False)

    def __len__(self) -> int:
        return len(self.y_mean)

    def forward(self, x: Tensor) -> Tensor | Numbers:
        """What the ensemble predicts.

        Args:
            x: examples as the data hold them, not standardised, [N, D] or [N, *shape]; NaN where a number is
                missing; tokens of a text.

        Returns:
            Probabilities [N, C], of classes or of labels one by one, or at every position [N, T, C]; of
            numbers mean and variance.
        """
        each = self.each(x)
        if self.made.task in CODED:
            return each.mean(0)
        return Numbers(each.mean(0), self.noise + each.var(0, correction=0))

    def each(self, x: Tensor) -> Tensor:
        """The members' own predictions, [K, N, …]: probabilities, or numbers in the target's unit."""
        found = self.outputs(x)
        if self.made.task in CODED:
            return found.sigmoid() if self.made.task == "multilabel" else found.softmax(-1)
        numbers = self.y_mean + self.y_scale * found
        return numbers.squeeze(2) if self.made.single else numbers

    def uncertainty(self, x: Tensor) -> Doubt | Spread:
        """How unsure a prediction is, and how much of that comes from members that disagree.

            classes:   entropy H[p],   information H[p] - (1/K)·Σ_k H[p_k]
            numbers:   deviation √(s² + v),   between √v,   v: variance of the members' predictions

        Args:
            x: as for `forward`.
        """
        each = self.each(x)
        if self.made.task not in CODED:
            between = each.var(0, correction=0)
            return Spread((self.noise + between).sqrt(), between.sqrt())
        labels = self.made.task == "multilabel"
        entropy = _entropy(each.mean(0), labels)
        return Doubt(entropy, (entropy - _entropy(each, labels).mean(0)).clamp_min(0))

    def outputs(self, x: Tensor) -> Tensor:
        """What the networks write, [K, N, …]: logits, or numbers in their own scale."""
        given = self._read(x)
        if self.alone is not None:
            return torch.stack([member(each) for member, each in zip(self.alone, given, strict=True)])
        return self._together(given)

    def states(self) -> dict[str, Tensor]:
        """Parameters and running means of all members by name, stacked along a leading axis."""
        if self.alone is not None:
            each = [member.state_dict() for member in self.alone]
            known = {name: torch.stack([one[name] for one in each]) for name in each[0]}
        else:
            assert self.stacked is not None
            known = self.stacked.state_dict()
        return {name: known[name] for name in (*self._spec.parameter_shapes, *self._spec.buffer_shapes)}

    # -- details -----------------------------------------------------------------------------------------

    def _read(self, x: Tensor) -> Tensor:
        """Rows as each member's network takes them, [K, N, …]."""
        rows = x.flatten(1)
        if rows.shape[1] != self.made.ports.inputs:
            remedy = "Give examples as the data hold them, not standardised."
            raise BadInput("x", f"must have {self.made.ports.inputs} inputs", rows.shape[1], remedy)
        found = rows.long().expand(len(self), *rows.shape) if self.reads is None else self.reads(rows)
        if isinstance(self._spec, NetworkSpec):
            return found
        return found.reshape(*found.shape[:2], *self._shape)

    def _together(self, given: Tensor) -> Tensor:
        stack = self.stacked
        assert stack is not None

        def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], x: Tensor) -> Tensor:
            found: Tensor = functional_call(stack, (parameters, buffers), (x,))
            return found

        found: Tensor = vmap(one)(dict(stack.named_parameters()), dict(stack.named_buffers()), given)
        return found

    def _stack(self, members: list[nn.Module]) -> None:
        """Compute the members as one, if that works here and gives what each gives alone."""
        draw = generator(0, "ensemble").standard_normal((_ROWS, self.made.ports.inputs)).astype(np.float32)
        for place, _ in self.made.ports.codes:
            draw[:, place] = 0.0
        x = torch.from_numpy(np.zeros_like(draw) if self.made.ports.tokens else draw)
        with torch.no_grad(), warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            alone = self.outputs(x)
            try:
                self.stacked, kept = _stacked(members), self.alone
                together = self._together(self._read(x))
            except Exception:  # whatever torch, or a network of the user's own, says of being batched
                self.stacked = None
                return
        slow = any("batching rule" in str(each.message) for each in said)
        most = _TOLERANCE * max(1.0, float(alone.abs().max()))
        same = together.shape == alone.shape and bool(((together - alone).abs() <= most).all())
        self.alone, self.stacked = (kept, None) if slow or not same else (None, self.stacked)


def _stacked(members: Sequence[nn.Module]) -> nn.Module:
    """A module whose parameters and buffers are those of all members, stacked along a leading axis."""
    stack = copy.deepcopy(members[0])
    parameters, buffers = stack_module_state(list(members))
    old = dict(stack.named_parameters())
    new = {id(old[name]): nn.Parameter(value.detach(), False) for name, value in parameters.items()}
    kept = dict(stack.named_buffers())
    moved = {id(kept[name]): value for name, value in buffers.items()}
    for module in stack.modules():
        for own, known in ((module._parameters, new), (module._buffers, moved)):
            for leaf, value in own.items():
                if value is not None:
                    own[leaf] = known[id(value)]
    return stack


def _entropy(p: Tensor, labels: bool) -> Tensor:
    """Of probabilities of classes along the last axis, or of labels one by one."""
    if labels:
        each: Tensor = torch.special.entr(p) + torch.special.entr(1 - p)
        return each
    found: Tensor = torch.special.entr(p).sum(-1)
    return found
