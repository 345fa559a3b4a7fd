"""Augmentation's pure functions against plain loops over rows and inputs."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from steepest.data.augment import LEVELS, add_noise_, drop_inputs_, drop_limit, mix_, normal

M, B, D = 3, 5, 4


def numbers(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bits(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).integers(0, LEVELS, shape, np.uint16))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_all_normal_numbers_together_have_mean_0_and_variance_1(dtype):
    every = torch.arange(LEVELS, dtype=torch.int32).to(torch.uint16)
    z = normal(every, dtype)
    assert z.dtype == dtype
    z = z.double()
    assert abs(float(z.mean())) < 1e-8
    assert float(z.square().mean()) == pytest.approx(1, abs=1e-6)
    assert float(z.max()) == -float(z.min()) == pytest.approx(4.3, abs=0.05)
    assert (z.diff() > 0).all()
    share = (np.arange(LEVELS) + 0.5) / LEVELS
    np.testing.assert_allclose(norm.cdf(z.numpy()), share, atol=2e-5)


def test_noise_is_added_by_member_and_input():
    x, z, deviation = numbers(M, B, D), numbers(M, B, D, seed=1), numbers(M, 1, D, seed=2).abs()
    deviation[1, 0, 2] = 0
    want = x.clone()
    for m, b, d in np.ndindex(M, B, D):
        want[m, b, d] += deviation[m, 0, d] * z[m, b, d]
    before = x.clone()
    assert add_noise_(x, z, deviation) is x
    torch.testing.assert_close(x, want, rtol=1e-14, atol=0)
    assert torch.equal(x[1, :, 2], before[1, :, 2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_inputs_below_the_rate_become_zero_and_the_others_stay(dtype):
    x, draws, rates = numbers(M, B, D).to(dtype), bits(M, B, D), [0.0, 0.3, 0.95]
    before = x.clone()
    assert drop_inputs_(x, draws, drop_limit(rates)) is x
    for m, b, d in np.ndindex(M, B, D):
        dropped = int(draws[m, b, d]) < rates[m] * LEVELS
        assert x[m, b, d] == (0 if dropped else before[m, b, d])


@pytest.mark.parametrize("rate", [1e-5, 0.02, 0.3, 0.95])
def test_of_all_bit_patterns_the_rate_is_dropped(rate):
    every = torch.arange(LEVELS, dtype=torch.int32).to(torch.uint16).view(1, 1, -1)
    kept = drop_inputs_(torch.ones(1, 1, LEVELS), every, drop_limit([rate]))
    assert abs(1 - float(kept.double().mean()) - rate) <= 0.5 / LEVELS


@given(seed=st.integers(0, 1000), shape=st.sampled_from([(M, B, D), (M, B)]))
def test_mixing_is_the_equation_row_by_row(seed, shape):
    rng = np.random.default_rng(seed)
    x, share = numbers(*shape, seed=seed), torch.from_numpy(rng.random(M))
    partner = torch.from_numpy(np.stack([rng.permutation(B) for _ in range(M)]))
    want = x.clone()
    for m, b in np.ndindex(M, B):
        want[m, b] = share[m] * x[m, b] + (1 - share[m]) * x[m, partner[m, b]]
    mix_(x, partner, share)
    torch.testing.assert_close(x, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_share_of_one_and_ones_own_partner_change_no_bit(dtype):
    x = 1e3 * numbers(M, B, D).to(dtype)
    before, away = x.clone(), torch.arange(B).roll(1).repeat(M, 1)
    mix_(x, away, torch.ones(M, dtype=dtype))
    assert torch.equal(x, before)
    mix_(x, torch.arange(B).repeat(M, 1), torch.tensor([0.3, 0.7, 0.0], dtype=dtype))
    assert torch.equal(x, before)


def test_mixing_keeps_the_mean_of_a_batch():
    x, partner = numbers(1, B, D), torch.tensor([[3, 0, 4, 1, 2]])
    mean = x.mean(1)
    torch.testing.assert_close(mix_(x, partner, torch.tensor([0.2], dtype=torch.float64)).mean(1), mean)
