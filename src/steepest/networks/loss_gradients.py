"""Losses of a stack together with their derivative by the outputs, written out: what `dense.py` starts from.

The plain versions, differentiated by autograd, are in `losses.py`; a test holds these to them.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional


def cross_entropy(
    logits: Tensor, targets: Tensor, weights: Tensor, smoothing: Tensor | None, out: Tensor
) -> Tensor:
    """Cross-entropy of each member and its gradient by the logits.

        q = (1 - s)·onehot(y) + s/C        loss = -Σ_b w_b Σ_c q_c log softmax(z)_c
        ∂loss/∂z = w_b (softmax(z) - q)

    Args:
        logits: z [K, B, C].
        targets: y [K, B], class codes.
        weights: w [K, B], 1/B for the mean over a batch, 0 for padding rows.
        smoothing: s [K], or None where no member smooths (Szegedy et al. 2016, section 7).
        out: receives the gradient [K, B, C].

    Returns:
        losses [K].
    """
    log_p = _log_softmax(logits, out)
    hit = log_p.gather(0, targets.unsqueeze(0)).squeeze(0)
    index = targets.unsqueeze(2)
    if smoothing is None:
        losses = -(hit * weights).sum(1)
        out.scatter_add_(2, index, torch.full_like(index, -1, dtype=out.dtype))
    else:
        classes, s = logits.shape[2], smoothing.view(-1, 1)
        spread = s / classes
        losses = -(((1 - s) * hit + spread * log_p.sum(0)) * weights).sum(1)
        out.sub_(spread.unsqueeze(2))
        out.scatter_add_(2, index, (s - 1).unsqueeze(2).expand_as(index).to(out.dtype))
    out.mul_(weights.unsqueeze(2))
    return losses


def mixed_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    others: Tensor,
    share: Tensor,
    weights: Tensor,
    smoothing: Tensor | None,
    out: Tensor,
) -> Tensor:
    """Cross-entropy under mixup: of each row's own class and its partner's, and the gradient by the logits.

        q = (1 - s)(λ·onehot(y) + (1 - λ)·onehot(y′)) + s/C        loss, ∂loss/∂z as in `cross_entropy`

    Args:
        logits: z [K, B, C], of the mixed inputs.
        targets: y [K, B], class codes.
        others: y′ [K, B], class codes of the partners.
        share: λ [K], or [K, B] where each row has its own; 1 gives exactly `cross_entropy`.
        weights: w [K, B].
        smoothing: s [K], or None where no member smooths.
        out: receives the gradient [K, B, C].

    Returns:
        losses [K].

    References:
        Zhang et al. 2018 (arXiv 1710.09412), eq. 1; cross-entropy is linear in the target.
    """
    own = share.view(len(share), -1)
    log_p = _log_softmax(logits, out)
    hit = own * log_p.gather(0, targets.unsqueeze(0)).squeeze(0)
    hit += (1 - own) * log_p.gather(0, others.unsqueeze(0)).squeeze(0)
    if smoothing is not None:
        s = smoothing.view(-1, 1)
        spread = s / logits.shape[2]
        hit = (1 - s) * hit + spread * log_p.sum(0)
        out.sub_(spread.unsqueeze(2))
        own, other = own * (1 - s), (1 - own) * (1 - s)
    else:
        other = 1 - own
    for codes, part in ((targets, own), (others, other)):
        index = codes.unsqueeze(2)
        out.scatter_add_(2, index, -part.unsqueeze(2).expand_as(index))
    out.mul_(weights.unsqueeze(2))
    return -(hit * weights).sum(1)


def parted_cross_entropy(
    logits: Tensor,
    parts: Sequence[tuple[Tensor, Tensor]],
    focal: Tensor | None,
    smoothing: Tensor | None,
    out: Tensor,
) -> Tensor:
    """Cross-entropy or focal loss where a row may have several classes, each with a weight of its own.

        loss = Σ_parts Σ_b w_b f_b H_b        H = -Σ_c q_c log p_c,  p = softmax(z),  f = (1 - p_y)^γ
        ∂loss/∂z_c = Σ_parts w [f (p_c - q_c) + g (p_c - [c = y])]        g = γ (1 - p_y)^(γ-1) p_y H

    q is that of `cross_entropy`. The second term of the gradient is H ∂f/∂z_c, by
    ∂p_y/∂z_c = p_y ([c = y] - p_c). As in `losses.focal_cross_entropy`, 1 - p_y counts as no less than the
    spacing of floats at 1; below it f is constant, so g is 0.

    Args:
        logits: z [K, B, C].
        parts: (codes y [K, B], weights w [K, B]): one for plain batches, two where rows are mixed. Class
            weights are factors of w.
        focal: γ [K], or None where all are 0.
        smoothing: s [K], or None where no member smooths.
        out: receives the gradient [K, B, C].

    Returns:
        losses [K].

    References:
        Lin et al. 2017 (arXiv 1708.02002), eq. 4 and appendix B, with a softmax for the sigmoid.
    """
    log_p = _log_softmax(logits, out)
    s = torch.zeros_like(logits[:, 0, :1]) if smoothing is None else smoothing.view(-1, 1)
    mean = None if smoothing is None else log_p.mean(0)
    total, spread, hits, losses = 0 * log_p[0], 0 * log_p[0], [], torch.zeros_like(log_p[0, :, 0])
    for codes, weights in parts:
        hit = log_p.gather(0, codes.unsqueeze(0)).squeeze(0)
        entropy = -hit if mean is None else -((1 - s) * hit + s * mean)
        kept, pull = weights, 0 * weights
        if focal is not None:
            kept, pull = _focal_terms(hit, entropy, weights, focal)
        losses += (kept * entropy).sum(1)
        total += kept + pull
        spread += kept * s
        hits.append((codes.unsqueeze(2), -(kept * (1 - s) + pull)))
    out.mul_(total.unsqueeze(2))
    if smoothing is not None:
        out.sub_((spread / logits.shape[2]).unsqueeze(2))
    for index, share in hits:
        out.scatter_add_(2, index, share.unsqueeze(2))
    return losses


def _focal_terms(hit: Tensor, entropy: Tensor, weights: Tensor, focal: Tensor) -> tuple[Tensor, Tensor]:
    """w f and w g of `parted_cross_entropy`, [K, B], from log p_y and H."""
    gamma, least = focal.view(-1, 1), torch.finfo(hit.dtype).eps
    missed = -hit.expm1()
    wrong = missed.clamp_min(least)
    kept = weights * wrong.pow(gamma)
    return kept, gamma * kept / wrong * (missed >= least) * hit.exp() * entropy


def binary_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    weights: Tensor,
    focal: Tensor | None,
    positives: Tensor | None,
    out: Tensor,
) -> Tensor:
    """Cross-entropy of labels that are there or not, each by itself, and its gradient by the logits.

        loss = Σ_b w_b 1/C Σ_c [y a_c ν^γ S + (1 - y) σ^γ N]
        ∂loss/∂z = w_b 1/C {-y a_c ν^γ (ν + γ σ S) + (1 - y) σ^γ (σ + γ ν N)}

    where σ = sigmoid(z), ν = 1 - σ, S = -log σ and N = -log ν, whose derivatives are σν, -σν, -ν and σ.

    Args:
        logits: z [K, B, C].
        targets: y [K, B, C], 0 to 1.
        weights: w [K, B].
        focal: γ [K], or None where all are 0.
        positives: a [K, C], how much a label counts where it is there; None for 1.
        out: receives the gradient [K, B, C].

    Returns:
        losses [K].

    References:
        Lin et al. 2017 (arXiv 1708.02002), eq. 4 and appendix B.
    """
    share = (weights / logits.shape[2]).unsqueeze(2)
    there = functional.logsigmoid(logits).neg_()  # S
    if focal is None and positives is None:
        losses = there.add_((1 - targets) * logits).mul_(share).sum((1, 2))  # N = S + z
        torch.sigmoid(logits, out=out).sub_(targets).mul_(share)
        return losses
    absent = functional.logsigmoid(-logits).neg_()  # N
    yes, no = targets * share, (1 - targets) * share
    if positives is not None:
        yes *= positives.unsqueeze(1)
    sigma, rest = torch.exp(-there), torch.exp(-absent)
    if focal is None:
        torch.sub(no * sigma, yes * rest, out=out)
    else:
        gamma = focal.view(-1, 1, 1)
        yes *= torch.exp(-gamma * absent)
        no *= torch.exp(-gamma * there)
        torch.sub(no * (sigma + gamma * rest * absent), yes * (rest + gamma * sigma * there), out=out)
    return (yes * there + no * absent).sum((1, 2))


def squared_error(outputs: Tensor, targets: Tensor, weights: Tensor, out: Tensor) -> Tensor:
    """Squared error of each member and its gradient by the outputs.

        loss = Σ_b w_b 1/H Σ_h (z_bh - y_bh)²        ∂loss/∂z = 2 w_b (z_bh - y_bh) / H

    Args:
        outputs: z [K, B, H].
        targets: y [K, B, H]; [K, B] if H is 1.
        weights: w [K, B].
        out: receives the gradient [K, B, H].

    Returns:
        losses [K].
    """
    torch.sub(outputs, targets.view_as(outputs), out=out)
    losses = (_over_steps(out.square()) * weights).sum(1)
    out.mul_(_per_step(2 * weights, outputs).unsqueeze(2))
    return losses


ERROR_TERMS = {"squared": (2.0, float("inf"), 0.25), "huber": (1.0, 1.0, 0.5), "absolute": (1e30, 1.0, 0.0)}
"""(m, L, c) of each kind of error in `error_of_kinds`."""


def error_terms(kinds: Sequence[str], dtype: torch.dtype) -> Tensor:
    """What `error_of_kinds` has to know of each member's kind of error, [3, K, 1, 1]."""
    return torch.tensor([ERROR_TERMS[kind] for kind in kinds], dtype=dtype).T.reshape(3, -1, 1, 1)


