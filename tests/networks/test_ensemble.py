"""An ensemble gives what its members give alone, each in its own scale; doubt and spread by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.standardise import Standardiser
from steepest.networks.architecture import bins_of, build, load, spec_of
from steepest.networks.ensemble import Doubt, Ensemble, Made, Numbers, Scaling, Spread
from steepest.networks.ports import Ports

SMALL = Recipe(width=8, depth=1)
TEXT = Ports("text", (6,), 9, tokens=9, each=True)
KINDS = [
    pytest.param(SMALL, Ports.table(4, 3), "classification", True, id="mlp"),
    pytest.param(SMALL.replace(norm="batch"), Ports.table(4, 3), "classification", True, id="running means"),
    pytest.param(
        SMALL.replace(bins=8), Ports("table", (4,), 1, numbers=(0, 2)), "regression", True, id="bins"
    ),
    pytest.param(SMALL, Ports("table", (4,), 1, codes=((3, 5),)), "regression", True, id="codes"),
    pytest.param(SMALL.replace(network="cnn"), Ports("image", (1, 8, 8), 3), "multilabel", True, id="cnn"),
    pytest.param(SMALL.replace(network="rnn"), Ports("series", (5, 2), 2), "forecasting", False, id="rnn"),
    pytest.param(SMALL.replace(network="transformer"), TEXT, "next-token", False, id="transformer"),
]


def members(recipe: Recipe, ports: Ports, count: int = 3) -> list[dict[str, Tensor]]:
    """Parameters and running means that nothing has in common."""
    draw, spec = torch.Generator().manual_seed(0), spec_of(recipe, ports)
    shapes = {**spec.parameter_shapes, **spec.buffer_shapes}
    return [
        {name: 0.1 + torch.rand(shape, generator=draw) for name, shape in shapes.items()}
        for _ in range(count)
    ]


def standards(ports: Ports, count: int = 3) -> list[Standardiser]:
    draw, found = np.random.default_rng(0), []
    coded = [place for place, _ in ports.codes]
    for _ in range(count):
        mean, scale = draw.normal(size=ports.inputs), draw.uniform(0.5, 2, ports.inputs)
        mean[coded], scale[coded] = 0, 1
        edges = np.sort(draw.normal(size=(len(ports.numbers), 65)), axis=1)
        edges[:, 8:24] = edges[:, 8:9]  # bins without width
        found.append(
            Standardiser(
                mean.astype(np.float32),
                scale.astype(np.float32),
                1.5,
                float(draw.normal()),
                2.5,
                codes=tuple(coded),
                numbers=ports.numbers,
                quantiles=edges.astype(np.float32),
            )
        )
    return found


def scaling(standard: Standardiser, bins: int) -> Scaling:
    edges = torch.from_numpy(standard.edges(bins).copy()) if bins else torch.empty(0, 1)
    mean, scale = torch.from_numpy(standard.mean), torch.from_numpy(standard.scale)
    return Scaling(mean, scale, standard.clip, edges, standard.y_mean, standard.y_scale)


def examples(ports: Ports) -> Any:
    draw = np.random.default_rng(1)
    if ports.tokens:
        return draw.integers(0, ports.tokens, (7, ports.inputs)).astype(np.int32)
    x = draw.normal(scale=2, size=(7, ports.inputs)).astype(np.float32)
    x[2, 1] = np.nan
    for place, codes in ports.codes:
        x[:, place] = draw.integers(0, codes, 7)
    return x


@pytest.mark.parametrize(("recipe", "ports", "task", "together"), KINDS)
def test_members_are_what_they_are_alone(recipe: Recipe, ports: Ports, task: str, together: bool) -> None:
    known, scales, bins = members(recipe, ports), standards(ports), bins_of(recipe, ports)
    ensemble = Ensemble(Made(recipe, ports, task), known, [scaling(s, bins) for s in scales], 0.25)
    assert (ensemble.stacked is not None) is together
    x = examples(ports)
    alone = []
    for parameters, standard in zip(known, scales, strict=True):
        rows = torch.from_numpy(x).long() if ports.tokens else torch.from_numpy(standard.x(x, bins))
        spec = spec_of(recipe, ports)
        shaped = rows if type(spec).__name__ == "NetworkSpec" else rows.view(7, *ports.binned(bins).shape)
        alone.append(load(spec, parameters).eval()(shaped))
    outputs = ensemble.outputs(torch.from_numpy(x))
    assert torch.allclose(outputs, torch.stack(alone), rtol=1e-4, atol=1e-4 * float(outputs.abs().max()))
    found = ensemble(torch.from_numpy(x))
    each = torch.stack(alone)
    if task in ("regression", "forecasting"):
        units = torch.stack([s.y_mean + s.y_scale * a for s, a in zip(scales, each, strict=True)])
        assert isinstance(found, Numbers)
        assert torch.allclose(found.mean, units.mean(0), rtol=1e-4, atol=1e-4)
        assert torch.allclose(found.variance, 0.25 + units.var(0, correction=0), rtol=1e-3, atol=1e-3)
    else:
        p = each.sigmoid() if task == "multilabel" else each.softmax(-1)
        assert isinstance(found, Tensor)
        assert torch.allclose(found, p.mean(0), atol=1e-4)


def constant(outputs: list[list[float]], task: str, noise: float = 0.0) -> Ensemble:
    """Members that always write the same."""
    ports = Ports.table(1, len(outputs[0]))
    known = [{"0.weight": torch.zeros(len(o), 1), "0.bias": torch.tensor(o)} for o in outputs]
    same = Scaling(torch.zeros(1), torch.ones(1))
    made = Made(Recipe(network="linear"), ports, task, single=task == "regression")
    return Ensemble(made, known, [same] * len(known), noise)


def test_members_that_agree_leave_no_information() -> None:
    doubt = constant([[0.0, 0.0]] * 3, "classification").uncertainty(torch.zeros(1, 1))
    assert isinstance(doubt, Doubt)
    assert doubt.entropy.item() == pytest.approx(math.log(2))
    assert doubt.information.item() == pytest.approx(0, abs=1e-6)


def test_members_that_are_sure_of_different_things_are_all_information() -> None:
    doubt = constant([[50.0, 0.0], [0.0, 50.0]], "classification").uncertainty(torch.zeros(1, 1))
    assert isinstance(doubt, Doubt)
    assert doubt.information.item() == pytest.approx(math.log(2))
    assert doubt.entropy.item() == pytest.approx(math.log(2))
    labels = constant([[50.0, 50.0], [-50.0, 50.0]], "multilabel").uncertainty(torch.zeros(1, 1))
    assert isinstance(labels, Doubt)
    assert labels.information[0].tolist() == pytest.approx([math.log(2), 0], abs=1e-6)


def test_the_deviation_of_numbers_is_noise_and_disagreement() -> None:
    spread = constant([[1.0], [5.0]], "regression", noise=5.0).uncertainty(torch.zeros(2, 1))
    assert isinstance(spread, Spread)
    assert spread.deviation.tolist() == pytest.approx([3.0, 3.0])
    assert spread.between.tolist() == pytest.approx([2.0, 2.0])


class Unbatched(nn.Module):
    """Reads a number of its data, which vmap cannot do; and uses one weight twice."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, inputs)
        self.second = nn.Linear(inputs, inputs)
        self.second.weight = self.first.weight
        self.head = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.second(self.first(x)))
        return found * (2.0 if x.abs().sum().item() > 1e9 else 1.0)


