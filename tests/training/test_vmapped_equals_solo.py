"""The contract, for modules trained as one stack: a member's path is its path alone, and that in a loop."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet, Form, Task
from steepest.data.split import Split
from steepest.training.chunk import Chunk, arranged
from steepest.training.member import Member
from steepest.training.source import Source
from steepest.training.way import Way

ROUNDS = 4
"""Of five steps each."""

STACKED, LOOPED = Way(stacked=True, members=8), Way(stacked=False, members=1)
SHAPES: dict[Form, tuple[int, ...]] = {"table": (6,), "image": (2, 8, 8), "series": (8, 3), "text": (8,)}
NORMS = {
    "mlp": ("none", "batch", "layer", "group", "rms"),
    "cnn": ("none", "batch", "layer", "group", "rms"),
    "rnn": ("none",),
    "transformer": ("none", "layer", "rms"),
}
VARIANTS: dict[str, tuple[tuple[Form, dict[str, Any]], ...]] = {
    "mlp": (
        ("table", {"residual": True, "drop_path": 0.2, "depth": 2}),
        ("table", {"bins": 4, "residual": True, "depth": 2}),
    ),
    "cnn": (
        ("image", {"residual": True, "drop_path": 0.2}),
        ("image", {"convolution": "separable", "pooling": "stride"}),
        ("series", {}),
        ("text", {}),
    ),
    "rnn": (
        ("series", {"cell": "gru"}),
        ("series", {"cell": "lstm", "bidirectional": True, "readout": "mean", "depth": 2}),
        ("text", {"cell": "gru", "bidirectional": True, "depth": 2}),
        ("text", {"cell": "lstm"}),
    ),
    "transformer": (("series", {"drop_path": 0.2}), ("text", {"readout": "mean", "zero_init": True})),
}
STRENGTHS = {
    "input_noise": 0.1, "input_dropout": 0.1, "mixup": 0.4, "cutmix": 1.0, "flip": 0.5, "shift": 0.2,
    "erase": 0.5, "magnitude": 0.1, "time_mask": 0.3, "token_dropout": 0.2,
}  # fmt: skip


def source_of(form: Form, task: Task = "classification") -> Source:
    """Forty examples; folds that train on 33 and on 34 of them: of one, the last batch is a single row."""
    draw, shape, rows = np.random.default_rng(0), SHAPES[form], 40
    x: Any = draw.normal(size=(rows, int(np.prod(shape)))).astype(np.float32)
    vocabulary: tuple[str, ...] = ()
    if form == "text":
        x, vocabulary = draw.integers(0, 9, (rows, shape[0]), dtype=np.int32), tuple("abcdefghi")
    y: Any = draw.integers(0, 3, rows)
    classes: tuple[str, ...] = ("a", "b", "c")
    if task == "next-token":
        y, classes = draw.integers(0, 9, (rows, shape[0])), vocabulary
    elif task == "multilabel":
        y = draw.integers(0, 2, (rows, 3))
    elif task == "regression":
        y, classes = draw.normal(size=rows), ()
    scaled = np.ones(shape[0], np.bool_) if form == "table" else np.empty(0, np.bool_)
    data = DataSet(
        name="toy", task=task, target="y", classes=classes, x=x, form=form,
        y=y if task == "regression" else y.astype(np.int64),
        shape=shape, vocabulary=vocabulary, scaled=scaled,
    )  # fmt: skip
    return Source.of(data, [Split(np.arange(33), np.arange(33, 40)), Split(np.arange(6, 40), np.arange(6))])


def cases() -> Iterator[Any]:
    """Every family and norm with dropout, and augmented without; their variants with one or the other."""
    for family, variants in VARIANTS.items():
        for number, (form, variant) in enumerate(variants):
            for place, norm in enumerate(NORMS[family]):
                for dropout in (0.0, 0.3) if number == 0 else ((0.0, 0.3)[(number + place) % 2],):
                    knobs = {"network": family, "depth": 1, "width": 4, "heads": 2, "norm": norm, **variant}
                    name = "-".join([family, form, *map(str, variant.values()), norm, str(dropout)])
                    yield pytest.param(form, knobs, dropout, id=name)


def augmentation(form: Form) -> dict[str, float]:
    return {name: value for name, value in STRENGTHS.items() if form in KNOBS[name].forms}


def members(knobs: dict[str, Any], **extras: Any) -> list[Member]:
    """Four members that differ in all that does not split a chunk; one of them goes without the extras."""
    base = Recipe(batch_size=8, epochs=ROUNDS, lr=0.01, **knobs)
    return arranged(
        [
            Member(0, base.replace(**extras), seed=3, fold=0),
            Member(1, base.replace(lr=0.02, optimizer="nesterov", activation="tanh"), seed=4, fold=1),
            Member(2, base.replace(**extras, initialisation="orthogonal", clip_norm=0.5), seed=5, fold=1),
            Member(
                3, base.replace(**{"focal": 0.5, "label_smoothing": 0.1, **extras}, lr=0.003), seed=6, fold=0
            ),
        ]
    )


def trained(
    group: list[Member], source: Source, way: Way = STACKED, dtype: torch.dtype = torch.float64
) -> Chunk:
    chunk = Chunk(group, source, dtype=dtype, way=way)
    for _ in range(ROUNDS):
        assert chunk.round()
    return chunk


def assert_alike(together: Chunk, k: int, other: Chunk, row: int, tolerance: float = 1e-9) -> None:
    """Parameters, running means, losses and scores of a member in two chunks."""
    for name in ("theta", "buffers"):
        one, two = getattr(together.state, name)[k], getattr(other.state, name)[row]
        torch.testing.assert_close(one, two, rtol=tolerance, atol=tolerance)
    a, b = together.point(), other.point()
    np.testing.assert_allclose(a.train_loss[k], b.train_loss[row], rtol=tolerance)
    for name, values in a.metrics.items():
        np.testing.assert_allclose(values[k], b.metrics[name][row], rtol=tolerance, err_msg=name)


@pytest.mark.parametrize(("form", "knobs", "dropout"), list(cases()))
def test_a_member_of_a_stack_is_the_member_alone_and_the_one_of_a_loop(
    form: Form, knobs: dict[str, Any], dropout: float
) -> None:
    source = source_of(form)
    extras = {"dropout": dropout} if dropout else augmentation(form)
    group = members(knobs, **extras)
    together, loop = trained(group, source), trained(group, source, LOOPED)
    assert together.state.alive == [True] * 4
    for k in range(4):
        assert_alike(together, k, loop, k)
    assert_alike(together, 2, trained(group[2:3], source), 0)


@pytest.mark.parametrize(
    ("task", "knobs"),
    [
        ("regression", {"error": "huber"}),
        ("multilabel", {"focal": 1.0, "class_weights": 0.5}),
        ("next-token", {"label_smoothing": 0.1}),
        ("classification", {"class_weights": 1.0, "mixup": 0.3}),
        ("classification", {"optimizer": "gd"}),
    ],
)
def test_every_task_and_what_members_set_of_its_loss(task: Task, knobs: dict[str, Any]) -> None:
    form: Form = "text" if task == "next-token" else "series"
    source = source_of(form, task)
    family = {"network": "rnn", "depth": 1, "width": 4, "dropout": 0.2}
    group = members(family, **knobs)
    if knobs.get("optimizer") == "gd":
        group = [replace(m, recipe=m.recipe.replace(optimizer="gd")) for m in group]
    together, loop = trained(group, source), trained(group, source, LOOPED)
    for k in range(4):
        assert_alike(together, k, loop, k)


@pytest.mark.parametrize("norm", ["batch", "layer"])
def test_a_member_that_diverges_leaves_the_others_alone(norm: str) -> None:
    source = source_of("image")
    knobs = {"network": "cnn", "depth": 1, "width": 4, "norm": norm, "dropout": 0.2}
    group = members(knobs, flip=0.5)
    chunks = [
        Chunk(part, source, dtype=torch.float64, way=STACKED) for part in (group, *([m] for m in group))
    ]
    for chunk in chunks:
        for k, member in enumerate(chunk.members):
            if member.number == 2:
                chunk.state.theta[k] = torch.inf
        for _ in range(ROUNDS):
            assert chunk.round()
    together, *alone = chunks
    assert [m.number for m, alive in zip(group, together.state.alive, strict=True) if not alive] == [2]
    for k, member in enumerate(group):
        if member.number != 2:
            assert_alike(together, k, alone[k], 0)


def test_members_that_sit_a_round_out_are_not_touched() -> None:
    source = source_of("image")
    group = members({"network": "cnn", "depth": 1, "width": 4, "norm": "batch"}, dropout=0.3)
    chunk, still = trained(group, source), 1
    before = chunk.state.theta.clone(), chunk.state.buffers.clone()
    chunk.frozen[still] = True
    assert chunk.round()
    for now, then in zip((chunk.state.theta, chunk.state.buffers), before, strict=True):
        assert torch.equal(now[still], then[still])
        assert not torch.equal(now, then)
    chunk.frozen[still] = False


def test_cut_and_continued_equals_uninterrupted_and_may_change_its_way() -> None:
    source = source_of("image")
    group = members({"network": "cnn", "depth": 1, "width": 4, "norm": "batch"}, dropout=0.3, mixup=0.3)
    whole, first = trained(group, source), Chunk(group, source, dtype=torch.float64, way=STACKED)
    first.round()
    keep = [0, 2, 3]
    second = Chunk([group[k] for k in keep], source, first.state.take(keep), torch.float64, way=STACKED)
    second.round()
    third = Chunk([group[k] for k in keep], source, second.state, torch.float64, way=LOOPED)
    for _ in range(ROUNDS - 2):
        third.round()
    for row, k in enumerate(keep):
        assert_alike(whole, k, third, row)


class Net(nn.Module):
    """What users write: channels dropped, a tied weight, a frozen one, buffers of several kinds, a GRU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.read, self.drop, self.alpha = (
            nn.Conv1d(1, 4, 3, padding=1),
            nn.Dropout1d(0.2),
            nn.AlphaDropout(0.1),
        )
        self.first, self.second = nn.Linear(inputs, inputs), nn.Linear(inputs, inputs)
        self.second.weight = self.first.weight
        self.recurrent = nn.GRU(4, 3, num_layers=2, bidirectional=True)
        self.write = nn.Linear(6, outputs)
        self.frozen = nn.Parameter(torch.randn(inputs), requires_grad=False)
        self.register_buffer("average", torch.zeros(()))
        self.register_buffer("unsaved", torch.randn(inputs), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.second(self.alpha(torch.selu(self.first(x + self.frozen)))) + self.unsaved
        if self.training:
            self.average.mul_(0.9).add_(0.1 * x.detach().mean())
        x = self.drop(self.read(x.unsqueeze(1)))
        return (
            self.write(self.recurrent(x.permute(2, 0, 1))[1][-2:].transpose(0, 1).flatten(1)) - self.average
        )


def test_the_users_own_network() -> None:
    source = source_of("table")
    base = Recipe.make(network="own", factory=f"{__name__}:Net", batch_size=8, epochs=ROUNDS, lr=0.01)
    group = [Member(k, base.replace(lr=0.01 * (k + 1)), seed=k, fold=k % 2) for k in range(3)]
    together, loop = trained(group, source), trained(group, source, LOOPED)
    assert together.state.alive == [True] * 3
    for k, member in enumerate(group):
        assert_alike(together, k, loop, k)
        assert_alike(together, k, trained([member], source), 0)


@pytest.mark.parametrize(
    ("form", "knobs"),
    [
        ("table", {"network": "mlp", "residual": True, "norm": "batch"}),
        ("series", {"network": "rnn"}),
        ("series", {"network": "transformer"}),
        ("image", {"network": "cnn", "norm": "group"}),
    ],
)
def test_in_single_precision_within_its_rounding(form: Form, knobs: dict[str, Any]) -> None:
    """Losses within 1e-4; of parameters, some only drift: Adam makes steps of what rounding leaves of 0."""
    source = source_of(form)
    group = members({"depth": 2, "width": 8, "heads": 2, **knobs}, dropout=0.2)
    together, loop = (trained(group, source, way, torch.float32) for way in (STACKED, LOOPED))
    np.testing.assert_allclose(together.point().train_loss, loop.point().train_loss, rtol=1e-4)


def test_in_bfloat16_within_its_rounding() -> None:
    """Eight bits of precision: losses within 2 %, and not those of single precision."""
    source = source_of("image")
    group = members({"network": "cnn", "depth": 1, "width": 8, "norm": "batch"}, dropout=0.2)
    ways = Way(True, 4, bfloat16=True), Way(False, 1, bfloat16=True), LOOPED
    together, loop, exact = (trained(group, source, way, torch.float32).point().train_loss for way in ways)
    np.testing.assert_allclose(together, loop, rtol=0.02)
    assert (together != exact).all()


@pytest.mark.parametrize("family", ["cnn", "rnn"])
def test_probes_see_what_they_see_in_a_loop(family: str) -> None:
    source = source_of("series")
    group = members({"network": family, "depth": 1, "width": 4}, dropout=0.2)
    points = []
    for way in (STACKED, LOOPED):
        chunk = Chunk(group, source, dtype=torch.float64, probes=True, way=way)
        chunk.round()
        points.append(chunk.point())
    assert points[0].layers == points[1].layers
    for name, values in points[0].probes.items():
        np.testing.assert_allclose(values, points[1].probes[name], rtol=1e-8, atol=1e-10, err_msg=name)


def test_a_fault_is_found_where_the_loop_finds_it() -> None:
    source = source_of("series")
    group = members({"network": "cnn", "depth": 1, "width": 4}, dropout=0.2)
    found = []
    for way in (STACKED, LOOPED):
        chunk = Chunk(group, source, dtype=torch.float64, way=way)
        column = chunk._layout.columns["stages.0.bias"][0]
        chunk.state.theta[1, column] = torch.inf
        chunk.round()
        found.append((chunk._program.fault(1), chunk._program.fault(0)))
    assert found[0] == found[1] == ("stages.0", "")
