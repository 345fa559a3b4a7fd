"""Ensembles on disk: read back in a fresh process, refused where damaged."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.networks.ensemble import Ensemble, Made, Scaling
from steepest.networks.ensemble_file import NAME, load_ensemble, save_ensemble
from steepest.networks.ports import Ports

READER = """
import json, sys, torch
import steepest as st
ensemble = st.load_ensemble(sys.argv[1])
mean, variance = ensemble(torch.tensor([[0.5, -1.0]]))
print(json.dumps([mean.tolist(), variance.tolist(), len(ensemble), ensemble.made.recipe.width]))
"""


def ensemble() -> Ensemble:
    draw = torch.Generator().manual_seed(0)
    known = [
        {"0.weight": torch.randn(3, 2, generator=draw), "0.bias": torch.randn(3, generator=draw),
         "3.weight": torch.randn(1, 3, generator=draw), "3.bias": torch.randn(1, generator=draw)}
        for _ in range(4)
    ]  # fmt: skip
    scalings = [
        Scaling(torch.full((2,), k / 3), torch.ones(2), 5.0, y_mean=3.0 * k, y_scale=2.0) for k in range(4)
    ]
    made = Made(Recipe(width=3, depth=1), Ports.table(2, 1), "regression", single=True)
    return Ensemble(made, known, scalings, noise=0.5)


def test_a_fresh_process_reads_it(tmp_path: Path) -> None:
    known = ensemble()
    save_ensemble(known, tmp_path / NAME)
    said = subprocess.run(
        [sys.executable, "-c", READER, str(tmp_path)], capture_output=True, text=True, check=True
    )
    mean, variance = known(torch.tensor([[0.5, -1.0]]))
    found = json.loads(said.stdout)
    assert found[0] == pytest.approx(mean.tolist())
    assert found[1] == pytest.approx(variance.tolist())
    assert found[2:] == [4, 3]


def test_tokens_and_classes_come_back(tmp_path: Path) -> None:
    recipe, ports = Recipe(network="linear"), Ports.table(1, 2)
    known = [{"0.weight": torch.ones(2, 1), "0.bias": torch.zeros(2)}] * 2
    made = Made(recipe, ports, "classification", ("no", "yes"), columns={"target": "y"})
    save_ensemble(
        Ensemble(made, known, [Scaling(torch.zeros(1), torch.ones(1))] * 2), tmp_path / "other.safetensors"
    )
    again = load_ensemble(tmp_path / "other.safetensors")
    assert again.made == made


def test_what_is_no_ensemble_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no file"):
        load_ensemble(tmp_path)
    (tmp_path / NAME).write_bytes(b"half a file")
    with pytest.raises(BadInput, match="whole"):
        load_ensemble(tmp_path)
    save_file({"a": torch.zeros(1)}, tmp_path / NAME)
    with pytest.raises(BadInput, match="another safetensors file"):
        load_ensemble(tmp_path)


def test_a_newer_file_and_missing_tensors_are_refused(tmp_path: Path) -> None:
    save_ensemble(ensemble(), tmp_path / NAME)
    tensors = load_file(tmp_path / NAME)
    save_file(tensors, tmp_path / NAME, metadata={"kind": "steepest ensemble", "version": "99"})
    with pytest.raises(BadInput, match="version 1 or below"):
        load_ensemble(tmp_path)
    save_file(tensors, tmp_path / NAME, metadata={"kind": "steepest ensemble", "version": "1"})
    with pytest.raises(BadInput, match="this steepest can read"):
        load_ensemble(tmp_path)