def error_of_kinds(outputs: Tensor, targets: Tensor, weights: Tensor, terms: Tensor, out: Tensor) -> Tensor:
    """Squared, absolute or Huber's error, as each member has it, and its gradient by the outputs.

    With d = z - y the three kinds are one formula, in which r′ is the derivative of r:

        r′(d) = min(max(m d, -L), L)        r(d) = r′ (d - c r′)

        squared: d², m = 2, L = ∞, c = 1/4        Huber: m = 1, L = 1, c = 1/2
        absolute: |d|, m = 10³⁰, L = 1, c = 0, where r′ is the sign of d but for |d| < 10⁻³⁰

    Args:
        outputs: z [K, B, H].
        targets: y [K, B, H]; [K, B] if H is 1.
        weights: w [K, B].
        terms: of `error_terms`.
        out: receives the gradient [K, B, H].

    Returns:
        losses [K]: mean over H, weighted sum over B.
    """
    factor, limit, bend = terms
    distance = outputs - targets.view_as(outputs)
    torch.mul(distance, factor, out=out)
    torch.clamp(out, -limit, limit, out=out)
    losses = (_over_steps(out * (distance - bend * out)) * weights).sum(1)
    out.mul_(_per_step(weights, outputs).unsqueeze(2))
    return losses


def _over_steps(errors: Tensor) -> Tensor:
    """[K, B, H] → means [K, B]."""
    return errors.squeeze(2) if errors.shape[2] == 1 else errors.mean(2)


def _per_step(weights: Tensor, outputs: Tensor) -> Tensor:
    """A row's weight [K, B] shared among its steps."""
    return weights if outputs.shape[2] == 1 else weights / outputs.shape[2]


def _log_softmax(logits: Tensor, out: Tensor) -> Tensor:
    """log softmax(z) with classes leading, [C, K, B]; `out` [K, B, C] receives softmax(z).

    A softmax over a short last axis is ten times slower, copies included. Both are taken from z, as the
    exponential of log softmax(z) is ten times slower where what it gives is too small for a float.
    """
    classes_first = logits.permute(2, 0, 1).contiguous()
    out.copy_(torch.softmax(classes_first, 0).permute(1, 2, 0))
    return torch.log_softmax(classes_first, 0)
