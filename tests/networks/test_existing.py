"""Existing parameters come back as they were saved, and what does not fit is said."""

import re

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from steepest.base.errors import BadInput
from steepest.networks.existing import matching, read_parameters


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def shapes(network):
    return {name: tuple(v.shape) for name, v in network.state_dict().items() if v.is_floating_point()}


def equal(found, network):
    kept = network.state_dict()
    return found.keys() == kept.keys() and all(torch.equal(found[name], kept[name]) for name in found)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".PT", ".safetensors"])
def test_what_was_saved_comes_back(network, tmp_path, suffix):
    path = tmp_path / f"network{suffix}"
    save = save_file if suffix == ".safetensors" else torch.save
    save(network.state_dict(), path)
    assert equal(read_parameters(str(path)), network)


@pytest.mark.parametrize("nest", ["state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
def test_checkpoints_are_unwrapped(network, tmp_path, nest, prefix):
    named = {prefix + name: value for name, value in network.state_dict().items()}
    torch.save({nest: named, "epoch": 3, "optimizer": {"state": {}}}, tmp_path / "checkpoint.pt")
    assert equal(read_parameters(tmp_path / "checkpoint.pt"), network)


def test_the_whole_is_taken_running_means_included(network):
    taken, said = matching(shapes(network), network.state_dict(), whole=True)
    assert taken.keys() == shapes(network).keys()
    assert said == ("took 8 of 8 parameters",)
    taken["0.weight"].zero_()
    assert network[0].weight.any()  # copies, not views


def test_what_matches_is_taken_and_the_rest_is_said(network):
    wanted = {**shapes(network), "2.weight": (5, 4), "3.weight": (1,)}
    given = {**network.state_dict(), "old.weight": torch.ones(1)}
    taken, said = matching(wanted, given, whole=False)
    assert taken.keys() == wanted.keys() - {"2.weight", "3.weight"}
    assert said == (
        "took 7 of 9 parameters",
        "started afresh, of another shape: 2.weight (here 5×4, there 2×4)",
        "started afresh, not given: 3.weight",
        "left, not in the network: old.weight",
    )


@pytest.mark.parametrize(
    ("wanted", "given", "whole", "message"),
    [
        (
            {"a": (2,)},
            {"a": torch.ones(3)},
            True,
            r"those of the network, but got .*here 2, there 3.*take what matches",
        ),
        ({"a": (2,)}, {"a": torch.ones(2), "b": torch.ones(1)}, True, "got 'not in the network: b"),
        ({"a": (2,), "b": (1,)}, {"a": torch.ones(2)}, True, "not given: b"),
        (
            {"head.weight": (2,)},
            {"haed.weight": torch.ones(2)},
            False,
            "at least one .*Did you mean 'haed.weight'",
        ),
        (
            {"a": (2,)},
            {"a": torch.ones(3)},
            False,
            "at least one name and shape, but got 'a'. Check the network",
        ),
        ({"a": (2,)}, {"a": torch.tensor([1.0, torch.nan])}, False, "must be finite, but got 'a with NaN"),
    ],
)
def test_what_does_not_fit_is_refused(wanted, given, whole, message):
    with pytest.raises(BadInput, match=message):
        matching(wanted, given, whole)


@pytest.mark.parametrize("zipped", [True, False])
def test_code_is_not_run(network, tmp_path, zipped):
    torch.save(network, tmp_path / "network.pt", _use_new_zipfile_serialization=zipped)
    with pytest.raises(BadInput, match=r"would run code .*Save network.state_dict\(\)"):
        read_parameters(tmp_path / "network.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"not a network", b"\x80\x02}q", b"PK\x03\x04cut short"])
def test_a_corrupt_file_is_said_to_be_one(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(
        BadInput, match=f"must be a readable file, but got .*{re.escape(path.name)}.*cut short"
    ):
        read_parameters(path)


def test_a_file_cut_short_is_said_to_be_one(network, tmp_path):
    for suffix, save in ((".pt", torch.save), (".safetensors", save_file)):
        path = tmp_path / f"cut{suffix}"
        save(network.state_dict(), path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        with pytest.raises(BadInput, match="must be a readable file"):
            read_parameters(path)


def test_other_files_are_refused_with_the_remedy(tmp_path):
    with pytest.raises(BadInput, match=r"must be a file, but got .*not found"):
        read_parameters(tmp_path / "nowhere.pt")
    with pytest.raises(BadInput, match=r"ends in \.safetensors, \.pt, \.pth"):
        read_parameters(tmp_path / "weights.h5")
    for content, got in (({"epoch": 3}, "epoch"), ([torch.ones(1)], "list"), ({}, "nothing")):
        torch.save(content, tmp_path / "other.pt")
        with pytest.raises(BadInput, match=f"must hold tensors by name, but got '{got}'"):
            read_parameters(tmp_path / "other.pt")
