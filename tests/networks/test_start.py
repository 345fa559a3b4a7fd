"""Weights of every kind of layer start with the variance their scheme states; the rest as it is written."""

import math

import pytest
import torch
from torch import nn

from steepest.base.errors import BadRecipe
from steepest.base.recipe import Recipe
from steepest.networks.activations import activation
from steepest.networks.families import module_spec
from steepest.networks.initialisation import SCHEMES, initialise_module
from steepest.networks.plain import start
from steepest.networks.plain.parts import ACTIVATIONS, Residual
from steepest.networks.plain.pasting import paste
from steepest.networks.ports import Ports

W = 64
CNN = {"network": "cnn", "width": W, "depth": 2, "norm": "none", "activation": "relu"}
SPECS = {
    "cnn": module_spec(Recipe(**CNN), Ports("image", (32, 16, 16), 80)),
    "separable": module_spec(Recipe(**CNN, convolution="separable"), Ports("image", (32, 16, 16), 80)),
    "residual": module_spec(Recipe(**CNN, residual=True), Ports("image", (32, 16, 16), 80)),
    "gru": module_spec(Recipe(network="rnn", width=W, depth=1), Ports("series", (9, 48), 40)),
    "lstm": module_spec(Recipe(network="rnn", cell="lstm", width=W, depth=1), Ports("series", (9, 48), 40)),
    "transformer": module_spec(
        Recipe(network="transformer", width=W, depth=1, heads=4, norm="layer", activation="relu"),
        Ports("text", (50,), 90, tokens=90),
    ),
    "mlp": module_spec(
        Recipe(network="mlp", width=W, depth=2, residual=True), Ports("table", (60,), 40, codes=((3, 70),))
    ),
}
# (network, parameter): fan_in, fan_out, squared gain, rows and columns of each block that is drawn by itself
LAYERS = {
    ("cnn", "stages.0.weight"): (32 * 9, W * 9, 2, W),
    ("cnn", "stages.5.weight"): (W * 9, 2 * W * 9, 2, 2 * W),
    ("cnn", "head.weight"): (2 * W, 80, 1, 80),
    ("separable", "stages.1.weight"): (32, W, 2, W),
    ("residual", "stages.0.branch.0.weight"): (32 * 9, W * 9, 2, W),
    ("residual", "stages.0.branch.2.weight"): (W * 9, W * 9, 1, W),
    ("residual", "stages.0.shortcut.0.weight"): (32, W, 1, W),
    ("gru", "layers.0.weight_ih_l0"): (48, W, 1, W),
    ("gru", "layers.0.weight_hh_l0"): (W, W, 1, W),
    ("lstm", "layers.0.weight_ih_l0"): (48, W, 1, W),
    ("lstm", "layers.0.weight_hh_l0"): (W, W, 1, W),
    ("lstm", "head.weight"): (W, 40, 1, 40),
    ("transformer", "halves.0.branch.1.qkv.weight"): (W, W, 1, W),
    ("transformer", "halves.0.branch.1.out.weight"): (W, W, 1, W),
    ("transformer", "halves.1.branch.1.weight"): (W, 4 * W, 2, 4 * W),
    ("transformer", "halves.1.branch.3.weight"): (4 * W, W, 1, W),
    ("transformer", "head.weight"): (W, 90, 1, 90),
    ("mlp", "first.0.weight"): (59 + 32, W, 2, W),
    ("mlp", "blocks.0.branch.0.weight"): (W, W, 2, W),
    ("mlp", "blocks.0.branch.3.weight"): (W, W, 1, W),
    ("mlp", "head.weight"): (W, 40, 1, 40),
}


def variance(scheme: str, fan_in: int, fan_out: int, gain2: float, rows: int) -> float:
    return {
        "normal": 0.03**2,
        "small_normal": 1e-4,
        "xavier": 2 / (fan_in + fan_out),
        "he": gain2 / fan_in,
        "lecun": 1 / fan_in,
        "orthogonal": gain2 * min(rows, fan_in) / (rows * fan_in),
    }[scheme if scheme in ("normal", "small_normal") else scheme.split("_")[0]]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("network", "name"), LAYERS)
def test_variance_and_mean(scheme, network, name):
    fan_in, fan_out, gain2, rows = LAYERS[network, name]
    weight = initialise_module(SPECS[network], scheme, 3, torch.float64, init_std=0.03)[name]
    wanted, n = variance(scheme, fan_in, fan_out, gain2, rows), weight.numel()
    assert weight.numel() % (rows * fan_in) == 0
    # 5 standard errors, of a variance at most variance·√(2/n), of a mean √(variance/n)
    assert weight.var(correction=0).item() == pytest.approx(wanted, rel=5 * math.sqrt(2 / n))
    assert abs(weight.mean().item()) < 5 * math.sqrt(wanted / n)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_each_channel_of_a_depthwise_convolution_is_a_matrix_of_its_own(scheme):
    weight = initialise_module(SPECS["separable"], scheme, 3, torch.float64, init_std=0.03)["stages.0.weight"]
    wanted = variance(scheme, 9, 9, 1, 1)  # a pointwise convolution follows, no activation
    assert weight.shape == (32, 1, 3, 3)
    assert weight.var().item() == pytest.approx(wanted, rel=5 * math.sqrt(2 / weight.numel()))
    if scheme == "orthogonal":
        torch.testing.assert_close(weight.flatten(1).norm(dim=1), torch.ones(32, dtype=torch.float64))


