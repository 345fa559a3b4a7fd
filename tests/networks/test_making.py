"""Networks without draws: their numbers, and what making one must not import."""

import subprocess
import sys

import pytest
import torch

from steepest.networks.plain.making import make

DENSE = {"inputs": 2, "outputs": 1, "hidden": (3,)}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_are_zero_and_of_the_type_asked_for(dtype: torch.dtype) -> None:
    parameters = list(make("PlainMLP", DENSE, dtype).parameters())
    assert {p.dtype for p in parameters} == {dtype}
    assert not any(bool(p.any()) for p in parameters)
    assert all(p.requires_grad and not p.is_meta for p in parameters)


def test_running_means_are_fresh_and_counts_stay_whole() -> None:
    sizes = {"inputs": 1, "outputs": 2, "width": 4, "depth": 1, "norm": "batch"}
    found = make("ConvNet", sizes, torch.float64).state_dict()
    kinds = {name.rpartition(".")[2]: value for name, value in found.items() if "running" in name}
    assert (kinds["running_mean"] == 0).all()
    assert (kinds["running_var"] == 1).all()
    assert {v.dtype for name, v in found.items() if name.endswith("tracked")} == {torch.int64}


def test_a_recurrent_network_is_made_without_symbolic_algebra() -> None:
    """Importing SymPy takes a third of a second, in every worker."""
    code = "; ".join(
        [
            "import sys",
            "from steepest.networks.plain.making import make",
            "make('RecurrentNet', {'inputs': 2, 'outputs': 1, 'cell': 'lstm', 'width': 4})",
            "sys.exit('sympy' in sys.modules)",
        ]
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
