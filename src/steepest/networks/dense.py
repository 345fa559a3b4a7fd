"""A stack of dense networks with its backward pass written out: the fast twin of `stacked.py`.

For hidden layers i = 1…L of every member k (leading axis), with x = a₀:

    zᵢ = aᵢ₋₁ Wᵢᵀ + bᵢ          aᵢ = φ(zᵢ) · maskᵢ          logits = a_L W_outᵀ + b_out
    δ_out = ∂loss/∂logits        ∂Wᵢ = δᵢᵀ aᵢ₋₁              ∂bᵢ = Σ_batch δᵢ
    δᵢ = (δᵢ₊₁ Wᵢ₊₁) · maskᵢ · φ′(zᵢ)

Autograd allocates every intermediate and adds every gradient once more; here each product is written straight
into its place. `tests/networks/test_dense.py` holds it
to the autograd version.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from steepest.networks.dense_norm import StackNorm

_aten = torch.ops.aten
_SELU = (1.6732632423543772, 1.0507009873554805)  # α, scale: Klambauer et al. 2017, eq. 14


@dataclass(frozen=True, slots=True)
class Kernel:
    """φ written into `out`, and δ·φ′ written over δ, given z and φ(z)."""

    forward: Callable[[Tensor, Tensor], object]
    backward: Callable[[Tensor, Tensor, Tensor], object]


def _keep(z: Tensor, out: Tensor) -> None:
    out.copy_(z)


def _elu_backward(alpha: float, scale: float) -> Callable[[Tensor, Tensor, Tensor], object]:
    return lambda d, z, _: _aten.elu_backward.grad_input(d, alpha, scale, 1.0, False, z, grad_input=d)


KERNELS: dict[str, Kernel] = {
    "identity": Kernel(_keep, lambda _d, _z, _a: None),
    "sigmoid": Kernel(
        lambda z, out: torch.sigmoid(z, out=out),
        lambda d, _, a: _aten.sigmoid_backward.grad_input(d, a, grad_input=d),
    ),
    "tanh": Kernel(
        lambda z, out: torch.tanh(z, out=out),
        lambda d, _, a: _aten.tanh_backward.grad_input(d, a, grad_input=d),
    ),
    "relu": Kernel(
        lambda z, out: torch.clamp_min(z, 0, out=out),
        lambda d, z, _: _aten.threshold_backward.grad_input(d, z, 0, grad_input=d),
    ),
    "leaky_relu": Kernel(
        lambda z, out: _aten.leaky_relu.out(z, 0.01, out=out),
        lambda d, z, _: _aten.leaky_relu_backward.grad_input(d, z, 0.01, False, grad_input=d),
    ),
    "elu": Kernel(lambda z, out: _aten.elu.out(z, 1.0, 1.0, 1.0, out=out), _elu_backward(1.0, 1.0)),
    "selu": Kernel(lambda z, out: _aten.elu.out(z, *_SELU, 1.0, out=out), _elu_backward(*_SELU)),
    "gelu": Kernel(
        lambda z, out: _aten.gelu.out(z, approximate="none", out=out),
        lambda d, z, _: _aten.gelu_backward.grad_input(d, z, approximate="none", grad_input=d),
    ),
    "silu": Kernel(
        lambda z, out: _aten.silu.out(z, out=out),
        lambda d, z, _: _aten.silu_backward.grad_input(d, z, grad_input=d),
    ),
    "mish": Kernel(
        lambda z, out: _aten.mish.out(z, out=out),
        lambda d, z, _: d.copy_(_aten.mish_backward(d, z)),
    ),
}


SIGN_KEEPING = frozenset({"identity", "relu", "leaky_relu"})
"""Activations whose derivative asks for the sign of z alone, which φ(z) has too: it can take z's place."""


def segments(names: Sequence[str]) -> list[tuple[str, int, int]]:
    """Runs of equal names: [(name, first, past the last)].

    Example:
        >>> segments(["relu", "relu", "tanh"])
        [('relu', 0, 2), ('tanh', 2, 3)]
    """
    runs: list[tuple[str, int, int]] = []
    for k, name in enumerate(names):
        if runs and runs[-1][0] == name:
            runs[-1] = (name, runs[-1][1], k + 1)
        else:
            runs.append((name, k, k + 1))
    return runs


def _affine(x: Tensor, weight: Tensor, bias: Tensor | None, out: Tensor) -> Tensor:
    """x Wᵀ + b for every member, into `out`."""
    if bias is None:
        return torch.bmm(x, weight.transpose(1, 2), out=out)
    return torch.baddbmm(bias.unsqueeze(1), x, weight.transpose(1, 2), out=out)


