"""All members of a chunk of dense networks at once, with the backward pass written out."""

from collections.abc import Sequence

import torch
from torch import Tensor

from steepest.networks.dense import DenseStack, Norms
from steepest.networks.spec import NetworkSpec
from steepest.training.augmentation import Augmentation, Mixing, Trainee
from steepest.training.evaluation import Evaluation
from steepest.training.feed import Feed, batch_weights, part_weights
from steepest.training.layout import Gradients, Layout
from steepest.training.masks import Masks, PartMasks
from steepest.training.member import Member
from steepest.training.metrics import Values
from steepest.training.objective import Objective
from steepest.training.probes.activity import dense_activity
from steepest.training.probes.faults import first_fault
from steepest.training.source import Source


class DenseViews:
    """A stack's dense layers as views of its flat buffers.

    Args:
        spec, layout: the shape that the members share.
        theta: parameters [K, P].
        gradients: where gradients go.
        buffers: running means [K, Q].
    """

    def __init__(
        self, spec: NetworkSpec, layout: Layout, theta: Tensor, gradients: Gradients, buffers: Tensor
    ) -> None:
        layers = spec.layers
        self.sizes = (spec.inputs, *spec.hidden, spec.outputs)
        self.weights = layout.views(theta, [each.weight for each in layers])
        self.biases = [layout.view(theta, each.bias) if each.biased else None for each in layers]
        self.grad_weights = gradients.views([each.weight for each in layers])
        self.grad_biases = [gradients.view(each.bias) if each.biased else None for each in layers]
        self.norms: Norms | None = None
        if spec.norms:
            gains = [f"{name}.weight" for name, _ in spec.norms]
            shifts = [f"{name}.bias" for name, _ in spec.norms]
            running = _running(spec, buffers) if spec.buffer_shapes else []
            self.norms = Norms(
                layout.views(theta, gains),
                layout.views(theta, shifts),
                gradients.views(gains),
                gradients.views(shifts),
                running,
            )


def _running(spec: NetworkSpec, buffers: Tensor) -> list[Tensor]:
    """Views [K, 2, units] of each batch norm's running mean and variance, which stand side by side."""
    parts, start = [], 0
    for _, units in spec.norms:
        parts.append(buffers[:, start : start + 2 * units].view(len(buffers), 2, units))
        start += 2 * units
    return parts


