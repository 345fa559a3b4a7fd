"""The contract for the user's own network: whatever it holds, its members do not meet."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.networks.architecture import load, spec_of
from steepest.networks.own_spec import OwnSpec
from steepest.training.chunk import Chunk
from steepest.training.member import Member
from steepest.training.source import Source

EPOCHS = 4


class Net(nn.Module):
    """Dropout, batch norm, a tied and a frozen weight, a kernel, and buffers of every kind."""

    def __init__(self, inputs: int, outputs: int, width: int = 8) -> None:
        super().__init__()
        self.read, self.norm, self.drop = nn.Linear(inputs, width), nn.BatchNorm1d(width), nn.Dropout(0.3)
        self.middle, self.again = nn.Linear(width, width), nn.Linear(width, width)
        self.again.weight = self.middle.weight
        self.kernel = nn.Conv2d(1, 2, 3, padding=1)
        self.write = nn.Linear(2 * width, outputs)
        self.frozen = nn.Parameter(torch.randn(width, width), requires_grad=False)
        self.register_buffer("average", torch.zeros(()))
        self.register_buffer("unsaved", torch.randn(width), persistent=False)
        self.register_buffer("seen", torch.tensor(0))

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(torch.relu(self.norm(self.read(x)))) @ self.frozen
        x = torch.tanh(self.again(self.middle(x))) + self.unsaved
        if self.training:
            self.seen += 1
            self.average.mul_(0.9).add_(0.1 * x.detach().mean())
        x = self.kernel(x.reshape(len(x), 1, 2, -1)).flatten(1)
        return self.write(x) - self.average


def members(**knobs: object) -> list[Member]:
    base = Recipe.make(
        network="own", factory=f"{__name__}:Net", batch_size=20, epochs=EPOCHS, lr=0.01, **knobs
    )
    different: list[dict[str, object]] = [
        {},
        {"optimizer": "nesterov", "lr": 0.02, "mixup": 0.3},
        {"initialisation": "orthogonal", "replaced.dropout": 0.1},
        {"replaced.activation": "own", "clip_norm": 0.5, "l1": 1e-3},
    ]
    return [Member(k, base.replace(**d), seed=k, fold=k % 3) for k, d in enumerate(different)]


def trained(group: list[Member], source: Source) -> Chunk:
    chunk = Chunk(group, source, dtype=torch.float64)
    for _ in range(EPOCHS):
        assert chunk.round()
    return chunk


@pytest.mark.parametrize("norm", ["own", "none", "batch", "group"])
def test_a_member_among_others_is_the_member_alone(norm: str, classification: Source) -> None:
    group = members(**{"replaced.norm": norm, "own.width": 6})
    together = trained(group, classification)
    point = together.point()
    assert together.state.alive == [True] * len(group)
    for k, member in enumerate(group):
        alone = trained([member], classification)
        torch.testing.assert_close(together.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(together.state.buffers[k], alone.state.buffers[0], rtol=1e-9, atol=1e-11)
        solo = alone.point()
        for name, values in point.metrics.items():
            np.testing.assert_allclose(values[k], solo.metrics[name][0], rtol=1e-9, err_msg=name)


def test_the_network_handed_out_is_the_one_that_was_scored(classification: Source) -> None:
    (member, *_) = members()
    chunk = trained([member], classification)
    spec = spec_of(member.recipe, classification.ports)
    assert isinstance(spec, OwnSpec)
    network = load(spec, chunk.parameters(0)).eval()
    fold = classification.folds[0]
    x = torch.from_numpy(fold.standard.x(classification.x[fold.held_out])).double()
    right = network(x).argmax(1).numpy() == classification.y[fold.held_out]
    assert right.mean() == chunk.point().metrics["accuracy"][0]
    assert network.again.weight is network.middle.weight
    assert network.average.abs() > 0
    started = spec.started(member.seed, torch.float64)
    torch.testing.assert_close(network.frozen, started.frozen)
    assert not torch.equal(network.middle.weight, started.middle.weight)


class Flat(nn.Module):
    """Convolutions whose output is viewed as rows, as networks often do."""

    def __init__(self, shape: tuple[int, ...], classes: int, width: int = 2) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(shape[0], width, 3, padding=1)
        self.write = nn.Linear(width * shape[1] * shape[2], classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.write(self.convolution(x).view(len(x), -1))


def test_kernels_stand_as_the_network_made_them() -> None:
    draw = np.random.default_rng(0)
    data = DataSet(
        name="toy", task="classification", target="y", classes=("a", "b"), form="image", shape=(3, 4, 4),
        x=draw.normal(size=(40, 48)).astype(np.float32), y=draw.integers(0, 2, 40),
    )  # fmt: skip
    source = Source.of(data, [Split(np.arange(30), np.arange(30, 40))])
    recipe = Recipe.make(network="own", factory=f"{__name__}:Flat", batch_size=8, epochs=EPOCHS)
    chunk = trained([Member(0, recipe, 0, 0)], source)
    network = load(spec_of(recipe, source.ports), chunk.parameters(0)).eval()
    outputs = network(torch.from_numpy(source.folds[0].standard.x(source.x[30:])).double().view(-1, 3, 4, 4))
    assert (outputs.argmax(1).numpy() == data.y[30:]).mean() == chunk.point().metrics["accuracy"][0]


def test_cut_and_continued_equals_uninterrupted(classification: Source) -> None:
    source = replace(classification, rounds=2)
    group = members()
    whole, first = Chunk(group, source, dtype=torch.float64), Chunk(group, source, dtype=torch.float64)
    for _ in range(4):
        whole.round()
    for _ in range(2):
        first.round()
    second = Chunk([group[k] for k in (0, 2)], source, first.state.take([0, 2]), torch.float64)
    for _ in range(2):
        second.round()
    torch.testing.assert_close(second.state.theta, whole.state.theta[[0, 2]], rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(second.state.buffers, whole.state.buffers[[0, 2]], rtol=1e-9, atol=1e-12)
