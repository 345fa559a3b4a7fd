"""The contract, for modules trained as one stack: a member's path there is its path alone, stacked or looped."""

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

ROUNDS = 5
"""Of four or five steps each."""

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
        name="toy", task=task, target="y", classes=classes, x=x, y=y if task == "regression" else y.astype(np.int64),
        form=form, shape=shape, vocabulary=vocabulary, scaled=scaled,
    )  # fmt: skip
    return Source.of(data, [Split(np.arange(33), np.arange(33, 40)), Split(np.arange(6, 40), np.arange(6))])


def cases() -> Iterator[Any]:
    """Every family, variant and norm, with dropout and without; where without, augmented."""
    for family, variants in VARIANTS.items():
        for form, variant in variants:
            for norm in NORMS[family]:
                for dropout in (0.0, 0.3):
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
            Member(3, base.replace(**extras, lr=0.003, focal=0.5, label_smoothing=0.1), seed=6, fold=0),
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
