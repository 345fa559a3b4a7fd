"""The contract, for every family: a member's path among others is its path alone, whatever it draws."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet, Form, Task
from steepest.data.split import Split
from steepest.training.chunk import Chunk, arranged
from steepest.training.member import Member
from steepest.training.source import Source

ROUNDS = 3
SHAPES: dict[Form, tuple[int, ...]] = {"table": (6,), "image": (2, 8, 8), "series": (8, 3), "text": (8,)}
NORMS = {
    "mlp": ("none", "batch", "layer", "group", "rms"),
    "cnn": ("none", "batch", "layer", "group", "rms"),
    "rnn": ("none",),
    "transformer": ("none", "layer", "rms"),
    "linear": ("none",),
}
FORMS: dict[str, tuple[Form, ...]] = {
    "linear": ("table", "image", "series"),
    "mlp": ("table", "image", "series"),
    "cnn": ("image", "series", "text"),
    "rnn": ("series", "text"),
    "transformer": ("series", "text"),
}
VARIANTS: dict[str, tuple[dict[str, Any], ...]] = {
    "linear": ({},),
    "mlp": ({}, {"residual": True, "drop_path": 0.2}, {"bins": 8}, {"bins": 4, "residual": True}),
    "cnn": ({}, {"residual": True, "drop_path": 0.2}, {"convolution": "separable", "pooling": "stride"}),
    "rnn": ({"cell": "gru"}, {"cell": "lstm", "bidirectional": True, "readout": "mean", "depth": 2}),
    "transformer": ({"drop_path": 0.2}, {"readout": "mean", "zero_init": True}),
}
STRENGTHS = {
    "input_noise": 0.1, "input_dropout": 0.1, "mixup": 0.4, "cutmix": 1.0, "flip": 0.5, "shift": 0.2,
    "rotate": 15.0, "scale": 0.1, "brightness": 0.2, "contrast": 0.2, "colour": 0.2, "erase": 0.5,
    "magnitude": 0.1, "time_mask": 0.3, "time_shift": 0.3, "token_dropout": 0.2,
}  # fmt: skip


def source_of(form: Form, task: Task = "classification") -> Source:
    """Forty examples, thirty to train on, as one of three classes."""
    draw, shape, rows = np.random.default_rng(0), SHAPES[form], 40
    x: Any = draw.normal(size=(rows, int(np.prod(shape)))).astype(np.float32)
    vocabulary: tuple[str, ...] = ()
    if form == "text":
        x, vocabulary = draw.integers(0, 9, (rows, shape[0]), dtype=np.int32), tuple("abcdefghi")
    y: Any = draw.integers(0, 3, rows)
    classes: tuple[str, ...] = ("a", "b", "c")
    if task == "next-token":
        y, classes = draw.integers(0, 9, (rows, shape[0])), vocabulary
    scaled = np.ones(shape[0], np.bool_) if form == "table" else np.empty(0, np.bool_)
    data = DataSet(
        name="toy", task=task, target="y", classes=classes, x=x, y=y.astype(np.int64), form=form, shape=shape,
        vocabulary=vocabulary, scaled=scaled,
    )  # fmt: skip
    return Source.of(data, [Split(np.arange(30), np.arange(30, 40)), Split(np.arange(10, 40), np.arange(10))])


def cases() -> Iterator[Any]:
    """Every family, form, variant, norm, with dropout and without, with all augmentation and without."""
    for family, forms in FORMS.items():
        for form in forms:
            for number, variant in enumerate(VARIANTS[family]):
                for norm in NORMS[family]:
                    augmented = {
                        name: strength
                        for name, strength in STRENGTHS.items()
                        if not KNOBS[name].forms or form in KNOBS[name].forms
                    }
                    name = f"{family}-{form}-{number}-{norm}"
                    knobs = {"network": family, "depth": 1, "width": 4, "heads": 2, "norm": norm, **variant}
                    yield pytest.param(form, knobs, {"dropout": 0.3}, id=f"{name}-dropout")
                    yield pytest.param(form, knobs, augmented, id=f"{name}-augmented")


def members(knobs: dict[str, Any], extras: dict[str, Any]) -> list[Member]:
    """Three members that differ in all that does not split a stack; one of them has no extras."""
    base = Recipe(batch_size=8, epochs=ROUNDS, lr=0.01, **knobs)
    flat = knobs["network"] in ("linear", "mlp")  # flat rows cannot be moved: such members are another stack
    some = {
        name: value
        for name, value in extras.items()
        if flat and KNOBS[name].forms in (("image",), ("series",))
    }
    own = {"initialisation": "orthogonal", "clip_norm": 0.5, "averaging": 0.8}
    return arranged(
        [
            Member(0, base.replace(**extras), seed=3, fold=0),
            Member(1, base.replace(lr=0.02, optimizer="nesterov", activation="tanh", **some), seed=4, fold=1),
            Member(2, base.replace(**extras, **own), seed=5, fold=1),
        ]
    )


def trained(group: list[Member], source: Source, rounds: int = ROUNDS) -> Chunk:
    chunk = Chunk(group, source, dtype=torch.float64)
    for _ in range(rounds):
        assert chunk.round()
    return chunk


@pytest.mark.parametrize(("form", "knobs", "extras"), list(cases()))
def test_a_member_among_others_is_the_member_alone(
    form: Form, knobs: dict[str, Any], extras: dict[str, Any]
) -> None:
    source = source_of(form)
    group = members(knobs, extras)
    together = trained(group, source)
    point = together.point()
    assert together.state.alive == [True] * 3
    for k, member in enumerate(group):
        alone = trained([member], source)
        torch.testing.assert_close(together.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-11)
        torch.testing.assert_close(together.state.buffers[k], alone.state.buffers[0], rtol=1e-9, atol=1e-11)
        if member.recipe.averaging:
            torch.testing.assert_close(
                together.state.average[k], alone.state.average[0], rtol=1e-9, atol=1e-11
            )
        solo = alone.point()
        for name, values in point.metrics.items():
            np.testing.assert_allclose(values[k], solo.metrics[name][0], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("family", ["rnn", "transformer"])
def test_next_tokens_too(family: str) -> None:
    source = source_of("text", "next-token")
    group = members({"network": family, "depth": 1, "width": 4, "heads": 2}, {"dropout": 0.2})
    together = trained(group, source)
    for k, member in enumerate(group):
        alone = trained([member], source)
        torch.testing.assert_close(together.state.theta[k], alone.state.theta[0], rtol=1e-9, atol=1e-11)


def test_cut_and_continued_equals_uninterrupted() -> None:
    source = replace(source_of("image"), rounds=2)
    knobs = {"network": "cnn", "depth": 2, "width": 4, "norm": "batch"}
    group = members(knobs, {"dropout": 0.3, "flip": 0.5, "mixup": 0.3})
    whole = trained(group, source, 6)
    first = trained(group, source, 2)
    keep = [0, 2]
    second = Chunk([group[k] for k in keep], source, first.state.take(keep), torch.float64)
    for _ in range(4):
        second.round()
    torch.testing.assert_close(second.state.theta, whole.state.theta[keep], rtol=1e-9, atol=1e-12)
    assert second.state.round == whole.state.round == 6
