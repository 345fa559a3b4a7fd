"""Dropout by address: its statistics, its independence of everything but the address, every kind of layer."""

import itertools
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import vmap

from steepest.networks.dropping import Dropping, Rates, factors
from steepest.networks.plain.parts import DropPath

SHAPE = 64, 256
KEYS = torch.tensor([3, 4, 2**62 + 3, 3 + 2**32])


def kept(p: float, keys: Tensor = KEYS, place: int = 0, call: int = 0) -> Tensor:
    """Which elements are kept, [K, elements]."""
    rates = Rates.of([p] * len(keys), torch.float64)
    found = factors(keys, rates.limit, torch.ones_like(rates.scale), place, call, SHAPE)
    return found.flatten(1)


@pytest.mark.parametrize("p", [0.01, 0.2, 0.5, 0.9])
def test_the_rate_is_met(p: float) -> None:
    """Within five standard errors, for every key, over rows and over columns."""
    found = kept(p).view(len(KEYS), *SHAPE)
    for axes in ((1, 2), (1,), (2,)):
        share = found.mean(axes)
        error = (p * (1 - p) * share.numel() / found.numel()) ** 0.5
        assert (share - (1 - p)).abs().max() < 5 * error


def test_masks_of_other_keys_places_calls_and_elements_are_independent() -> None:
    """Correlations of half a million pairs of masks' elements stay within five standard errors of 0."""
    keys = torch.cat([KEYS, torch.arange(8) + 2**40])
    masks = [kept(0.5, keys, place, call) for place, call in ((0, 0), (0, 1), (1, 0), (1, 1), (2, 3))]
    signs = 2 * torch.cat(masks) - 1
    count = signs.shape[1]
    between = signs @ signs.T / count
    assert (between - torch.eye(len(signs), dtype=between.dtype)).abs().max() < 5 / count**0.5
    for lag in (1, 2, 3, 4, 8, 16, 64, 255, 256, 257, 1024):
        within = (signs[:, lag:] * signs[:, :-lag]).mean()
        assert within.abs() < 5 / (signs.numel() - lag * len(signs)) ** 0.5, lag


def test_bits_in_a_row_are_as_often_kept_as_chance_has_it() -> None:
    """Counts of the 16 patterns of four neighbours: chi-square, 15 degrees of freedom, tail of 1e-6."""
    found = kept(0.5, torch.arange(40) * 7919).view(-1, 4)
    pattern = (found @ torch.tensor([8.0, 4.0, 2.0, 1.0], dtype=torch.float64)).numpy().astype(int)
    count, expected = np.bincount(pattern, minlength=16), len(pattern) / 16
    assert ((count - expected) ** 2 / expected).sum() < 58


def test_nothing_and_everything() -> None:
    rates = Rates.of([0.0, 1.0], torch.float32)
    found = factors(torch.tensor([1, 1]), rates.limit, rates.scale, 0, 0, (1000,))
    assert (found[0] == 1).all()
    assert (found[1] == 0).all()


def test_fewer_rows_draw_as_the_first_of_more() -> None:
    rates = Rates.of([0.4] * len(KEYS), torch.float32)
    many, few = (factors(KEYS, rates.limit, rates.scale, 2, 0, (rows, 7)) for rows in (9, 5))
    assert torch.equal(many[:, :5], few)


