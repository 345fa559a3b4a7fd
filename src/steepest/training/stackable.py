"""Whether torch can compute the members of a module as one stack: tried, on two members and four rows."""

import functools
import warnings

import torch
from torch import Tensor

from steepest.base.recipe import Recipe
from steepest.networks.architecture import Spec, bins_of, build, spec_of
from steepest.networks.dropping import Rates
from steepest.networks.ports import Ports
from steepest.networks.recurrence import BETWEEN, UNSTACKED
from steepest.networks.spec import NetworkSpec
from steepest.training.matmul import one_thread
from steepest.training.vmapped_program import StackableModule

_MEMBERS, _ROWS = 2, 4

_WORDS = {
    "randomness error mode": "it draws random numbers by itself, not by a dropout layer",
    "data-dependent control flow": "a branch of it depends on numbers of the data",
    ".item()": "it reads a number of the data with item()",
    "dynamic shape": "a shape in it depends on numbers of the data",
    "inplace arithmetic": "it writes in place to a tensor that its members share, such as an unsaved buffer",
    BETWEEN: BETWEEN,
    UNSTACKED: UNSTACKED,
}
"""What torch says of what it cannot batch, and what that means."""


def stackable(recipe: Recipe, ports: Ports) -> str:
    """ "" if members of a recipe's network can train as one tensor program, else why not, in words.

    A stack that torch would compute one member after the other by itself counts as none. That their numbers
    are those of a loop is another question, which `steepest.training.trust` asks of the user's own network.

    Args:
        recipe: its architecture is read.
        ports: what its network reads and writes.

    Example:
        >>> stackable(Recipe(network="rnn", width=8), Ports("series", (5, 3), 2))
        ''
    """
    spec = spec_of(recipe, ports)
    if isinstance(spec, NetworkSpec):
        return ""
    return _tried(spec, ports.binned(bins_of(recipe, ports)))


@functools.lru_cache(maxsize=256)
def _tried(spec: Spec, ports: Ports) -> str:
    with one_thread(), torch.random.fork_rng(devices=[]), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            _run(spec, ports)
        except Exception as error:
            return _reason(f"{type(error).__name__}: {error}")
    slow = [str(each.message) for each in said if "batching rule" in str(each.message)]
    return _reason(slow[0]) if slow else ""


def _run(spec: Spec, ports: Ports) -> None:
    """A training step without its update, and an evaluation."""
    network = build(spec, torch.float32)
    trained = {name: _stacked(p).requires_grad_(p.requires_grad) for name, p in network.named_parameters()}
    kept = {name: _stacked(b) for name, b in network.named_buffers() if name in spec.buffer_shapes}
    module = StackableModule(network)
    keys = torch.arange(_MEMBERS)
    rates = Rates.of([[0.5] * len(module.dropping.probabilities)] * _MEMBERS, torch.float32)
    kind = torch.int64 if ports.tokens else torch.float32
    x = torch.zeros(_MEMBERS, _ROWS, *ports.shape, dtype=kind)
    outputs, _ = module.stacked(trained, kept, x, keys, rates)
    leaves = [p for p in trained.values() if p.requires_grad]
    torch.autograd.grad(outputs.sum(), leaves, allow_unused=True)
    network.eval()
    with torch.no_grad():
        module.stacked(trained, kept, x, keys, rates)


def _stacked(tensor: Tensor) -> Tensor:
    return tensor.detach().expand(_MEMBERS, *tensor.shape).clone()


def _reason(said: str) -> str:
    """What torch said, in words."""
    low = said.lower()
    if "batching rule" in low and "aten::" in low:
        name = said.partition("aten::")[2].split(" ")[0].split(".")[0]
        return f"torch has no batched form of {name}"
    for part, words in _WORDS.items():
        if part in low:
            return words
    return f"torch says: {said.splitlines()[0][:160]}"