@pytest.mark.parametrize(("network", "gates"), [("gru", 3), ("lstm", 4)])
def test_each_gate_is_orthogonal_by_itself(network, gates):
    hidden = initialise_module(SPECS[network], "orthogonal", 0, torch.float64)["layers.0.weight_hh_l0"]
    for gate in hidden.chunk(gates):
        torch.testing.assert_close(gate @ gate.T, torch.eye(W, dtype=torch.float64), rtol=0, atol=1e-12)


def test_biases_are_zero_but_an_lstm_remembers():
    for network, spec in SPECS.items():
        for name, value in initialise_module(spec, "he_normal", 0).items():
            if network == "lstm" and "bias_ih" in name:
                assert value.tolist() == [0.0] * W + [1.0] * W + [0.0] * 2 * W
            elif "bias" in name:
                assert not value.any()


def test_embeddings_positions_and_gains():
    transformer = initialise_module(SPECS["transformer"], "he_normal", 0)
    coded = initialise_module(SPECS["mlp"], "he_normal", 0)["front.tables.0.weight"]
    words = module_spec(Recipe(network="cnn", depth=1, width=4), Ports("text", (8,), 2, tokens=300))
    worded = initialise_module(words, "he_normal", 0)["embedding.weight"]
    known = (transformer["positions"], 0.02), (transformer["read.weight"], 0.02), (coded, 1.0), (worded, 0.1)
    for weight, std in known:
        assert weight.std().item() == pytest.approx(std, rel=5 / math.sqrt(2 * weight.numel()))
    assert (transformer["norm.0.weight"] == 1).all()


@pytest.mark.parametrize("norm", ["none", "batch", "layer", "rms"])
@pytest.mark.parametrize("network", ["cnn", "mlp", "transformer"])
def test_zero_init_silences_every_branch(network, norm):
    ports = {
        "cnn": Ports("image", (3, 8, 8), 2),
        "mlp": Ports.table(8, 2),
        "transformer": Ports("series", (8, 3), 2),
    }
    if (network, norm) == ("transformer", "batch"):
        norm = "layer"
    recipe = Recipe(network=network, norm=norm, residual=network != "transformer", width=8, depth=2, heads=2)
    spec = module_spec(recipe, ports[network])
    made = spec.build()
    made.load_state_dict(initialise_module(spec, "he_normal", 0, zero_init=True), strict=False)
    silent = []
    for module in made.modules():
        if isinstance(module, Residual):
            module.register_forward_hook(
                lambda m, x, _: silent.append(not m.branch(x[0]).any() and bool(m.shortcut(x[0]).any()))
            )
    assert made(torch.randn(4, *ports[network].shape)).std() > 0
    assert silent
    assert all(silent)


def test_members_that_differ_in_activation_start_from_the_same_draws():
    tanh = module_spec(Recipe(**{**CNN, "activation": "tanh"}), SPECS["cnn"].ports)
    a, b = (initialise_module(s, "he_normal", 5, torch.float64) for s in (SPECS["cnn"], tanh))
    ratio = activation("tanh").gain / activation("relu").gain
    torch.testing.assert_close(b["stages.0.weight"], ratio * a["stages.0.weight"])
    assert torch.equal(a["head.weight"], b["head.weight"])


def test_float32_is_float64_rounded_seeds_differ_and_the_global_generator_is_untouched():
    before = torch.random.get_rng_state()
    single, double = (
        initialise_module(SPECS["lstm"], "orthogonal", 1, d) for d in (torch.float32, torch.float64)
    )
    other = initialise_module(SPECS["lstm"], "orthogonal", 2)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(value, double[name].float()) for name, value in single.items())
    assert not torch.equal(single["head.weight"], other["head.weight"])


@pytest.mark.parametrize("scheme", ["zeros", "constant"])
def test_weights_that_break_no_symmetry_are_refused(scheme):
    with pytest.raises(BadRecipe, match="equal gradients and stay equal"):
        initialise_module(SPECS["cnn"], scheme, 0)
    with pytest.raises(BadRecipe, match="Did you mean 'orthogonal'"):
        initialise_module(SPECS["cnn"], "orthogonl", 0)


@pytest.mark.parametrize("network", SPECS)
def test_an_exported_script_starts_the_same_way(network):
    spec = SPECS[network]
    pasted, room = paste(dict.fromkeys(("parts.py", *spec.source(), "start.py"))), {"__name__": "train"}
    assert pasted.imports[0] == "import math"
    exec("\n".join((*pasted.imports, pasted.body)), room)
    exported, here = eval(spec.constructor(), room), spec.build()
    torch.manual_seed(4)
    room["initialise"](exported, "he_uniform", 1.3)
    torch.manual_seed(4)
    start.initialise(here, "he_uniform", 1.3)
    assert all(torch.equal(a, b) for a, b in zip(exported.parameters(), here.parameters(), strict=True))


def test_an_activation_is_recognised_after_a_norm_and_in_other_peoples_networks():
    network = nn.Sequential(
        nn.Linear(3, 4), nn.BatchNorm1d(4), nn.GELU(), nn.Sequential(nn.Linear(4, 4), nn.Tanh())
    )
    assert start.activated(network) == [network[0], network[3][0]]


def test_activations_of_exported_scripts_are_those_of_the_package():
    x = torch.linspace(-3, 3, 41)
    for name, module in ACTIVATIONS.items():
        assert torch.equal(module()(x), activation(name).module()(x))


def test_attention_of_torch_is_drawn_by_its_three_maps():
    torch.manual_seed(0)
    network = nn.MultiheadAttention(48, 4)
    start.initialise(network, "orthogonal", 1.0)
    for part in network.in_proj_weight.detach().chunk(3):
        torch.testing.assert_close(part @ part.T, torch.eye(48), rtol=0, atol=1e-5)
    assert not network.in_proj_bias.any()