LAYERS: dict[str, tuple[Callable[[float], nn.Module], tuple[int, ...]]] = {
    "elements": (nn.Dropout, (5, 6)),
    "in place": (partial(nn.Dropout, inplace=True), (5, 6)),
    "channels 1d": (nn.Dropout1d, (5, 6, 7)),
    "channels 1d, no batch": (nn.Dropout1d, (50, 7)),
    "channels 2d": (nn.Dropout2d, (5, 6, 3, 4)),
    "channels 3d": (nn.Dropout3d, (5, 6, 2, 3, 4)),
    "alpha": (nn.AlphaDropout, (5, 6)),
    "alpha in place": (partial(nn.AlphaDropout, inplace=True), (5, 6)),
    "channels alpha": (nn.FeatureAlphaDropout, (5, 6, 7)),
    "paths": (DropPath, (50, 6)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_stack_draws_as_each_alone_with_rates_of_their_own(name: str) -> None:
    make, shape = LAYERS[name]
    network = nn.Sequential(make(0.3), nn.Identity(), make(0.6))
    dropping = Dropping(network)
    rates = Rates.of([[0.0, 0.6], [0.3, 0.5], [0.9, 0.0], [0.0, 0.0]], torch.float64)
    x = torch.randn(len(KEYS), *shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

    def one(key: Tensor, p: Tensor, limit: Tensor, scale: Tensor, x: Tensor) -> Tensor:
        dropping.begin(key, Rates(p, limit, scale), frozenset())
        return network(x.clone())

    together = vmap(one)(KEYS, *rates, x)
    for k, key in enumerate(KEYS):
        dropping.begin(key, Rates(*(each[k] for each in rates)), frozenset())
        assert torch.equal(together[k], network(x[k].clone()))
    torch.testing.assert_close(together[3], x[3])
    assert not torch.equal(together[1], x[1])
    network.eval()
    assert torch.equal(vmap(one)(KEYS, *rates, x), x)


@pytest.mark.parametrize("name", [name for name in LAYERS if "place" not in name])
def test_kept_and_dropped_values_are_those_of_torch(name: str) -> None:
    """The set of values that ones become is the same, and whole channels share one."""
    make, shape = LAYERS[name]
    layer = make(0.3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = layer(torch.ones(shape, dtype=torch.float64))
    dropping = Dropping(layer)
    dropping.begin(torch.tensor(5))
    ours = layer(torch.ones(shape, dtype=torch.float64))
    torch.testing.assert_close(ours.unique(), theirs.unique())
    axes = [a for a in range(len(shape)) if bool((theirs == theirs.select(a, 0).unsqueeze(a)).all())]
    for axis in axes:
        assert (ours == ours.select(axis, 0).unsqueeze(axis)).all()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    layer = nn.AlphaDropout(0.2)
    dropping = Dropping(layer)
    dropping.begin(torch.tensor(11))
    y = layer(torch.randn(400, 500, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    assert y.mean().abs() < 0.02
    assert abs(float(y.var()) - 1) < 0.02


def test_names_parameters_and_identity_stay_and_gradients_pass() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.drop = nn.Linear(3, 3), nn.Dropout(0.5)
            self.steps = [self.a, self.drop, self.drop]  # a reference that is no child

        def forward(self, x: Tensor) -> Tensor:
            for step in self.steps:
                x = step(x)
            return x

    network = Net()
    before, drop = list(network.state_dict()), network.drop
    dropping = Dropping(network)
    assert list(network.state_dict()) == before
    assert network.drop is drop
    assert isinstance(drop, nn.Dropout)
    x = torch.ones(200, 3, requires_grad=True)
    dropping.begin(torch.tensor(1))
    y = network(x)
    share = float((y != 0).float().mean())
    assert 0.18 < share < 0.32  # two calls draw apart: a quarter is left
    dropping.end()
    assert torch.equal(network(x), y)  # computed once more, as checkpointing does
    y.sum().backward()
    torch.testing.assert_close(x.grad, (y != 0).float() @ network.a.weight * 4)


def test_layers_that_users_derive_are_left_alone() -> None:
    class Scaled(nn.Dropout):
        def forward(self, x: Tensor) -> Tensor:
            return 2 * super().forward(x)

    network = nn.Sequential(Scaled(0.5), nn.Dropout(0.1))
    dropping = Dropping(network)
    assert dropping.probabilities == [0.1]
    assert type(network[0]) is Scaled


def test_keys_that_differ_in_one_bit_give_other_masks() -> None:
    keys = torch.tensor([0, *(1 << bit for bit in range(63))])
    found = kept(0.5, keys)
    for a, b in itertools.pairwise(found):
        assert 0.45 < float((a == b).double().mean()) < 0.55
