"""What training minimises: the task's loss with the knobs that each member sets, of a stack or of one member.

The knobs are label smoothing, focal γ, class weights and the kind of error. A term that no member uses costs
nothing. Both ways give the same losses: `stack` with the gradient written out, `member` for autograd.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from steepest.base.errors import BadInput
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import Task
from steepest.networks import loss_gradients, losses
from steepest.networks.targets import blended, class_weights, partners


class Mix(Protocol):
    """Who is blended with whom in a batch: `partner` π, and `share` λ, what is left of each row's own."""

    @property
    def partner(self) -> Tensor:
        """π [K, B], or [B] for one member, int64."""

    @property
    def share(self) -> Tensor:
        """λ [K] or [K, B]; one number or [B] for one member."""


@dataclass(frozen=True, slots=True)
class _Terms:
    """Knobs of some members' losses; None where none of them uses it.

    Args:
        smoothing, focal: s, γ [K].
        weights: of classes, or of labels that are there, [K, C].
        errors: kinds of error, () unless some are not squared.
    """

    smoothing: Tensor | None
    focal: Tensor | None
    weights: Tensor | None
    errors: tuple[str, ...]

    @classmethod
    def of(cls, task: Task, recipes: Sequence[Recipe], shares: Tensor | None, dtype: torch.dtype) -> "_Terms":
        def values(name: str) -> Tensor | None:
            knob, chosen = KNOBS[name], [float(getattr(r, name)) for r in recipes]
            applies = not knob.tasks or task in knob.tasks
            return torch.tensor(chosen, dtype=dtype) if applies and any(chosen) else None

        power, errors = values("class_weights"), tuple(r.error for r in recipes)
        if power is not None and shares is None:
            raise BadInput(
                "class_shares", "must be given where classes are weighted", shares, "Count the training rows."
            )
        weights = None if power is None or shares is None else class_weights(shares.to(dtype), power)
        squared = set(errors) == {"squared"}
        return cls(values("label_smoothing"), values("focal"), weights, () if squared else errors)

    def take(self, members: Sequence[int]) -> "_Terms":
        """Those of some members."""
        smoothing, focal, weights = (
            None if t is None else t[list(members)] for t in (self.smoothing, self.focal, self.weights)
        )
        return _Terms(smoothing, focal, weights, tuple(self.errors[k] for k in members if self.errors))


