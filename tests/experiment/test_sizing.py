"""Networks of at most N parameters: what fits fits, the widest is the widest, and the counts are torch's."""

import pytest

from steepest.base.errors import BadInput
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment.sizing import count_of, networks_within
from steepest.networks.architecture import spec_of
from steepest.networks.build import build
from steepest.networks.ports import Ports


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return read("digits")


def built(recipe: Recipe, data: DataSet) -> int:
    return sum(
        p.numel() for p in build(spec_of(recipe, Ports.table(data.x.shape[1], data.outputs))).parameters()
    )


@pytest.mark.parametrize("recipe", [Recipe(), Recipe(norm="batch", taper=0.5), Recipe(norm="layer")])
@pytest.mark.parametrize("most", [85, 1000, 26_122, "2M"])
def test_every_network_fits_and_is_what_torch_builds(digits, recipe, most):
    if most == 85 and recipe.norm != "none":
        most = 87  # gain and shift of the one unit
    found = networks_within(digits, most, recipe)
    assert found.most == count_of(most)
    counts = [n.parameters for n in found.networks]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] <= found.most
    for each in found.networks:
        made = recipe.replace(depth=each.depth, width=each.width)
        assert built(made, digits) == each.parameters
        assert each.layers == (64, *spec_of(made, Ports.table(64, 10)).hidden, 10)
        if each.widest:
            assert built(made.replace(width=each.width + 1), digits) > found.most


def test_all_that_the_search_offers_and_fits_is_there(digits):
    found = networks_within(digits, 26_122)
    offered = {(n.depth, n.width) for n in found.networks if n.offered}
    depths, widths = KNOBS["depth"].search.options, KNOBS["width"].search_by["network", "mlp"].options
    fits = {(d, w) for d in depths for w in widths if built(Recipe(depth=d, width=w), digits) <= 26_122}
    assert offered == fits
    both = [n for n in found.networks if (n.depth, n.width) == (2, 128)]
    assert [(n.offered, n.widest) for n in both] == [(True, True)], "listed once"


@pytest.mark.parametrize(
    ("fixed", "knobs", "expected"),
    [
        (("width",), {"width": 50}, [(3, 50), (2, 50), (1, 50)]),
        (("depth", "width"), {"depth": 7, "width": 20}, [(7, 20)]),
        (("depth",), {"depth": 9}, [(9, 110), (9, 64), (9, 32)]),
    ],
)
def test_fixed_knobs_keep_their_value(digits, fixed, knobs, expected):
    found = networks_within(digits, "106k", Recipe(**knobs), fixed)
    assert [(n.depth, n.width) for n in found.networks] == expected


def test_a_linear_network_has_one_size(digits):
    (only,) = networks_within(digits, 650, Recipe(network="linear")).networks
    assert (only.layers, only.parameters, only.mark) == ((64, 10), 650, "")
    with pytest.raises(BadInput, match="at least 650"):
        networks_within(digits, 649, Recipe(network="linear"))


def test_the_widest_knob_is_a_limit_too(digits):
    found = networks_within(digits, "1000B", Recipe(), ("depth",))
    assert (found.networks[0].width, found.networks[0].mark) == (65536, "the widest there is")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("100k", 100_000), ("100K", 100_000), ("2M", 2_000_000), ("2m", 2_000_000), ("1.5M", 1_500_000),
        ("1B", 10**9), ("1G", 10**9), ("250000", 250_000), ("16,777,216", 2**24), ("100_000", 100_000),
        ("2^24", 16_777_216), ("2**10", 1024), (" 3 k ", 3000), (77, 77), ("0.5k", 500),
    ],
)  # fmt: skip
def test_counts_are_read_as_people_write_them(text, count):
    assert count_of(text) == count


@pytest.mark.parametrize(
    "text",
    ["0", 0, "-5", -5, "banana", "", "k", "100q", "1.5", "1.2345k", "nan", "inf", "1e5", True, None, 2.5,
     "0^3", "1..2k", "9^999", "١٠٠", "100kk", "0x10"],
)  # fmt: skip
def test_anything_else_is_refused(text):
    with pytest.raises(BadInput, match="most must be a whole number of parameters, at least 1") as refused:
        count_of(text)
    assert "100k" in str(refused.value)


def test_too_few_for_any_network_names_the_smallest(digits):
    with pytest.raises(BadInput, match=r"at least 85, .* but got '84'\. That is 64 → 1 → 10"):
        networks_within(digits, "84")


def test_a_network_of_ones_own_has_no_known_sizes(digits):
    recipe = Recipe.make(network="own", factory="mynet:make")
    with pytest.raises(BadInput, match=r"network must be a built-in family.*'mynet:make'.*ask `cost`"):
        networks_within(digits, "1k", recipe)
