"""What a recipe's network costs once it is trained: parameters, operations and time of one example."""

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from steepest.base.recipe import Recipe
from steepest.networks.architecture import Spec, load, spec_of, starting_parameters
from steepest.networks.cost import cost
from steepest.networks.ports import Ports
from steepest.networks.spec import NetworkSpec

QUANTITIES = {
    "parameters": "numbers that are trained",
    "flops": "floating-point operations of one example, forward",
    "latency": "seconds of one example, forward, on one thread of this machine",
}
"""What can be limited, or kept low beside the score."""

WARM, REPEATS, PATIENCE = 5, 51, 0.1
"""Calls before the clock starts, calls that are timed, and seconds after which no more are."""


class Gauge:
    """Costs of recipes on one data set; a network's time is measured once.

    Args:
        ports: what networks read and write.
        known: seconds measured earlier, by network.
        hear: told (network, seconds) of each measurement.
    """

    def __init__(
        self,
        ports: Ports,
        known: dict[str, float] | None = None,
        hear: Callable[[str, float], None] = lambda _network, _seconds: None,
    ) -> None:
        self._ports, self._seconds, self._hear = ports, dict(known or {}), hear

    def __call__(self, quantity: str, recipe: Recipe) -> float:
        """So much of a quantity.

        Raises:
            BadInput: where the network cannot be made for this data.

        Example:
            >>> Gauge(Ports.table(8, 3))("parameters", Recipe(depth=1, width=10))
            123
        """
        spec = spec_of(recipe, self._ports)
        if quantity == "latency":
            return self._latency(spec, recipe)
        found = cost(spec, 1, 0)
        return found.parameters if quantity == "parameters" else found.flops_forward

    def _latency(self, spec: Spec, recipe: Recipe) -> float:
        network = repr(spec)
        if network not in self._seconds:
            self._seconds[network] = _seconds(spec, recipe)
            self._hear(network, self._seconds[network])
        return self._seconds[network]


def _seconds(spec: Spec, recipe: Recipe) -> float:
    """The median time of a forward pass of one example, in evaluation mode."""
    network = load(spec, starting_parameters(recipe, spec, 0, torch.float32)).eval()
    if isinstance(spec, NetworkSpec):
        x = torch.zeros(1, spec.inputs)
    else:
        x = torch.zeros(1, *spec.ports.shape, dtype=torch.int64 if spec.ports.tokens else torch.float32)
    found: list[float] = []
    with _one_thread(), torch.inference_mode():
        for _ in range(WARM):
            network(x)
        begun = time.perf_counter()
        while len(found) < REPEATS and (not found or time.perf_counter() - begun < PATIENCE):
            before = time.perf_counter()
            network(x)
            found.append(time.perf_counter() - before)
    return statistics.median(found)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def shown(quantity: str, value: float) -> str:
    """A quantity for people.

    Example:
        >>> shown("parameters", 12345), shown("latency", 0.0000723)
        ('12,345 parameters', '0.0723 ms')
    """
    if quantity == "latency":
        return f"{1000 * value:.3g} ms"
    return f"{value:,.0f} {quantity}"
