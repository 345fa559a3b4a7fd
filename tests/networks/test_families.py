"""Every family keeps one contract on every form of data: shapes, names, gradients, causality, export."""

import pickle
import subprocess
import sys

import pytest
import torch
from torch import Tensor, nn

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.networks.families import (
    COMPETING,
    ModuleSpec,
    defaults_for,
    families_for,
    module_spec,
    suits,
)
from steepest.networks.initialisation import initialise_module
from steepest.networks.plain.pasting import paste
from steepest.networks.ports import Ports

TABLE = Ports.table(6, 3)
CODED = Ports("table", (6,), 3, codes=((2, 5), (5, 30)))
IMAGE = Ports("image", (3, 9, 8), 4)
VOLUME = Ports("image", (1, 5, 4, 4), 4)
SERIES = Ports("series", (12, 3), 2)
STEPS = Ports("series", (12, 3), 2, each=True)
TEXT = Ports("text", (12,), 4, tokens=20)
NEXT = Ports("text", (12,), 20, tokens=20, each=True)
ALL = (TABLE, CODED, IMAGE, VOLUME, SERIES, STEPS, TEXT, NEXT)
EACH = {"series": STEPS, "text": NEXT}

VARIANTS: dict[str, list[dict[str, object]]] = {
    "linear": [{}],
    "mlp": [
        {},
        {"taper": 0.5, "norm": "group", "depth": 3},
        {"norm": "rms", "activation": "gelu"},
        {"norm": "batch"},
        {"residual": True, "norm": "batch", "depth": 3, "drop_path": 0.2},
        {"residual": True, "norm": "layer"},
        {"residual": True, "depth": 1},
    ],
    "cnn": [
        {},
        {"norm": "batch"},
        {"norm": "layer", "kernel": 5, "pooling": "average"},
        {"norm": "group", "pooling": "stride", "residual": True},
        {"norm": "rms", "convolution": "separable"},
        {"norm": "batch", "residual": True, "convolution": "separable", "drop_path": 0.2, "dropout": 0.1},
        {"residual": True, "activation": "silu"},
    ],
    "rnn": [
        {},
        {"cell": "lstm", "depth": 1},
        {"cell": "lstm", "bidirectional": True, "dropout": 0.1},
        {"bidirectional": True, "readout": "mean", "embedding": 7},
    ],
    "transformer": [
        {"norm": "layer"},
        {"norm": "rms", "heads": 2, "readout": "mean", "activation": "gelu"},
        {"norm": "none", "heads": 1, "dropout": 0.1, "drop_path": 0.2},
    ],
}
CASES = [
    pytest.param(
        family,
        ports,
        options,
        id=f"{family}{i}-{ports.form}{ports.each:d}{len(ports.shape)}{len(ports.codes)}",
    )
    for family, variants in VARIANTS.items()
    for i, options in enumerate(variants)
    for ports in ALL
    if not suits(family, ports) and not (ports.each and options.get("bidirectional"))
]
contract = pytest.mark.parametrize(("family", "ports", "options"), CASES)


def made(family: str, ports: Ports, options: dict[str, object]) -> ModuleSpec:
    return module_spec(Recipe.make(network=family, **{"width": 16, "depth": 2, **options}), ports)


def batch(ports: Ports, rows: int = 5) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    if ports.tokens:
        return torch.randint(0, ports.tokens, (rows, *ports.shape), generator=generator)
    x = torch.randn(rows, *ports.shape, generator=generator)
    for place, codes in ports.codes:
        x[:, place] = torch.randint(0, codes, (rows,), generator=generator).float()
    return x


def started(spec: ModuleSpec, dtype: torch.dtype = torch.float32) -> nn.Module:
    network = spec.build(dtype)
    network.load_state_dict(initialise_module(spec, "he_normal", 1, dtype), strict=False)
    return network


@contract
def test_outputs_have_the_shape_of_the_ports(family, ports, options):
    outputs = started(made(family, ports, options))(batch(ports))
    assert outputs.shape == ((5, 12, ports.outputs) if ports.each else (5, ports.outputs))
    assert torch.isfinite(outputs).all()
    assert outputs.std() > 0


@contract
def test_names_and_shapes_are_those_of_the_built_module(family, ports, options):
    spec = made(family, ports, options)
    held = {name: tuple(v.shape) for name, v in spec.build().state_dict().items() if v.is_floating_point()}
    assert held == spec.parameter_shapes | spec.buffer_shapes
    assert list(spec.parameter_shapes) == [name for name, _ in spec.build().named_parameters()]
    assert initialise_module(spec, "he_normal", 0).keys() == spec.parameter_shapes.keys()
    assert spec.fresh_buffers().keys() == spec.buffer_shapes.keys()


