"""Augmentation of series and texts against plain loops."""

import numpy as np
import pytest
import torch

from steepest.data.augment_series import PADDING, UNKNOWN, delay, drop_tokens_, mask_, rescale_

B, T, F = 5, 7, 3


def series(seed: int = 0) -> torch.Tensor:
    return torch.randn(B, T, F, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_each_series_has_one_factor():
    x, z = series(), torch.tensor([0.0, 1.0, -1.0, 2.0, 0.5])
    got = rescale_(x.clone(), z, 0.2)
    for b in range(B):
        torch.testing.assert_close(got[b], (1 + 0.2 * float(z[b])) * x[b])
    assert torch.equal(rescale_(x.clone(), z, 0.0), x)


def test_masked_stretches_are_0_and_all_else_stays():
    x, start, length = series(), np.array([0, 2, 6, 0, 3]), np.array([0, 3, 1, 7, 1])
    want = x.clone()
    for b, t in np.ndindex(B, T):
        if start[b] <= t < start[b] + length[b]:
            want[b, t] = 0
    assert mask_(x, start, length) is x
    assert torch.equal(x, want)
    assert torch.equal(x[0], series()[0])


def test_shifted_series_repeat_their_ends():
    x, by = series(), np.array([0, 2, -3, 9, -9])
    before, got = x.clone(), delay(x, by)
    for b, t in np.ndindex(B, T):
        assert torch.equal(got[b, t], x[b, min(max(t - by[b], 0), T - 1)])
    assert torch.equal(got[0], x[0])
    assert torch.equal(x, before)


@pytest.mark.parametrize("limit", [0, 30_000, 65_535])
def test_tokens_below_the_limit_become_unknown_and_padding_stays(limit):
    rng = np.random.default_rng(0)
    x, bits = torch.from_numpy(rng.integers(0, 9, (B, T))), rng.integers(0, 65_536, (B, T), np.uint16)
    before = x.clone()
    assert drop_tokens_(x, torch.from_numpy(bits), limit) is x
    for b, t in np.ndindex(B, T):
        hit = bits[b, t] < limit and before[b, t] != PADDING
        assert x[b, t] == (UNKNOWN if hit else before[b, t])
    assert (before == PADDING).any()
