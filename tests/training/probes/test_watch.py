"""The contract of all probes: training is the same bit by bit, and a member's numbers are its own."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet, Form
from steepest.data.split import Split
from steepest.training.chunk import Chunk, arranged
from steepest.training.job import Job, run
from steepest.training.member import Member
from steepest.training.metrics import Values
from steepest.training.probes.declared import COSTS, PROBES
from steepest.training.probes.watch import period, side_by_side
from steepest.training.source import Source
from steepest.training.way import Way

ROUNDS = 3
SHAPES: dict[Form, tuple[int, ...]] = {"table": (6,), "image": (2, 8, 8), "series": (8, 3)}
NETWORKS: dict[str, tuple[Form, dict[str, Any]]] = {
    "linear": ("table", {"network": "linear"}),
    "mlp": ("table", {"network": "mlp", "depth": 2}),
    "mlp-batch": ("table", {"network": "mlp", "depth": 2, "norm": "batch"}),
    "mlp-layer": ("table", {"network": "mlp", "norm": "layer"}),
    "mlp-residual": ("table", {"network": "mlp", "depth": 2, "residual": True}),
    "cnn": ("image", {"network": "cnn", "depth": 2, "norm": "batch"}),
    "gru": ("series", {"network": "rnn", "cell": "gru", "depth": 1}),
    "transformer": ("series", {"network": "transformer", "depth": 1, "heads": 2}),
}


def source_of(form: Form, rows: int = 50, train: int = 30) -> Source:
    """Three classes; two folds, of which the second has fewer training rows."""
    draw, shape = np.random.default_rng(0), SHAPES[form]
    x = draw.normal(size=(rows, int(np.prod(shape)))).astype(np.float32)
    scaled = np.ones(shape[0], np.bool_) if form == "table" else np.empty(0, np.bool_)
    data = DataSet(
        name="toy", task="classification", target="y", classes=("a", "b", "c"), x=x,
        y=draw.integers(0, 3, rows), form=form, shape=shape, scaled=scaled,
    )  # fmt: skip
    everybody = np.arange(rows)
    splits = [Split(everybody[:train], everybody[train:]), Split(everybody[: train - 13], everybody[train:])]
    return Source.of(data, splits)


def members(knobs: dict[str, Any]) -> list[Member]:
    """Unlike members; their folds differ in the steps a round has."""
    base = Recipe(batch_size=8, epochs=10, width=4, lr=0.01, **knobs)
    activations = itertools.cycle(["relu", "sigmoid", "tanh"])
    return arranged(
        [
            Member(0, base.replace(dropout=0.3, activation=next(activations)), seed=3, fold=0),
            Member(1, base.replace(optimizer="sgd", activation=next(activations)), seed=4, fold=1),
            Member(2, base.replace(weight_decay=0.1, activation=next(activations)), seed=5, fold=1),
            Member(3, base.replace(optimizer="nesterov", dropout=0.2, l2=0.1), seed=6, fold=0),
        ]
    )


def trained(
    group: list[Member],
    source: Source,
    probes: bool = True,
    rounds: int = ROUNDS,
    way: Way | None = None,
) -> Chunk:
    """Member 1 has no chance."""
    chunk = Chunk(group, source, dtype=torch.float64, probes=probes, way=way)
    for k, member in enumerate(group):
        if member.number == 1:
            chunk.state.theta[k, 0] = torch.nan
    for _ in range(rounds):
        assert chunk.round()
    return chunk


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_training_is_the_same_bit_by_bit(name: str, stacked: bool) -> None:
    form, knobs = NETWORKS[name]
    source, group = source_of(form), members(knobs)
    way = Way(stacked, 4)
    plain, probed = trained(group, source, probes=False, way=way), trained(group, source, way=way)
    assert plain.state.alive == probed.state.alive == [m.number != 1 for m in group]
    for one, other in (
        (plain.state.theta, probed.state.theta),
        (plain.state.buffers, probed.state.buffers),
        (plain.state.rule.first, probed.state.rule.first),
        (plain.train_loss, probed.train_loss),
    ):
        assert torch.equal(one.nan_to_num(nan=7.0), other.nan_to_num(nan=7.0))
    assert not plain.point().probes
    assert not plain.looks


def same(one: Values, other: Values) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-12)


@pytest.mark.parametrize("stacked", [False, True])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_members_numbers_among_others_are_its_own(name: str, stacked: bool) -> None:
    form, knobs = NETWORKS[name]
    source, group = source_of(form), members(knobs)
    together = trained(group, source, way=Way(stacked, 4))
    point = together.point()
    assert set(point.probes) == set(PROBES)
    alone = [trained([member], source) for member in group]
    for k, chunk in enumerate(alone):
        solo = chunk.point()
        assert solo.layers == point.layers
        for probe, values in point.probes.items():
            columns = point.layers.get(PROBES[probe].of, ())
            assert values.shape == ((4, len(columns)) if PROBES[probe].of != "member" else (4,))
            same(values[k], solo.probes[probe][0])
        mine = [look for look in together.looks if look.member == group[k].number]
        assert [look.round for look in mine] == [look.round for look in chunk.looks]
    joined = side_by_side([chunk.point().probes for chunk in alone])
    for probe, values in joined.items():
        same(values, point.probes[probe])


@pytest.mark.parametrize("name", NETWORKS)
def test_every_probe_says_something_of_a_healthy_member(name: str) -> None:
    form, knobs = NETWORKS[name]
    chunk = trained(members(knobs)[:1], source_of(form), rounds=1)
    (look,) = chunk.looks
    for probe, value in look.values.items():
        if probe.startswith("fault") or (name == "gru" and probe in ("activation_flat", "activation_dead")):
            assert np.isnan(value).all()
        else:
            assert not np.isnan(value).any(), probe
    assert look.values["probe_step"] == 1
    layers = look.layers["activations"]
    assert bool(layers) == (name != "linear")


def test_numbers_are_what_their_equations_say() -> None:
    """One step by hand with autograd: a network of two layers without dropout."""
    source = source_of("table")
    recipe = Recipe(width=4, depth=1, batch_size=30, epochs=10, optimizer="sgd", lr=0.5, weight_decay=0.0)
    chunk = Chunk([Member(0, recipe, seed=1)], source, dtype=torch.float64, probes=True)
    start = {name: value.clone().requires_grad_() for name, value in chunk.parameters(0).items()}
    chunk.round()
    look = chunk.looks[0].values
    x = torch.from_numpy(source.folds[0].standard.x(source.x[:30])).double()
    z = x @ start["0.weight"].T + start["0.bias"]
    outputs = z.relu() @ start["3.weight"].T + start["3.bias"]
    loss = torch.nn.functional.cross_entropy(outputs, torch.from_numpy(source.y[:30]))
    loss.backward()
    grads = {name: value.grad for name, value in start.items() if value.grad is not None}
    weights, z = ("0.weight", "3.weight"), z.detach()
    start = {name: value.detach() for name, value in start.items()}
    assert look["batch_loss"] == pytest.approx(loss.item(), rel=1e-5)
    norm = math.sqrt(sum(float(g.square().sum()) for g in grads.values()))
    assert look["gradient_norm"] == pytest.approx(norm, rel=1e-5)
    assert look["weight_gradient_norm"] == pytest.approx([float(grads[w].norm()) for w in weights], rel=1e-5)
    assert look["weight_norm"] == pytest.approx([float(start[w].norm()) for w in weights], rel=1e-6)
    ratios = [0.5 * float(grads[w].norm() / start[w].norm()) for w in weights]
    assert look["update_ratio"] == pytest.approx(ratios, rel=1e-5)
    assert look["activation_mean"] == pytest.approx([float(z.relu().mean())], rel=1e-5)
    assert look["activation_flat"] == pytest.approx([float((z <= 0).double().mean())], rel=1e-6)
    assert look["activation_dead"] == pytest.approx([float((z <= 0).all(0).double().mean())])
    assert np.isnan(look["gradient_snr"]).all()  # one mini-batch a round


def test_looks_come_at_steady_steps_whatever_the_rounds() -> None:
    assert [period(n) for n in (1, 4, 79, 80, 81, 1000)] == [80, 20, 2, 1, 1, 1]
    source = source_of("table")
    group = [Member(0, Recipe(width=4, batch_size=8, epochs=50), seed=0)]
    whole = trained(group, source, rounds=25)
    assert [look.round for look in whole.looks] == [1, 21]
    first = trained(group, source, rounds=7)
    rest = Chunk(group, source, first.state.take([0]), torch.float64, probes=True)
    assert np.isnan(rest.point().probes["batch_loss"]).all()
    for _ in range(18):
        rest.round()
    (look,) = rest.looks
    assert look.round == 21
    for probe, value in look.values.items():
        np.testing.assert_allclose(value, whole.looks[1].values[probe], rtol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_fault_is_placed(name: str) -> None:
    form, knobs = NETWORKS[name]
    source, group = source_of(form), members(knobs)[-2:]
    chunk = Chunk(group, source, dtype=torch.float64, probes=True)
    chunk.round()
    point = chunk.point()
    steps_before = int(point.steps[0])
    names = point.layers["weights"]
    column = chunk._layout.columns[names[-1]][0]
    chunk.state.theta[0, column.start] = torch.inf
    chunk.round()
    found = chunk.point()
    assert found.probes["fault_step"][0] == steps_before + 1
    assert found.layers["places"][int(found.probes["fault_place"][0])] == names[-1]
    assert np.isnan(found.probes["fault_step"][1])
    assert [look.member for look in chunk.looks if not math.isnan(look.values["fault_step"])] == [
        group[0].number
    ]


@pytest.mark.parametrize(("name", "place"), [("mlp", "0"), ("mlp-residual", "first.0"), ("cnn", "")])
def test_an_overflow_is_placed_where_it_happens(name: str, place: str) -> None:
    form, knobs = NETWORKS[name]
    group = [Member(0, Recipe(batch_size=8, epochs=10, width=4, **knobs), seed=1)]
    chunk = Chunk(group, source_of(form), probes=True)
    names = list(chunk._layout.columns)
    first = chunk._layout.view(chunk.state.theta, names[0])
    first.copy_(torch.where(first > 0, 3e38, -3e38))  # finite, but their products are not
    chunk.round()
    point = chunk.point()
    found = point.layers["places"][int(point.probes["fault_place"][0])]
    assert point.probes["fault_step"][0] == 1
    assert found.startswith(place), found
    assert found not in names


def test_a_last_update_that_goes_wrong_is_noticed() -> None:
    source = source_of("table")
    x = source.x.copy()
    x[:, 0] = 0.0  # a constant input: its weight decays, and does nothing else
    recipe = Recipe(network="linear", batch_size=30, epochs=2, optimizer="sgd", lr=1e4, weight_decay=1.0)
    split = Split(source.folds[0].train, source.folds[0].held_out)
    scaled = np.ones(x.shape[1], np.bool_)
    data = DataSet(name="toy", task="classification", target="y", classes=("a", "b", "c"), x=x, y=source.y,
                   shape=x.shape[1:], scaled=scaled)  # fmt: skip
    chunk = Chunk([Member(0, recipe, seed=1)], Source.of(data, [split]), probes=True)
    chunk.state.theta[0, 0] = 3e38
    chunk.round()
    point = chunk.point()
    assert not chunk.state.alive[0]
    assert np.isfinite(point.probes["batch_loss"][0])
    assert point.probes["fault_step"][0] == 1
    assert point.layers["places"][int(point.probes["fault_place"][0])] == "0.weight"


def test_a_job_brings_looks_home() -> None:
    source, group = source_of("table"), tuple(members({"network": "mlp"}))
    done = run(Job(group, 2, (1, 2), probes=True), source)
    assert {look.member for look in done.looks} == {0, 1, 2, 3}
    assert set(done.points[0].probes) == set(PROBES)
    assert not run(Job(group, 2, (1, 2)), source).looks


def test_declarations_are_complete() -> None:
    assert all(probe.name == name for name, probe in PROBES.items())
    assert {probe.cost for probe in PROBES.values()} == set(COSTS)
    assert all(probe.meaning and probe.equation for probe in PROBES.values())
    assert all(name.startswith("activation_") == (p.of == "activations") for name, p in PROBES.items())