class Batched(Unbatched):
    """The same without."""

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.head(self.second(self.first(x)))
        return found


def make_unbatched(inputs: int, outputs: int) -> nn.Module:
    return Unbatched(inputs, outputs)


def make_batched(inputs: int, outputs: int) -> nn.Module:
    return Batched(inputs, outputs)


@pytest.mark.parametrize(("name", "together"), [("make_unbatched", False), ("make_batched", True)])
def test_networks_of_the_users_own(name: str, together: bool) -> None:
    recipe, ports = Recipe(network="own", factory=f"{__name__}:{name}"), Ports.table(3, 2)
    known = members(recipe, ports)
    same = Scaling(torch.zeros(3), torch.ones(3))
    ensemble = Ensemble(Made(recipe, ports, "classification"), known, [same] * 3)
    assert (ensemble.stacked is not None) is together
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    alone = torch.stack([load(spec_of(recipe, ports), one)(x) for one in known])
    assert torch.allclose(ensemble.outputs(x), alone, rtol=1e-4)


def test_it_is_an_ordinary_module() -> None:
    recipe, ports = SMALL, Ports.table(2, 1)
    known = members(recipe, ports)
    ensemble = Ensemble(
        Made(recipe, ports, "regression", single=True), known, [Scaling(torch.zeros(2), torch.ones(2))] * 3
    )
    other = build(spec_of(recipe, ports))
    assert sum(p.numel() for p in ensemble.parameters()) == 3 * sum(p.numel() for p in other.parameters())
    assert not ensemble.training
    x = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    before = ensemble(x).mean
    ensemble.double()
    assert torch.allclose(ensemble(x).mean, before.double(), atol=1e-6)
    assert before.shape == (4,)


def test_what_cannot_be_read_is_refused() -> None:
    ensemble = constant([[0.0, 0.0]] * 2, "classification")
    with pytest.raises(BadInput, match="must have 1 inputs"):
        ensemble(torch.zeros(3, 2))
    with pytest.raises(BadInput, match="one member or more"):
        Ensemble(ensemble.made, [], [])