class Objective:
    """The loss of every member of a chunk.

    Where rows are mixed, λ blends a row's loss with that for its partner's class; of labels and numbers it
    blends the targets, which for labels is the same, and for the squared error has the same gradient.

    Args:
        task: decides between cross-entropy over classes or tokens, over labels, and errors of numbers.
        recipes: the members' knobs; those that do not apply to the task do nothing.
        class_shares: share of each class, or frequency of each label, among each member's training rows,
            [K, C]; may be None unless some recipe weighs classes.
        dtype: floating-point type of outputs and losses.

    Raises:
        BadInput: where classes are weighted and `class_shares` is None.

    Example:
        >>> objective = Objective("regression", [Recipe(), Recipe(error="absolute")], None, torch.float32)
        >>> z, y, w = torch.full((2, 4, 1), 3.0), torch.zeros(2, 4), torch.full((2, 4), 0.25)
        >>> objective.stack(z, y, w, None, gradient=torch.empty_like(z))
        tensor([9., 3.])
        >>> objective.member(1, z[1], y[1])
        tensor(3.)
    """

    def __init__(
        self, task: Task, recipes: Sequence[Recipe], class_shares: Tensor | None, dtype: torch.dtype
    ) -> None:
        self._task: Task = task
        self._all = _Terms.of(task, recipes, class_shares, dtype)
        self._each = [
            _Terms.of(task, [recipe], None if class_shares is None else class_shares[k : k + 1], dtype)
            for k, recipe in enumerate(recipes)
        ]
        errors = self._all.errors
        self._errors = loss_gradients.error_terms(errors, dtype) if errors else None

    def stack(
        self, outputs: Tensor, targets: Tensor, weights: Tensor, mixing: Mix | None, gradient: Tensor
    ) -> Tensor:
        """Losses [K], with their gradient by the outputs written into `gradient`.

        Args:
            outputs: [K, B, C], one per class, label or step ahead.
            targets: class codes [K, B]; zeros and ones [K, B, C]; standardised numbers [K, B] or [K, B, C].
            weights: of rows, [K, B]: 1/B for a mean over the batch, 0 for padding.
            mixing: how to mix the targets; None if they stay.
            gradient: receives ∂loss/∂outputs, [K, B, C].
        """
        if self._task in ("classification", "next-token"):
            return self._stacked_classes(outputs, targets, weights, mixing, gradient)
        goal = blended(targets, mixing.partner, mixing.share) if mixing else targets
        if self._task == "multilabel":
            terms = self._all
            return loss_gradients.binary_cross_entropy(
                outputs, goal, weights, terms.focal, terms.weights, gradient
            )
        if self._errors is None:
            return loss_gradients.squared_error(outputs, goal, weights, gradient)
        return loss_gradients.error_of_kinds(outputs, goal, weights, self._errors, gradient)

    def _stacked_classes(
        self, logits: Tensor, targets: Tensor, weights: Tensor, mixing: Mix | None, gradient: Tensor
    ) -> Tensor:
        terms, smoothing = self._all, self._all.smoothing
        others = partners(targets, mixing.partner) if mixing else None
        if terms.focal is None and terms.weights is None:
            if mixing is None or others is None:
                return loss_gradients.cross_entropy(logits, targets, weights, smoothing, gradient)
            return loss_gradients.mixed_cross_entropy(
                logits, targets, others, mixing.share, weights, smoothing, gradient
            )
        parts = [(targets, weights)]
        if mixing is not None and others is not None:
            own = mixing.share.view(len(weights), -1)
            parts = [(targets, own * weights), (others, (1 - own) * weights)]
        if terms.weights is not None:
            parts = [(codes, part * terms.weights.gather(1, codes)) for codes, part in parts]
        return loss_gradients.parted_cross_entropy(logits, parts, terms.focal, smoothing, gradient)

    def member(self, k: int, outputs: Tensor, targets: Tensor, mixing: Mix | None = None) -> Tensor:
        """The loss of one member, a scalar that autograd differentiates: the mean over its batch.

        Args:
            k: place of the member.
            outputs: [B, C], one per class, label or step ahead; [B, T, C] at every position of a text.
            targets: class codes [B] or [B, T]; zeros and ones [B, C]; standardised numbers [B] or [B, C].
            mixing: how to mix the targets, `partner` [B] and `share` [B] or one number; None if they stay.
        """
        mixed = None if mixing is None else _Mixed(mixing.partner.unsqueeze(0), mixing.share.reshape(1, -1))
        return self._losses(self._each[k], outputs.unsqueeze(0), targets.unsqueeze(0), mixed)[0]

    def members(
        self, members: Sequence[int], outputs: Tensor, targets: Tensor, mixing: Mix | None = None
    ) -> Tensor:
        """The losses [G] of some members, which autograd differentiates: each the mean over its batch.

        Args:
            members: their places.
            outputs: [G, B, C], or [G, B, T, C] at every position of a text.
            targets: as for `member`, with an axis for the members before the others.
            mixing: how to mix the targets, `partner` [G, B] and `share` [G] or [G, B]; None if they stay.

        Example:
            >>> objective = Objective("regression", [Recipe(), Recipe(error="absolute")], None, torch.float32)
            >>> objective.members([0, 1], torch.full((2, 4, 1), 3.0), torch.zeros(2, 4))
            tensor([9., 3.])
        """
        whole = list(members) == list(range(len(self._each)))
        terms = self._all if whole else self._all.take(members)
        mixed = None if mixing is None else _Mixed(mixing.partner, mixing.share.reshape(len(outputs), -1))
        return self._losses(terms, outputs, targets, mixed)

    def _losses(self, terms: _Terms, z: Tensor, y: Tensor, mixed: "_Mixed | None") -> Tensor:
        """Losses [G] of members whose terms are given."""
        if self._task in ("classification", "next-token"):
            if mixed is None:
                return _of_classes(terms, z, y, None)
            share = mixed.share.expand(y.shape[:2])
            own = _of_classes(terms, z, y, share)
            return own + _of_classes(terms, z, partners(y, mixed.partner), 1 - share)
        goal = y if mixed is None else blended(y, mixed.partner, mixed.share)
        if self._task == "multilabel":
            return losses.binary_cross_entropy(z, goal, terms.focal, terms.weights)
        kinds = set(terms.errors) or {"squared"}
        if len(kinds) == 1:
            return _ERRORS[kinds.pop()](z, goal)
        found = torch.zeros(len(z), dtype=z.dtype, device=z.device)
        for kind in sorted(kinds):
            its = torch.tensor([k for k, error in enumerate(terms.errors) if error == kind], device=z.device)
            found = found.index_copy(0, its, _ERRORS[kind](z[its], goal[its]))
        return found


class _Mixed(NamedTuple):
    """`Mix` with all its axes: partner [G, B], share [G, B] or [G, 1]."""

    partner: Tensor
    share: Tensor


_ERRORS = {"squared": losses.squared_error, "absolute": losses.absolute_error, "huber": losses.huber_error}


def _of_classes(terms: _Terms, logits: Tensor, codes: Tensor, parts: Tensor | None) -> Tensor:
    """Losses [G] for classes, or for tokens at every position.

    Args:
        terms: of those members.
        logits: [G, B, C] or [G, B, T, C].
        codes: [G, B] or [G, B, T].
        parts: how much each row counts, [G, B]; None for 1.
    """
    z, y = logits.flatten(1, -2), codes.flatten(1)
    weights = None
    if parts is not None:
        weights = parts.repeat_interleave(y.shape[1] // parts.shape[1], 1) / y.shape[1]
    if terms.weights is not None:
        own = terms.weights.gather(1, y)
        weights = own / y.shape[1] if weights is None else weights * own
    if terms.focal is not None:
        return losses.focal_cross_entropy(z, y, terms.focal, terms.smoothing, weights)
    if weights is not None or len(z) > 1:
        return losses.cross_entropy(z, y, terms.smoothing, weights)
    smoothing = 0.0 if terms.smoothing is None else float(terms.smoothing)
    alone = functional.cross_entropy(z[0], y[0], label_smoothing=smoothing)  # the same in one fused call
    return alone.unsqueeze(0)
