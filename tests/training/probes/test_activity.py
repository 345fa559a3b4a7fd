"""Statistics of activations: the stack's and a module's agree with plain arithmetic, hooks leave no trace."""

import pytest
import torch
from torch import nn

from steepest.networks.activations import ACTIVATIONS
from steepest.networks.dense import DenseStack
from steepest.training.probes.activity import FEWEST, NUMBERS, ROWS, ModuleActivity, dense_activity
from steepest.training.probes.flat import FLAT


def plain(z: torch.Tensor, name: str) -> list[float]:
    """Mean, deviation, shares flat and dead of pre-activations [R, H]."""
    a = ACTIVATIONS[name].function(z)
    low, high = FLAT[name]
    flat = (z <= low) | (z >= high)
    numbers = a.mean(), a.std(correction=0), flat.double().mean(), flat.all(0).double().mean()
    return [float(n) for n in numbers]


@pytest.mark.parametrize("dropping", [0, 2])
@pytest.mark.parametrize("padding", [0, 3])
def test_a_stack_is_described_without_masks_and_padding(dropping: int, padding: int) -> None:
    torch.manual_seed(0)
    names = ["relu", "relu", "sigmoid", "tanh"]
    stack = DenseStack((5, 7, 6, 2), names, dropping, 12, torch.float64)
    x = torch.randn(4, 12, 5, dtype=torch.float64)
    weights = [4 * torch.randn(4, *shape, dtype=torch.float64) for shape in ((7, 5), (6, 7), (2, 6))]
    masks = [2.0 * (torch.rand(dropping, 12, h) > 0.5).double() for h in (7, 6)] if dropping else None
    rows = torch.ones(4, 12, dtype=torch.float64) / 12
    if padding:
        rows[1] = torch.tensor([1 / (12 - padding)] * (12 - padding) + [0.0] * padding)
    stack.forward(x, weights, [None] * 3, masks, rows=rows)
    pre = [z.clone() for z in stack.pre]
    found = dense_activity(stack, rows)
    for k, name in enumerate(names):
        real = int((rows[k] > 0).sum())
        for i in range(2):
            want = torch.tensor(plain(pre[i][k, :real], name), dtype=torch.float64)
            torch.testing.assert_close(found[:, k, i], want)
    assert found[2].max() > 0.1


def test_dead_units_are_found() -> None:
    network = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1))
    with torch.no_grad():
        network[0].bias.copy_(torch.tensor([-100.0, 100.0, -100.0, -100.0]))
    activity = ModuleActivity(network)
    with activity.watching():
        network(torch.randn(9, 2))
    mean, deviation, flat, dead = activity.found()[:, 0].tolist()
    assert (flat, dead) == (0.75, 0.75)
    assert mean == pytest.approx(25, rel=0.1)
    assert deviation > mean


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "identity"])
def test_channels_are_units_of_a_convolution(name: str) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 3, 3), ACTIVATIONS[name].module()).double()
    x = 8 * torch.randn(5, 1, 6, 6, dtype=torch.float64)
    activity = ModuleActivity(network)
    with activity.watching():
        network(x)
    want = torch.tensor(plain(network[0](x).detach().movedim(1, -1).reshape(-1, 3), name))
    torch.testing.assert_close(activity.found()[:, 0].float(), want)


def test_in_place_activations_are_read_before_they_write() -> None:
    torch.manual_seed(0)
    linear, x = nn.Linear(3, 5), 20 * torch.randn(8, 3)
    found = []
    for inplace in (False, True):
        activity = ModuleActivity(network := nn.Sequential(linear, nn.SiLU(inplace)))
        with activity.watching():
            network(x)
        found.append(activity.found())
    assert torch.equal(*found)
    assert found[0][2, 0] > 0


def test_hooks_are_gone_afterwards_and_calls_beyond_the_first_unseen() -> None:
    shared = nn.ReLU()
    network = nn.Sequential(nn.Linear(3, 3), shared, nn.Linear(3, 3), shared)
    activity = ModuleActivity(network)
    first = network[0](torch.ones(2, 3)).detach()
    with activity.watching():
        network(torch.ones(2, 3))
    seen = activity.found()
    assert activity.names == ("1",)
    assert seen[0, 0].item() == pytest.approx(first.relu().mean().item(), rel=1e-6)
    network(torch.zeros(2, 3))
    assert torch.equal(activity.found(), seen)
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in network.modules())


def test_recurrent_layers_tell_mean_and_deviation_only() -> None:
    class Reader(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(2, 3, batch_first=True)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.gru(x)[0][:, -1]

    reader = Reader()
    x = torch.randn(4, 5, 2)
    activity = ModuleActivity(reader)
    with activity.watching():
        reader(x)
    written = reader.gru(x)[0].detach()
    mean, deviation, flat, dead = activity.found()[:, 0]
    torch.testing.assert_close(mean.float(), written.mean())
    torch.testing.assert_close(deviation.float(), written.std(correction=0))
    assert flat.isnan()
    assert dead.isnan()


def test_large_layers_are_looked_at_in_part() -> None:
    seen = []
    network = nn.ReLU()
    network.register_forward_hook(lambda _m, _a, out: seen.append(out))
    activity = ModuleActivity(nn.Sequential(network))
    rows = torch.cat([torch.ones(FEWEST, NUMBERS), -torch.ones(4, NUMBERS)])
    with activity.watching():
        network(rows)
    assert activity.found()[2, 0] == 0  # the rows after the first are not among them
    with activity.watching():
        network(torch.cat([torch.ones(ROWS, 2), -torch.ones(ROWS, 2)]))
    assert activity.found()[2, 0] == 0
