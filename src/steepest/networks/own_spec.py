"""A record of the user's own network, which answers as `ModuleSpec` does."""

import functools
from collections.abc import Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from steepest.base.errors import BadInput
from steepest.base.seeds import derive
from steepest.networks.families import Options
from steepest.networks.own import Factory, call_factory
from steepest.networks.own_lines import Sources, at
from steepest.networks.plain.parts import ACTIVATIONS
from steepest.networks.plain.start import NORMS
from steepest.networks.ports import Ports
from steepest.networks.replacing import replaced


@dataclass(frozen=True)
class OwnSpec:
    """The user's own network.

    Args:
        factory: what makes it.
        ports: what it reads and writes.
        options: (argument, value) of every argument that the data do not fill, by name.
        norm: in place of its norms; None leaves them.
        replaced_activation: in place of its activations; None leaves them.
        replaced_dropout: the rate of its dropout layers; None leaves them.
    """

    factory: Factory
    ports: Ports
    options: Options = ()
    norm: str | None = None
    replaced_activation: str | None = None
    replaced_dropout: float | None = None

    family = "own"
    drop_path = 0.0

    @property
    def shape(self) -> tuple[str, Factory, Ports, Options, str | None]:
        """What members must share to train as one stack: all but activation and dropout."""
        return (self.family, self.factory, self.ports, self.options, self.norm)

    @property
    def activation(self) -> str:
        """Name of its activation, for the gain of initial weights: the first known one, else "relu"."""
        return self.replaced_activation or _outline(self).activation

    @property
    def dropout(self) -> float:
        """The rate of its dropout layers, where it was asked for."""
        return self.replaced_dropout or 0.0

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every parameter, in the module's order; one that two layers share stands once."""
        return dict(_outline(self).parameters)

    @property
    def buffer_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every buffer of floating-point numbers that is saved with the network."""
        return {name: tuple(value.shape) for name, value in _outline(self).buffers}

    @property
    def renames(self) -> tuple[tuple[str, str], ...]:
        """(name in a saved file, name here): "" for what is saved but not trained, such as counters."""
        return _outline(self).renames

    def fresh_buffers(self) -> dict[str, Tensor]:
        """Buffers before the first step, as the factory leaves them."""
        return {name: value.clone() for name, value in _outline(self).buffers}

    @property
    def decayed(self) -> tuple[str, ...]:
        """Names of the parameters that decay and penalties apply to.

        Weights of two or more dimensions; not those of norms, positions, or what is frozen.
        """
        return _outline(self).decayed

    def build(self, dtype: torch.dtype | None = None) -> nn.Module:
        """The network on the CPU, its parameters without meaning until they are loaded."""
        return self.started(0, dtype or torch.float32)

    def started(self, seed: int, dtype: torch.dtype = torch.float32) -> nn.Module:
        """The network with the initial values of its own factory, drawn under a seed.

        Torch's generator is seeded for the call and put back after it; other generators are the factory's
        own matter.
        """
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "own"))
            network = call_factory(self.factory, self.arguments())
            if any(is_lazy(p) for p in network.parameters()):
                with torch.no_grad():
                    network.eval()(zeros(self.ports, torch.float32))
                network.train()
        network = replaced(
            network, dropout=self.replaced_dropout, activation=self.replaced_activation, norm=self.norm
        )
        return network.to("cpu", dtype)

    def arguments(self) -> dict[str, Any]:
        """What the factory is called with."""
        return self.factory.arguments(self.ports, dict(self.options))

    def source(self) -> tuple[str, ...]:
        """No file of steepest is needed."""
        return ()

    def constructor(self) -> str:
        """A Python expression that makes the network, where the factory has been imported."""
        values = ", ".join(f"{name}={value!r}" for name, value in self.arguments().items())
        return f"{self.factory.function}({values})"


def own_spec(
    factory: Factory,
    ports: Ports,
    options: Mapping[str, Any] | None = None,
    *,
    dropout: float | None = None,
    activation: str | None = None,
    norm: str | None = None,
) -> OwnSpec:
    """The user's own network for some data, checked on a batch of two examples of zeros.

    Args:
        factory: as `steepest.networks.own.read_factory` reads it.
        ports: what the network reads and writes.
        options: values of its arguments; those left out take their defaults.
        dropout, activation, norm: in place of the network's own, see `steepest.networks.replacing.replaced`.

    Raises:
        BadInput: if it cannot be made, or does not read or write what the data need.

    Example:
        >>> from steepest.networks.own import read_factory
        >>> def make(inputs: int, outputs: int, width: int = 8):
        ...     return nn.Sequential(nn.Linear(inputs, width), nn.ReLU(), nn.Linear(width, outputs))
        >>> spec = own_spec(read_factory(make), Ports.table(4, 3), {"width": 5})
        >>> spec.parameter_shapes["0.weight"], spec.constructor()
        ((5, 4), 'make(inputs=4, outputs=3, width=5)')
    """
    arguments = factory.arguments(ports, dict(options or {}))
    settled = tuple(
        sorted(
            (name, value)
            for name, value in arguments.items()
            if name not in factory.filled and (name in (options or {}) or isinstance(value, Hashable))
        )  # a default that no record can hold, such as a list, is filled in again
    )
    spec = OwnSpec(factory, ports, settled, norm, activation, dropout)
    _check(spec)
    return spec


def zeros(ports: Ports, dtype: torch.dtype) -> Tensor:
    """A batch of two examples of zeros."""
    return torch.zeros(2, *ports.shape, dtype=torch.int64 if ports.tokens else dtype)


def _check(spec: OwnSpec) -> None:
    """Refuse a network that does not read or write what the data need."""
    network, x = spec.build().eval(), zeros(spec.ports, torch.float32)
    sources = Sources(network, spec.factory.call)
    if not any(p.requires_grad for p in network.parameters()):
        raise BadInput(
            at(sources.factory), "must have parameters to train", spec.constructor(), "Add a layer."
        )
    try:
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            outputs = network(x)
    except Exception as error:
        what = "tokens" if spec.ports.tokens else "numbers"
        reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        remedy = "Let its first layer fit: the arguments inputs, shape and tokens are filled from the data."
        constraint = f"must read a batch of {what} of shape {list(x.shape)}"
        where = sources.raised(error) or sources.forward
        raise BadInput(at(where), constraint, reason, remedy) from error
    steps = spec.ports.shape[:1] if spec.ports.each else ()
    wanted = (2, *steps, spec.ports.outputs)
    constraint, place = f"must write shape {list(wanted)} for a batch of 2", at(sources.forward)
    if not isinstance(outputs, Tensor):
        raise BadInput(place, constraint, type(outputs).__name__, "Return one tensor from forward.")
    if tuple(outputs.shape) != wanted:
        last = "Let its last layer write as many numbers as the argument outputs (or classes) says."
        alone = "Add .unsqueeze(1) to what it returns." if tuple(outputs.shape) == (2,) else last
        raise BadInput(place, constraint, list(outputs.shape), alone)


@dataclass(frozen=True)
class _Outline:
    parameters: Options
    buffers: tuple[tuple[str, Tensor], ...]
    decayed: tuple[str, ...]
    activation: str
    renames: tuple[tuple[str, str], ...]


@functools.lru_cache(maxsize=512)
def _outline(spec: OwnSpec) -> _Outline:
    network = spec.build()
    saved, spared = network.state_dict(keep_vars=True), set()
    for layer in network.modules():
        if isinstance(layer, NORMS):
            spared |= {id(p) for p in layer.parameters()}
    parameters = dict(network.named_parameters())
    buffers = [(n, b) for n, b in network.named_buffers() if n in saved and b.is_floating_point()]
    decayed = (
        name
        for name, p in parameters.items()
        if p.dim() > 1 and p.requires_grad and id(p) not in spared and not name.endswith("positions")
    )
    known = {kind: name for name, kind in ACTIVATIONS.items() if name != "identity"}
    used = (known[type(layer)] for layer in network.modules() if type(layer) in known)
    return _Outline(
        tuple((name, tuple(p.shape)) for name, p in parameters.items()),
        tuple(buffers),
        tuple(decayed),
        next(used, "relu"),
        tuple(_renames(network, {*parameters, *(name for name, _ in buffers)})),
    )


def _renames(network: nn.Module, laid_out: Collection[str]) -> Iterator[tuple[str, str]]:
    """The saved names that are not laid out: other names of a shared tensor, and what is not trained."""
    tensors = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    first = {id(tensor): name for name, tensor in tensors.items() if name in laid_out}
    for name, tensor in network.state_dict(keep_vars=True).items():
        if name not in laid_out:
            yield name, first.get(id(tensor), "")