class DenseProgram:
    """The stacked program of a chunk.

    Args:
        spec: the shape that all members share.
        members: in `arranged` order: dropping ones first, equal activations adjacent.
        source, feed: what they read.
        views: where parameters, gradients and running means are.
        batches: rows of a full batch of each member.
        objective: what is minimised.
        dtype: floating-point type of everything.
        part: rows of a step where batches differ in size, and a step takes a part of most; else 0.
    """

    patience = 32

    def __init__(
        self,
        spec: NetworkSpec,
        members: Sequence[Member],
        source: Source,
        feed: Feed,
        views: DenseViews,
        batches: Sequence[int],
        objective: Objective,
        dtype: torch.dtype,
        part: int = 0,
    ) -> None:
        recipes = [m.recipe for m in members]
        self._feed, self._views, self._objective, self._dtype = feed, views, objective, dtype
        self._batch, self._batches = part or max(batches), batches
        droppers = [m for m in members if m.recipe.dropout > 0 and spec.hidden]
        n = len(droppers)
        trainees = list(map(Trainee, members, feed.train_rows, batches, feed.varying))
        self._drawn: _Drawn | _DrawnInParts
        if part:
            masks = PartMasks(droppers, spec.hidden, batches[:n], dtype, part) if n else None
            self._drawn = _DrawnInParts(masks, [Augmentation([t], dtype) for t in trainees], batches)
        else:
            whole = Masks(droppers, spec.hidden, batches[:n], dtype) if n else None
            self._drawn = _Drawn(whole, Augmentation(trainees, dtype))
        names = [r.activation for r in recipes]
        self._stack = DenseStack(views.sizes, names, n, self._batch, dtype, norm=spec.norm)
        self._x = torch.empty(len(members), self._batch, spec.inputs, dtype=dtype)
        self._gradient = torch.empty(len(members), self._batch, spec.outputs, dtype=dtype)
        self._full = batch_weights([self._batch] * len(members), 0, self._batch, dtype)
        self._recipes, self._source, self._parts = recipes, source, part > 0
        self._evaluation: Evaluation | None = None
        maps = [each.name for each in spec.layers]
        read = [name for name, _ in spec.norms] or maps[:-1]  # what φ reads was written by these
        self.activations = tuple(str(int(name) + 1) for name in read)
        written = [name for pair in zip(read, self.activations, strict=True) for name in pair]
        self.places = ("inputs", *written, maps[-1])
        self._weights = self._full

    def step(self, rows: Tensor, start: int, round_: int, step: int, active: Sequence[bool]) -> Tensor:
        """See `Program`. Members that are not active are computed all the same, to no effect."""
        del active
        counts = self._feed.train_rows
        if self._parts:
            weights = part_weights(counts, self._batches, start, rows.shape[1], self._dtype)
        else:
            whole = start + self._batch <= min(counts)
            weights = self._full if whole else batch_weights(counts, start, rows.shape[1], self._dtype)
        self._weights = weights
        stack, x, views = self._stack, self._x, self._views
        self._feed.inputs(rows, x)
        targets = self._feed.targets(rows)
        mixing, masks = self._drawn.at(x, round_, step, start)
        logits = stack.forward(x, views.weights, views.biases, masks, views.norms, weights)
        losses = self._objective.stack(logits, targets, weights, mixing, self._gradient)
        stack.backward(
            self._gradient, x, views.weights, views.grad_weights, views.grad_biases, masks, views.norms
        )
        return losses

    def watch(self, watching: bool) -> None:
        """See `Program`. The buffers hold all there is to see."""

    def activity(self) -> Tensor:
        """See `Program`."""
        return dense_activity(self._stack, self._weights)

    def fault(self, k: int) -> str:
        """See `Program`."""
        stack = self._stack
        hidden = [each[k] for pair in zip(stack.pre, stack.post, strict=True) for each in pair]
        return first_fault(self.places, [self._x[k], *hidden, stack.logits[k]])

    def score(self) -> dict[str, Values]:
        """See `Program`."""
        if self._evaluation is None:
            self._evaluation = Evaluation(
                self._feed, self._views.sizes, self._recipes, self._source, self._dtype
            )
        return self._evaluation.run(self._views.weights, self._views.biases, self._views.norms)


class _Drawn:
    """What is drawn for a step of all members: augmentation of their batches, and dropout masks."""

    def __init__(self, masks: Masks | None, augmentation: Augmentation) -> None:
        self._masks, self._augmentation = masks, augmentation

    def at(self, x: Tensor, round_: int, step: int, start: int) -> tuple[Mixing | None, list[Tensor] | None]:
        """Change a batch x [K, B, D] in place; returns how targets are mixed, and masks for hidden layers."""
        del start
        mixing = self._augmentation.apply(x, round_, step)
        return mixing, self._masks.at(round_, step, x.shape[1]) if self._masks else None


class _DrawnInParts:
    """The same where a step takes a part of each member's batch; nobody mixes rows of a batch there."""

    def __init__(
        self, masks: PartMasks | None, augmentations: Sequence[Augmentation], batches: Sequence[int]
    ) -> None:
        self._masks = masks
        self._augmentations = [(k, a, batches[k]) for k, a in enumerate(augmentations) if a]

    def at(self, x: Tensor, round_: int, step: int, start: int) -> tuple[None, list[Tensor] | None]:
        """See `_Drawn`; the rows are those from `start` on."""
        del step
        for k, augmentation, batch in self._augmentations:
            own, first = divmod(start, batch)
            augmentation.apply(x[k : k + 1, : batch - first], round_, own, first)
        return None, self._masks.at(round_, start, x.shape[1]) if self._masks else None