@dataclass(frozen=True, slots=True)
class Norms:
    """What the norms of a stack work on, one entry per hidden layer.

    Args:
        gains, shifts: γ, β [K, H].
        grad_gains, grad_shifts: where their gradients go.
        running: running mean and variance [K, 2, H]; empty for layer normalisation.
    """

    gains: Sequence[Tensor]
    shifts: Sequence[Tensor]
    grad_gains: Sequence[Tensor]
    grad_shifts: Sequence[Tensor]
    running: Sequence[Tensor]


class DenseStack:
    """Buffers and the two passes for `members` dense networks on batches of one size.

    Args:
        sizes: units per layer, from inputs to outputs: (64, 128, 64, 10).
        activations: φ of each member, equal ones adjacent (each run is one kernel call).
        dropping: the first `dropping` members use the masks given to `forward`.
        batch: examples per member and pass.
        dtype: of all tensors.
        trains: False leaves out what only the backward pass needs; φ(z) then takes z's place. It does so in
            training where nobody drops and derivatives ask for no more than the sign of z.
        norm: "none", "batch" or "layer".
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[str],
        dropping: int,
        batch: int,
        dtype: torch.dtype,
        trains: bool = True,
        norm: str = "none",
    ) -> None:
        members = len(activations)
        self.runs, self.dropping = segments(activations), dropping

        def room(units: int) -> Tensor:
            return torch.empty(members, batch, units, dtype=dtype)

        hidden = sizes[1:-1]
        self.pre = [room(units) for units in hidden]
        apart = trains and (dropping or not SIGN_KEEPING.issuperset(activations))
        self.post = [room(units) for units in hidden] if apart else self.pre
        self.delta = [room(units) for units in hidden] if trains else []
        self.logits = room(sizes[-1])
        self.norms = [StackNorm(norm, members, batch, h, dtype) for h in hidden] if norm != "none" else []

    def forward(
        self,
        x: Tensor,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor | None],
        masks: Sequence[Tensor] | None = None,
        norms: Norms | None = None,
        rows: Tensor | None = None,
    ) -> Tensor:
        """Logits [K, B, outputs] for x [K, B, inputs]; weights [K, out, in], biases [K, out]
        or None.

        `masks[i]` [dropping, B, units] holds 0 or 1/(1-p) for hidden layer i, None drops nothing. `rows`
        [K, B] are the row weights of a training batch, None means evaluation; only norms ask.
        The result is a buffer that the next call overwrites.
        """
        a = x
        for i, (pre, post) in enumerate(zip(self.pre, self.post, strict=True)):
            _affine(a, weights[i], biases[i], pre)
            if norms is not None:
                self._normalise(i, pre, norms, rows)
            for name, first, last in self.runs:
                KERNELS[name].forward(pre[first:last], post[first:last])
            if masks is not None and self.dropping:
                post[: self.dropping].mul_(masks[i])
            a = post
        return _affine(a, weights[-1], biases[-1], self.logits)

    def backward(
        self,
        d_logits: Tensor,
        x: Tensor,
        weights: Sequence[Tensor],
        grad_weights: Sequence[Tensor],
        grad_biases: Sequence[Tensor | None],
        masks: Sequence[Tensor] | None = None,
        norms: Norms | None = None,
    ) -> None:
        """Write the gradients of the loss whose derivative by the logits is `d_logits` [K, B, outputs]."""
        delta = d_logits
        for i in range(len(weights) - 1, -1, -1):
            below = self.post[i - 1] if i else x
            torch.bmm(delta.transpose(1, 2), below, out=grad_weights[i])
            bias = grad_biases[i]
            if bias is not None:
                torch.sum(delta, 1, out=bias)
            if i:
                delta = torch.bmm(delta, weights[i], out=self.delta[i - 1])
                self._through_layer(i - 1, delta, masks)
                if norms is not None:
                    grads = norms.grad_gains[i - 1], norms.grad_shifts[i - 1]
                    self.norms[i - 1].backward(delta, norms.gains[i - 1], *grads)

    def _normalise(self, i: int, pre: Tensor, norms: Norms, rows: Tensor | None) -> None:
        gain, shift = norms.gains[i], norms.shifts[i]
        running = norms.running[i] if norms.running else None
        if rows is None:
            self.norms[i].evaluate(pre, gain, shift, running)
        else:
            self.norms[i].train(pre, gain, shift, rows, running)

    def _through_layer(self, i: int, delta: Tensor, masks: Sequence[Tensor] | None) -> None:
        """δ ← δ · mask · φ′(z), in place. φ′ of sigmoid and tanh reads φ(z), which a mask has overwritten."""
        masked = masks is not None and self.dropping > 0
        if masks is not None and masked:
            delta[: self.dropping].mul_(masks[i])
        for name, first, last in self.runs:
            post = self.post[i][first:last]
            if masked and first < self.dropping and name in ("sigmoid", "tanh"):
                post = (
                    torch.sigmoid(self.pre[i][first:last])
                    if name == "sigmoid"
                    else self.pre[i][first:last].tanh()
                )
            KERNELS[name].backward(delta[first:last], self.pre[i][first:last], post)
