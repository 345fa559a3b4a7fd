"""The step that is compiled for comparison computes the gradients it should."""

from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import nn

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import compiled

    return compiled


def test_the_step_has_the_gradients_of_autograd(compiled: ModuleType) -> None:
    source = torch.Generator().manual_seed(0)
    network = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
    layers = [network[i] for i in (0, 2, 4)]
    x = torch.randn(1, compiled.BATCH, 64, generator=source)
    y = torch.randint(0, 10, (1, compiled.BATCH), generator=source)
    loss = nn.functional.cross_entropy(network(x[0]), y[0])
    loss.backward()

    def row(of: str) -> torch.Tensor:
        parts = [getattr(layer, kind) for kind in ("weight", "bias") for layer in layers]
        return torch.cat([(p.grad if of == "grad" else p.detach()).flatten() for p in parts]).unsqueeze(0)

    theta, first = row("value"), torch.zeros_like(row("value"))
    found = compiled.step(theta, first, torch.zeros_like(theta), x, y, torch.full((1, 1), 1e-3))
    torch.testing.assert_close(found[0], loss.detach())
    torch.testing.assert_close(first, 0.1 * row("grad"), rtol=1e-4, atol=1e-7)
