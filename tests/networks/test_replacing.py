"""Layers are replaced by ones of the same size, wherever they stand, and others are left alone."""

import pytest
import torch
from torch import nn

from steepest.base.errors import BadInput
from steepest.networks.replacing import replaceable, replaced


def network(norm: nn.Module, conv: type[nn.Module] = nn.Conv2d) -> nn.Module:
    shared = nn.ReLU()
    inner = nn.Sequential(conv(3, 8, 3), norm, shared, nn.Dropout2d(0.1), nn.Sigmoid())
    return nn.Sequential(inner, shared, nn.Flatten(), nn.Dropout(0.2))


def kinds(module: nn.Module) -> list[str]:
    return [type(layer).__name__ for layer in module.modules() if not list(layer.children())]


def test_rates_of_every_dropout_layer():
    made = replaced(network(nn.BatchNorm2d(8)), dropout=0.35)
    assert [layer.p for layer in made.modules() if hasattr(layer, "p")] == [0.35, 0.35]


def test_every_activation_but_gates_and_a_shared_one_stays_shared():
    made = replaced(network(nn.BatchNorm2d(8)).eval(), activation="mish")
    assert kinds(made) == ["Conv2d", "BatchNorm2d", "Mish", "Dropout2d", "Sigmoid", "Flatten", "Dropout"]
    assert made[0][2] is made[1]
    assert not made[1].training
    assert isinstance(replaced(nn.ReLU(), activation="tanh"), nn.Tanh)


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (nn.BatchNorm2d(8), "layer", nn.GroupNorm),
        (nn.BatchNorm2d(8), "rms", nn.RMSNorm),
        (nn.BatchNorm2d(8), "none", nn.Identity),
        (nn.GroupNorm(2, 8), "batch", nn.BatchNorm2d),
        (nn.GroupNorm(2, 8), "layer", nn.GroupNorm),
    ],
)
def test_norms_of_channels_become_any_other(old, new, kind):
    made = replaced(network(old), norm=new)
    assert isinstance(made[0][1], kind)
    assert made(torch.randn(2, 3, 5, 5)).shape == (2, 72)


@pytest.mark.parametrize("new", ["batch", "layer", "group", "rms"])
def test_a_batch_norm_of_rows_or_of_sequences_becomes_one_of_either(new):
    for x in (torch.randn(6, 8), torch.randn(6, 8, 5)):
        assert replaced(nn.Sequential(nn.BatchNorm1d(8)), norm=new)(x).shape == x.shape


def test_layer_norms_of_the_last_axis_keep_their_axis():
    made = replaced(nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8)), norm="rms")
    out = made(torch.randn(2, 5, 3))
    torch.testing.assert_close(out.square().mean(-1), torch.ones(2, 5), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("module", "asked", "message"),
    [
        (nn.Sequential(nn.Linear(3, 8), nn.LayerNorm(8)), {"norm": "batch"}, "does not say which axis batch"),
        (nn.Sequential(nn.GroupNorm(2, 8)), {"norm": "batch"}, "a GroupNorm does not say"),
        (nn.Linear(3, 2), {"dropout": 0.1}, "dropout must find a layer .* but got 0.1. Leave dropout out"),
        (
            nn.Sequential(nn.Linear(3, 2), nn.Sigmoid()),
            {"activation": "relu"},
            "activation must find a layer",
        ),
    ],
)
def test_what_cannot_be_replaced_is_refused(module, asked, message):
    with pytest.raises(BadInput, match=message):
        replaced(module, **asked)


def test_what_can_be_replaced_is_told():
    assert replaceable(network(nn.BatchNorm2d(8))) == ("dropout", "activation", "norm")
    assert replaceable(nn.Linear(2, 1)) == ()