@contract
def test_the_gradient_reaches_every_parameter(family, ports, options):
    torch.manual_seed(0)
    network = started(made(family, ports, {**options, "drop_path": 0.0, "dropout": 0.0}), torch.float64)
    x = batch(ports, rows=24)
    outputs = network(x if ports.tokens else x.double())
    (outputs * torch.randn(outputs.shape, dtype=torch.float64)).sum().backward()
    unreached = [name for name, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert unreached == []


@contract
def test_the_exported_text_makes_the_same_network(family, ports, options):
    spec = made(family, ports, options)
    pasted, room = paste(spec.source()), {"__name__": "train"}
    text = "\n".join((*pasted.imports, pasted.body))
    assert "steepest" not in text
    exec(text, room)
    exported, network = eval(spec.constructor(), room).eval(), started(spec).eval()
    exported.load_state_dict(network.state_dict())
    assert list(exported.state_dict()) == list(network.state_dict())
    assert torch.equal(exported(batch(ports)), network(batch(ports)))


@contract
def test_a_record_can_be_sent_stored_and_compared(family, ports, options):
    spec = made(family, ports, options)
    sent = pickle.loads(pickle.dumps(spec))
    assert sent == spec
    assert hash(sent) == hash(spec)
    assert sent.parameter_shapes == spec.parameter_shapes


@contract
def test_weights_are_decayed_and_nothing_else(family, ports, options):
    spec = made(family, ports, options)
    norms = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)
    spared = {f"{path}.weight" for path, module in spec.build().named_modules() if isinstance(module, norms)}
    wanted = [n for n in spec.parameter_shapes if "bias" not in n and n != "positions" and n not in spared]
    assert list(spec.decayed) == wanted


@pytest.mark.parametrize("form", EACH)
@pytest.mark.parametrize(
    ("family", "options"),
    [(f, o) for f in ("rnn", "transformer") for o in VARIANTS[f] if not o.get("bidirectional")],
)
def test_no_step_reads_a_later_one(form, family, options):
    ports = EACH[form]
    network = started(made(family, ports, options), torch.float64).eval()
    x = batch(ports) if ports.tokens else batch(ports).double()
    later = x.clone()
    later[:, 7:] = (x[:, 7:] + 1) % ports.tokens if ports.tokens else x[:, 7:] + 1.0
    before, after = network(x), network(later)
    torch.testing.assert_close(before[:, :7], after[:, :7], rtol=0, atol=1e-12)
    assert (before[:, 7:] != after[:, 7:]).any(-1).all()
    earlier = x.clone()
    earlier[:, 3] = later[:, 8] if not ports.tokens else (x[:, 3] + 1) % ports.tokens
    assert (network(earlier)[:, 9] != before[:, 9]).any(-1).all()  # but later steps do read earlier ones


@pytest.mark.parametrize("family", ["rnn", "transformer"])
def test_read_once_the_last_step_hears_of_the_first(family):
    for readout in ("last", "mean"):
        network = started(made(family, TEXT, {"readout": readout, "norm": "layer"})).eval()
        x = batch(TEXT)
        other = x.clone()
        other[:, 0] = (x[:, 0] + 1) % TEXT.tokens
        assert (network(x) != network(other)).any(-1).all()


def test_a_bidirectional_readout_takes_the_state_after_the_whole_sequence_in_both_directions():
    spec = made("rnn", SERIES, {"bidirectional": True, "depth": 1})
    network, x = started(spec).eval(), batch(SERIES)
    _, ends = network.layers[0](x)  # torch's own final states [2, B, width]
    torch.testing.assert_close(network(x), network.head(torch.cat([ends[0], ends[1]], 1)))


COUNTS = {
    # conv 3→4 and 4→4, then 4→8 and 8→8, windows 3×3, no bias before batch norm; gain and shift; head
    "cnn": (IMAGE, {"width": 4, "norm": "batch"}, 9 * (12 + 16 + 32 + 64) + 2 * (4 + 4 + 8 + 8) + 8 * 4 + 4),
    # three gates, each reading 3 inputs and 5 states, with torch's two biases; head
    "rnn": (SERIES, {"width": 5, "depth": 1}, 3 * 5 * (3 + 5 + 2) + 5 * 2 + 2),
    # embedding, positions; one block: q, k, v, out, 8→32→8, two norms; last norm; head
    "transformer": (
        TEXT,
        {"width": 8, "depth": 1, "heads": 2, "norm": "layer"},
        20 * 8 + 12 * 8 + 3 * (64 + 8) + 72 + (256 + 32) + (256 + 8) + 2 * 16 + 16 + 8 * 4 + 4,
    ),
    # two coded columns become 3 numbers each beside the 4 others
    "mlp": (CODED, {"width": 7, "depth": 1, "embedding": 3}, 35 * 3 + 10 * 7 + 7 + 7 * 3 + 3),
}


@pytest.mark.parametrize("family", COUNTS)
def test_parameters_are_as_many_as_counted_by_hand(family):
    ports, options, count = COUNTS[family]
    spec = made(family, ports, options)
    assert sum(p.numel() for p in spec.build().parameters()) == count


