"""A stack's batches are its members' own, whatever each of them does to its examples."""

from typing import Any

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import Split
from steepest.training.batches import Batches
from steepest.training.feed import Feed
from steepest.training.member import Member
from steepest.training.source import Source

IMAGES, TEXTS = {"flip": 0.5, "erase": 0.5, "cutmix": 1.0}, {"token_dropout": 0.3}


def batches_of(form: str, extras: dict[str, Any]) -> tuple[Batches, torch.Tensor]:
    draw = np.random.default_rng(0)
    x: Any = draw.normal(size=(30, 12)).astype(np.float32)
    if form == "text":
        x = draw.integers(0, 4, (30, 12), dtype=np.int32)
    data = DataSet(
        name="toy", task="classification", target="y", classes=("a", "b"), x=x, y=draw.integers(0, 2, 30),
        form=form, shape=(1, 3, 4) if form == "image" else (12,),
        vocabulary=tuple("abcd") if form == "text" else (),
    )  # fmt: skip
    source = Source.of(data, [Split(np.arange(20), np.arange(20, 30)), Split(np.arange(9, 30), np.arange(9))])
    base = Recipe(network="cnn", depth=1)
    members = [
        Member(0, base.replace(**extras), 0, 0),
        Member(1, base, 1, 1),
        Member(2, base.replace(**extras), 2, 1),
    ]
    feed = Feed(source, members, torch.float64)
    return Batches(members, source, feed, torch.float64), torch.tensor(
        [[9, 10, 12, 11], [13, 9, 14, 15], [19, 9, 10, 18]]
    )


@pytest.mark.parametrize(("form", "extras"), [("image", IMAGES), ("image", {}), ("text", TEXTS)])
@pytest.mark.parametrize("some", [(0, 1, 2), (0, 2), (1,)])
def test_a_stack_reads_what_each_reads(form: str, extras: dict[str, Any], some: tuple[int, ...]) -> None:
    batches, rows = batches_of(form, extras)
    x, targets, mixing = batches.stack(some, rows[list(some)], 3, 5)
    assert (mixing is None) == ("cutmix" not in extras or some == (1,))
    for i, k in enumerate(some):
        own_x, own_target, own = batches.one(k, rows[k], 3, 5)
        assert torch.equal(x[i], own_x)
        assert torch.equal(targets[i], own_target)
        if mixing is not None:
            partner = torch.arange(4) if own is None else own.partner
            assert torch.equal(mixing.partner[i], partner)
            assert torch.equal(
                mixing.share[i], torch.ones(4, dtype=torch.float64) if own is None else own.share
            )


def test_what_is_scored_is_not_augmented() -> None:
    batches, rows = batches_of("image", IMAGES)
    x, targets = batches.plain((0, 1, 2), rows)
    changed, _, _ = batches.stack((0, 1, 2), rows, 0, 0)
    assert not torch.equal(x[0], changed[0])
    assert torch.equal(x[1], changed[1])
    assert torch.equal(targets[1], batches.one(1, rows[1], 0, 0)[1])
