"""Norms of a stack against torch's own modules, member by member, by autograd."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from steepest.networks import loss_gradients
from steepest.networks.build import build
from steepest.networks.dense import DenseStack, Norms
from steepest.networks.spec import NetworkSpec

MEMBERS, BATCH, STEPS = 3, 6, 3


def modules(norm: str) -> tuple[NetworkSpec, list[nn.Sequential]]:
    spec = NetworkSpec("mlp", 4, 3, (5, 7), "tanh", 0.0, norm)  # type: ignore[arg-type]
    source = torch.Generator().manual_seed(0)
    made = []
    for _ in range(MEMBERS):
        network = build(spec, torch.float64)
        for parameter in network.parameters():
            parameter.data = torch.randn(parameter.shape, dtype=torch.float64, generator=source)
        made.append(network)
    return spec, made


def stacked(networks: list[nn.Sequential], names: list[str]) -> list[torch.Tensor]:
    return [torch.stack([dict(n.named_parameters())[name].data for n in networks]) for name in names]


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_passes_and_running_means_equal_torchs(norm: str) -> None:
    spec, networks = modules(norm)
    w = stacked(networks, [layer.weight for layer in spec.layers])
    b = [stacked(networks, [layer.bias])[0] if layer.biased else None for layer in spec.layers]
    gains, shifts = (
        stacked(networks, [f"{name}.{kind}" for name, _ in spec.norms]) for kind in ("weight", "bias")
    )
    running = [
        torch.zeros(MEMBERS, 2, units, dtype=torch.float64) for _, units in spec.norms if norm == "batch"
    ]
    for part in running:
        part[:, 1] = 1
    norms = Norms(
        gains, shifts, [torch.empty_like(g) for g in gains], [torch.empty_like(s) for s in shifts], running
    )
    stack = DenseStack((4, 5, 7, 3), ["tanh"] * MEMBERS, 0, BATCH, torch.float64, norm=norm)
    source = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        x = torch.randn(MEMBERS, BATCH, 4, dtype=torch.float64, generator=source)
        y = torch.randint(3, (MEMBERS, BATCH), generator=source)
        weights = torch.full((MEMBERS, BATCH), 1 / BATCH, dtype=torch.float64)
        logits = stack.forward(x, w, b, norms=norms, rows=weights)
        gradient = torch.empty_like(logits)
        loss_gradients.cross_entropy(logits, y, weights, None, gradient)
        grad_w, grad_b = (
            [torch.empty_like(t) for t in w],
            [None if t is None else torch.empty_like(t) for t in b],
        )
        stack.backward(gradient, x, w, grad_w, grad_b, norms=norms)
        for k, network in enumerate(networks):
            network.train()
            network.zero_grad()
            functional.cross_entropy(network(x[k]), y[k]).backward()
            grads = {name: p.grad for name, p in network.named_parameters()}
            for i, layer in enumerate(spec.layers):
                torch.testing.assert_close(grad_w[i][k], grads[layer.weight], rtol=1e-8, atol=1e-10)
                got = grad_b[i]
                if got is not None:
                    torch.testing.assert_close(got[k], grads[layer.bias], rtol=1e-8, atol=1e-10)
            for i, (name, _) in enumerate(spec.norms):
                torch.testing.assert_close(
                    norms.grad_gains[i][k], grads[f"{name}.weight"], rtol=1e-8, atol=1e-10
                )
                torch.testing.assert_close(
                    norms.grad_shifts[i][k], grads[f"{name}.bias"], rtol=1e-8, atol=1e-10
                )
    for k, network in enumerate(networks):
        network.eval()
        kept = dict(network.named_buffers())
        for i, (name, _) in enumerate(spec.norms if running else ()):
            torch.testing.assert_close(running[i][k, 0], kept[f"{name}.running_mean"], rtol=1e-10, atol=1e-12)
            torch.testing.assert_close(running[i][k, 1], kept[f"{name}.running_var"], rtol=1e-10, atol=1e-12)
        x = torch.randn(MEMBERS, BATCH, 4, dtype=torch.float64, generator=source)
        got = stack.forward(x, w, b, norms=norms)[k]
        torch.testing.assert_close(got, network(x[k]).detach(), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_padding_rows_count_for_nothing(norm: str) -> None:
    spec, networks = modules(norm)
    w = stacked(networks, [layer.weight for layer in spec.layers])
    b = [stacked(networks, [layer.bias])[0] if layer.biased else None for layer in spec.layers]
    gains, shifts = (
        stacked(networks, [f"{name}.{kind}" for name, _ in spec.norms]) for kind in ("weight", "bias")
    )

    def gradients(rows: int, real: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        running = [
            torch.zeros(MEMBERS, 2, units, dtype=torch.float64) for _, units in spec.norms if norm == "batch"
        ]
        norms = Norms(
            gains,
            shifts,
            [torch.empty_like(g) for g in gains],
            [torch.empty_like(s) for s in shifts],
            running,
        )
        stack = DenseStack((4, 5, 7, 3), ["tanh"] * MEMBERS, 0, rows, torch.float64, norm=norm)
        x = (
            torch.linspace(-1, 1, MEMBERS * 8 * 4, dtype=torch.float64)
            .view(MEMBERS, 8, 4)[:, :rows]
            .contiguous()
        )
        weights = (torch.arange(rows) < real).double().expand(MEMBERS, rows) / real
        logits = stack.forward(x, w, b, norms=norms, rows=weights)
        gradient = torch.empty_like(logits)
        loss_gradients.cross_entropy(
            logits, torch.zeros(MEMBERS, rows, dtype=torch.int64), weights, None, gradient
        )
        grad_w, grad_b = (
            [torch.empty_like(t) for t in w],
            [None if t is None else torch.empty_like(t) for t in b],
        )
        stack.backward(gradient, x, w, grad_w, grad_b, norms=norms)
        return grad_w, running

    for short, padded in zip(gradients(5, 5), gradients(8, 5), strict=True):
        for a, c in zip(short, padded, strict=True):
            torch.testing.assert_close(a, c, rtol=1e-9, atol=1e-12)