def test_members_of_one_shape_share_their_names():
    a = made("cnn", IMAGE, {"residual": True, "norm": "batch", "activation": "relu"})
    b = made(
        "cnn",
        IMAGE,
        {"residual": True, "norm": "batch", "activation": "gelu", "dropout": 0.3, "drop_path": 0.1},
    )
    assert a != b
    assert a.shape == b.shape
    assert a.parameter_shapes == b.parameter_shapes
    assert a.buffer_shapes == b.buffer_shapes
    assert made("cnn", IMAGE, {"residual": True}).shape != a.shape


def test_building_draws_nothing_and_leaves_running_means_fresh():
    before = torch.random.get_rng_state()
    spec = made("cnn", IMAGE, {"norm": "batch", "residual": True})
    network = spec.build(torch.float64)
    assert torch.equal(before, torch.random.get_rng_state())
    assert not any(p.any() for p in network.parameters())
    assert {p.dtype for p in network.parameters()} == {torch.float64}
    buffers = {name: v for name, v in network.named_buffers() if v.is_floating_point()}
    assert buffers
    assert all((buffers[name] == value).all() for name, value in spec.fresh_buffers().items())


def test_dropped_paths_keep_the_mean_and_drop_whole_examples():
    spec = made("mlp", TABLE, {"residual": True, "depth": 2, "drop_path": 0.25})
    block = started(spec).blocks[0].train()
    torch.manual_seed(0)
    x = torch.randn(1, 16).expand(4000, 16)
    added = block(x) - x
    whole = block.branch(x[:1])[0] / 0.75
    dropped = (added.abs().amax(1) < 1e-6).float().mean().item()
    assert dropped == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 4000) ** 0.5)
    torch.testing.assert_close(added[added.abs().amax(1) > 1e-6][0], whole, rtol=1e-4, atol=1e-5)
    assert torch.equal(block.eval()(x), x + block.branch(x))


def test_codes_are_embedded_in_their_place():
    network, x = started(made("linear", CODED, {})), batch(CODED)
    front = network.front(x)
    first, second = network.front.tables
    wanted = [x[:, :2], first(x[:, 2].long()), x[:, 3:5], second(x[:, 5].long())]
    assert torch.equal(front, torch.cat(wanted, 1))


@pytest.mark.parametrize("ports", ALL, ids=lambda p: f"{p.form}{p.each:d}{len(p.shape)}{len(p.codes)}")
def test_families_that_compete_can_be_built_by_their_defaults(ports):
    competing = families_for(ports)
    assert competing
    for family in competing:
        spec = module_spec(Recipe.make(**defaults_for(ports, family)), ports)
        assert spec.build()(batch(ports)).shape[-1] == ports.outputs
    assert defaults_for(ports)["network"] == competing[0]
    assert set(competing) <= set(COMPETING[ports.form])


def test_next_tokens_compete_without_a_network_that_reads_the_answer():
    assert families_for(TEXT) == ("cnn", "rnn", "transformer")
    assert families_for(NEXT) == ("rnn", "transformer")
    assert families_for(SERIES) == ("rnn", "cnn", "mlp")


@pytest.mark.parametrize(
    ("family", "ports", "options", "message"),
    [
        (
            "mlp",
            TEXT,
            {},
            "network must suit the data: an mlp reads numbers, not tokens, but got 'mlp'. Use one of: cnn",
        ),
        ("linear", TEXT, {}, "a linear reads numbers"),
        ("mlp", STEPS, {}, "an mlp writes once for all steps"),
        ("cnn", NEXT, {}, "a cnn reads later tokens too"),
        ("cnn", TABLE, {}, "a cnn reads images, series and texts, not tables"),
        ("rnn", TABLE, {}, "a rnn reads series and texts, not tables"),
        ("transformer", IMAGE, {}, "not images"),
        ("own", TABLE, {}, "own_spec"),
        ("cnn", IMAGE, {"kernel": 4}, "kernel must be odd, but got 4. Use 3 or 5"),
        ("cnn", IMAGE, {"depth": 4}, "depth must be at most 3 for images of 9×8: .* but got 4. Use depth 3"),
        ("cnn", SERIES, {"depth": 4}, "depth must be at most 3 for 12 steps"),
        ("cnn", Ports("series", (1, 3), 2), {"depth": 1}, "cannot be halved"),
        ("rnn", NEXT, {"bidirectional": True}, "would read the answer"),
        ("transformer", TEXT, {"heads": 5, "norm": "layer"}, "heads must divide the width 16.* Use 4"),
        ("transformer", TEXT, {"norm": "batch"}, "norm must be 'layer', 'rms' or 'none'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(family, ports, options, message):
    with pytest.raises(BadInput, match=message):
        made(family, ports, options)


def test_an_unknown_family_gets_the_closest():
    with pytest.raises(BadInput, match="Did you mean 'transformer'"):
        suits("transfomer", TABLE)


def test_records_need_no_torch_until_they_are_built():
    code = "import sys, steepest.networks.families; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
