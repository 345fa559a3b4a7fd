"""Dropout masks: the declared rate, scaled survivors, and no influence of neighbours."""

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.base.seeds import generator
from steepest.training.masks import BLOCK, Masks
from steepest.training.member import Member


def member(number: int, dropout: float, seed: int) -> Member:
    return Member(number, Recipe(dropout=dropout), seed)


def copies(masks: list[torch.Tensor]) -> list[torch.Tensor]:
    return [m.clone() for m in masks]


@pytest.mark.parametrize("rate", [0.02, 0.15, 0.5, 0.95])
def test_the_rate_is_met_and_survivors_are_scaled(rate: float) -> None:
    masks = Masks([member(0, rate, 3)], [100], [50], torch.float64)
    values = torch.cat([masks.at(0, step, 50)[0].clone() for step in range(2 * BLOCK)]).numpy()
    assert set(np.unique(values)) == {0.0, 1 / (1 - rate)}
    n = values.size
    assert abs((values == 0).mean() - rate) < 5 * (rate * (1 - rate) / n) ** 0.5 + 1e-5
    assert abs(values.mean() - 1) < 0.05 / (1 - rate) ** 0.5


def test_masks_are_the_members_own() -> None:
    trio = [member(0, 0.3, 7), member(1, 0.6, 8), member(2, 0.1, 9)]
    together = Masks(trio, [6, 4], [10, 10, 10], torch.float32)
    for k, alone in enumerate(Masks([m], [6, 4], [10], torch.float32) for m in trio):
        for epoch, step in [(0, 0), (0, 1), (0, BLOCK), (1, 0), (0, 1)]:
            for a, b in zip(together.at(epoch, step, 10), alone.at(epoch, step, 10), strict=True):
                assert torch.equal(a[k], b[0])


def test_neighbours_with_larger_batches_change_nothing() -> None:
    pair = [member(0, 0.3, 7), member(1, 0.6, 8)]
    together = Masks(pair, [6], [10, 25], torch.float32).at(0, 2, 25)[0]
    alone = Masks(pair[:1], [6], [10], torch.float32).at(0, 2, 10)[0]
    assert torch.equal(together[0, :10], alone[0])


def test_a_short_batch_takes_the_first_rows() -> None:
    masks = Masks([member(0, 0.5, 1)], [8], [20], torch.float32)
    whole = masks.at(2, 5, 20)[0].clone()
    assert torch.equal(masks.at(2, 5, 7)[0], whole[:, :7])


def test_steps_epochs_layers_and_seeds_differ() -> None:
    masks = Masks([member(0, 0.5, 1), member(1, 0.5, 2)], [40, 40], [20, 20], torch.float32)
    seen = [copies(masks.at(epoch, step, 20)) for epoch, step in [(0, 0), (0, 1), (0, BLOCK), (1, 0)]]
    flat = [layer[k].numpy().tobytes() for layers in seen for layer in layers for k in range(2)]
    assert len(set(flat)) == len(flat) == 16
    again = copies(masks.at(0, 0, 20))
    assert all(torch.equal(a, b) for a, b in zip(again, seen[0], strict=True))


def test_units_are_dropped_independently() -> None:
    masks = Masks([member(0, 0.5, 11)], [64], [64], torch.float64)
    values = torch.cat([masks.at(0, s, 64)[0].clone() for s in range(BLOCK)]).view(-1, 64).numpy()
    correlation = np.corrcoef((values > 0).T)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 5.5 / len(values) ** 0.5


@pytest.mark.parametrize("rows", [8, 5])  # 5 · 7 units do not fill their last word
def test_units_are_kept_by_sixteen_bits_each_of_the_members_stream(rows: int) -> None:
    masks = Masks([Member(0, Recipe(dropout=0.3, optimizer="gd"), 7)], [7], [rows], torch.float64)
    drawn = generator(7, "dropout", 3, 0, 0).integers(0, 65536, (rows, 7), np.uint16)
    kept = masks.at(3, 0, rows)[0][0].numpy()
    np.testing.assert_allclose(kept, (drawn >= round(65536 * 0.3)) / 0.7)
