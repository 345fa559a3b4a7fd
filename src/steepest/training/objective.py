"""Placeholder until the losses land."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from steepest.networks import loss_gradients as LG


class Objective:
    def __init__(self, task: str, recipes: Any, shares: Any, dtype: torch.dtype) -> None:
        self.task = task
        s = [r.label_smoothing for r in recipes]
        self.s = torch.tensor(s, dtype=dtype) if any(s) else None
        self.r = recipes

    def stack(self, logits: Tensor, targets: Tensor, weights: Tensor, mixing: Any, gradient: Tensor) -> Tensor:
        if self.task in ("forecasting", "multilabel") and targets.dim() == 3:
            gradient.copy_(2 * (logits - targets) * weights.unsqueeze(2) / targets.shape[2])
            return ((logits - targets).square().mean(2) * weights).sum(1)
        if self.task != "classification":
            return LG.squared_error(logits, mixing.numbers(targets) if mixing else targets, weights, gradient)
        if mixing:
            return LG.mixed_cross_entropy(logits, targets, mixing.codes(targets), mixing.share, weights, self.s, gradient)
        return LG.cross_entropy(logits, targets, weights, self.s, gradient)

    def member(self, k: int, out: Tensor, y: Tensor, mixing: Any) -> Tensor:
        if self.task in ("classification", "next-token"):
            return F.cross_entropy(out.reshape(-1, out.shape[-1]), y.reshape(-1), label_smoothing=self.r[k].label_smoothing)
        return F.mse_loss(out.squeeze(-1) if y.dim() == 1 else out, y)
