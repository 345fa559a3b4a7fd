"""What of the user's own network can be trusted: what training cannot bear is refused, the rest is named.

A network is made anew and run a few times on a few rows. Refused is what would make a result depend on
anything but the recipe, the seed and the data, or would train nothing. What keeps members from training as
one stack, but does no harm to one at a time, is named as a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor, nn

from steepest.base.errors import BadInput
from steepest.networks.own_lines import Sources, at
from steepest.networks.own_spec import OwnSpec
from steepest.networks.own_traces import Draw, Draws, State, same
from steepest.networks.plain.parts import DropPath

Kind = Literal[
    "python state", "random numbers", "control flow", "buffers", "parameters", "operator", "inequality",
    "unused", "start", "rows",
]  # fmt: skip

HARMLESS = ("unused", "start", "rows")
"""Kinds that are only mentioned: they do not keep a network from being stacked."""

_LAYERS = (
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout, DropPath,
)  # fmt: skip
"""Layers whose draws can be addressed by the member's seed in a stack too; not classes made from them."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Something to know about a network.

    Args:
        kind: what sort of thing.
        where: "file:line" of the user's; "" where there is none.
        words: what it is, as a clause.
    """

    kind: Kind
    where: str
    words: str

    def __str__(self) -> str:
        return f"{self.words} ({self.where})" if self.where else self.words


def inspected(spec: OwnSpec, x: Tensor) -> tuple[Reason, ...]:
    """Look a network over on a few rows.

    Args:
        spec: of the network.
        x: rows as it reads them, [B, *shape], B ≥ 4.

    Returns:
        What is worth naming, in the order in which it was found.

    Raises:
        BadInput: for a network that cannot be trained as it stands, with the file and line.

    Example:
        >>> from steepest.networks.own import read_factory
        >>> from steepest.networks.own_spec import own_spec
        >>> from steepest.networks.ports import Ports
        >>> class Counting(nn.Linear):
        ...     def forward(self, x):
        ...         self.calls = getattr(self, "calls", 0) + 1
        ...         return super().forward(x)
        >>> def make(inputs, outputs): return Counting(inputs, outputs)
        >>> spec = own_spec(read_factory(make), Ports.table(3, 2))
        >>> [str(each) for each in inspected(spec, torch.ones(4, 3))]
        ['forward changes the attribute calls (<doctest ...>:3)']
    """
    look = _Look(spec)
    with torch.random.fork_rng(devices=[]):
        found = [*look.start(), *look.evaluation(x), *look.training(x)]
    return tuple(dict.fromkeys(found))


class _Pass(NamedTuple):
    """One forward pass: what it wrote, what was there before and after it, and what it drew."""

    outputs: Tensor
    before: State
    after: State
    draws: tuple[Draw, ...]


class _Look:
    """One network under inspection."""

    def __init__(self, spec: OwnSpec) -> None:
        self._spec = spec
        self._network = spec.started(0)
        self._sources = Sources(self._network, spec.factory.call)
        self._laid_out = {**spec.parameter_shapes, **spec.buffer_shapes}

    # -- as it is made -----------------------------------------------------------------------------------

    def start(self) -> Iterator[Reason]:
        """Made twice under one seed, and once under another."""
        second = self._spec.started(0)
        shared = {id(t) for t in _held(self._network).values()} & {id(t) for t in _held(second).values()}
        if shared:
            name = next(name for name, tensor in _held(second).items() if id(tensor) in shared)
            remedy = "Make all of its layers inside the function, so that no two networks share them."
            constraint = "must be another network at every call"
            raise self._bad(constraint, f"the same {name} twice", remedy, self._sources.factory)
        first, again = _tensors(self._network), _tensors(second)
        shapes = [{name: tuple(t.shape) for name, t in each.items()} for each in (first, again)]
        if shapes[0] != shapes[1]:
            name = next(n for n in {**shapes[0], **shapes[1]} if shapes[0].get(n) != shapes[1].get(n))
            shown = f"{name} {shapes[0].get(name, 'missing')}, then {shapes[1].get(name, 'missing')}"
            remedy = "Let its shape follow from the function's arguments alone."
            raise self._bad(
                "must be of one shape for one set of arguments", shown, remedy, self._sources.factory
            )
        for name, tensor in first.items():
            if not same(tensor, again[name]):
                remedy = "Draw with torch (nn.init, torch.randn): its generator is seeded for the call."
                constraint = "must start alike whenever it is made under one seed"
                raise self._bad(constraint, f"other values of {name}", remedy, self._sources.factory)
        trained = [name for name, p in self._network.named_parameters() if p.requires_grad]
        other = _tensors(self._spec.started(1))
        if all(same(first[name], other[name]) for name in trained if name in other):
            words = "it starts alike under every seed, so replicates differ by the order of their rows only"
            yield Reason("start", self._sources.factory, words)

    # -- in evaluation -----------------------------------------------------------------------------------

    def evaluation(self, x: Tensor) -> Iterator[Reason]:
        """Run twice, other seeds: what is written must be the same."""
        self._network.eval()
        one, two = self._run(x, 0), self._run(x, 1)
        self._check_outputs(one.outputs, len(x))
        yield from self._left_behind(one)
        if not same(one.outputs, two.outputs):
            where, cause, remedy = self._cause(
                two, "Use nn.Dropout, or draw only where self.training is true."
            )
            constraint = "must write the same for the same rows when it is evaluated"
            raise self._bad(constraint, cause, remedy, where)
        few = self._run(x[: len(x) // 2], 0)
        self._check_outputs(few.outputs, len(x) // 2)
        if not torch.allclose(few.outputs, one.outputs[: len(x) // 2], rtol=1e-3, atol=1e-3):
            words = "what it writes for a row in evaluation depends on the rows beside it"
            yield Reason("rows", self._sources.forward, words)

    # -- in training -------------------------------------------------------------------------------------

    def training(self, x: Tensor) -> Iterator[Reason]:
        """Run twice under one seed from the same parameters, and once backwards."""
        network = self._network = self._spec.started(0)
        network.train()
        one = self._run(x, 0)
        self._check_outputs(one.outputs, len(x))
        yield from self._left_behind(one)
        yield from self._drawn(one.draws)
        yield from self._gradients(one.outputs)
        one.before.put_back(self._laid_out)
        two = self._run(x, 0)
        if not same(one.outputs, two.outputs):
            where, cause, remedy = self._cause(
                two, "Draw with torch (torch.rand, nn.Dropout): its generator is seeded for every step."
            )
            constraint = "must write the same from the same parameters, rows and seed of torch's generator"
            raise self._bad(constraint, cause, remedy, where)
        self._check_memory(one, two)

    def _check_memory(self, one: _Pass, two: _Pass) -> None:
        """Refuse buffers whose next value depends on what is not kept between stretches of training."""
        for name, first, again, _ in one.after.altered(two.after):
            if name in self._spec.buffer_shapes:
                where, cause, remedy = self._cause(two, "Let it depend on buffers that are saved alone.")
                shown = f"{_shown(first)}, then {_shown(again)} in {name} from the same start, by {cause}"
                raise self._bad("must change its buffers by what is kept alone", shown, remedy, where)

    def _gradients(self, outputs: Tensor) -> Iterator[Reason]:
        if not outputs.requires_grad:
            remedy = "Leave out detach(), numpy(), item() and torch.no_grad() on the way to what it returns."
            raise self._bad("must write what depends on its parameters", "outputs without gradient", remedy)
        trained = {name: p for name, p in self._network.named_parameters() if p.requires_grad}
        try:
            found = torch.autograd.grad(outputs.square().mean(), list(trained.values()), allow_unused=True)
        except RuntimeError as error:
            remedy = "Write x = x + 1 in place of x += 1 where the old value is needed for the gradient."
            raise self._bad("must be differentiable", _first_line(error), remedy) from error
        for name, gradient in zip(trained, found, strict=True):
            if gradient is not None and not torch.isfinite(gradient).all():
                remedy = "Keep clear of √ and log at 0, and of division by 0."
                raise self._bad(
                    "must have finite gradients at its start", f"{name}: {_shown(gradient)}", remedy
                )
        idle = [name for name, gradient in zip(trained, found, strict=True) if gradient is None]
        if len(idle) == len(trained):
            raise self._bad("must write what depends on its parameters", "no gradient for any", "Use them.")
        if idle:
            what = (
                f"the parameters {', '.join(idle)} have" if len(idle) > 1 else f"the parameter {idle[0]} has"
            )
            yield Reason("unused", self._owner_line(idle[0]), f"{what} no effect on what it writes")

    # -- what all of them share --------------------------------------------------------------------------

    def _run(self, x: Tensor, seed: int) -> _Pass:
        before = State(self._network)
        torch.manual_seed(seed)
        with Draws(self._sources) as draws:
            try:
                outputs = self._network(x.clone())
            except Exception as error:
                what = "training" if self._network.training else "evaluation"
                constraint = f"must read rows of shape {list(x.shape)} in {what}"
                remedy = "Correct it; the arguments inputs, shape and tokens are filled from the data."
                raise self._bad(
                    constraint, _first_line(error), remedy, self._sources.raised(error)
                ) from error
        return _Pass(outputs, before, State(self._network), tuple(draws.found))

    def _check_outputs(self, outputs: Any, rows: int) -> None:
        ports = self._spec.ports
        wanted = [rows, *(ports.shape[:1] if ports.each else ()), ports.outputs]
        constraint = f"must write shape {wanted} for {rows} rows"
        if not isinstance(outputs, Tensor):
            raise self._bad(constraint, type(outputs).__name__, "Return one tensor from forward.")
        if list(outputs.shape) != wanted:
            raise self._bad(constraint, list(outputs.shape), "Let the first axis be the rows it was given.")
        if not outputs.is_floating_point():
            raise self._bad(
                "must write floating-point numbers", str(outputs.dtype), "Return logits or numbers."
            )
        if not torch.isfinite(outputs).all():
            remedy = "Look for division by 0, log or √ of what may be 0 or less, and overflow."
            raise self._bad("must write finite numbers at its start", _shown(outputs), remedy)

    def _left_behind(self, run: _Pass) -> Iterator[Reason]:
        """What a pass changed besides its outputs."""
        for kept in run.before.changed(run.after):
            where = self._sources.changes(kept.layer, kept.attribute)
            yield Reason("python state", where, f"forward changes the attribute {kept.path}")
        parameters = self._spec.parameter_shapes
        for name, before, after, replaced in run.before.altered(run.after):
            where = self._owner_line(name)
            if before.shape != after.shape or before.dtype != after.dtype:
                shown = f"{name}: {_kind(before)} before, {_kind(after)} after one pass"
                remedy = "Give it its final shape and type in __init__, and change it in place."
                raise self._bad("must keep the shape and type of what it holds", shown, remedy, where)
            if name in self._laid_out and replaced:
                remedy = f"Change it in place: self.{name.rpartition('.')[2]}.copy_(…), mul_(…) or add_(…)."
                raise self._bad("must keep the tensors it holds", f"another tensor as {name}", remedy, where)
            if name in parameters:
                yield Reason("parameters", where, f"forward changes the parameter {name}")

    def _drawn(self, draws: tuple[Draw, ...]) -> Iterator[Reason]:
        for where, layer in draws:
            if type(layer) not in _LAYERS:
                by = "forward" if layer is None else type(layer).__name__
                yield Reason(
                    "random numbers", where or self._sources.forward, f"{by} draws random numbers itself"
                )

    def _cause(self, run: _Pass, remedy: str) -> tuple[str, str, str]:
        """(where, what, what to do) of the likeliest reason why a second pass went another way."""
        for draw in run.draws if not self._network.training else ():
            return draw.where or self._sources.forward, "random numbers", remedy
        kept = "Keep it in a buffer of floating-point numbers that is saved: register_buffer."
        if not self._network.training:
            kept = "Let evaluation depend on its rows, parameters and saved buffers alone."
        for found in run.before.changed(run.after):
            where = self._sources.changes(found.layer, found.attribute)
            return where, f"something that changes with the attribute {found.path}", kept
        for name, *_ in run.before.altered(run.after):
            if name not in self._laid_out:
                return self._owner_line(name), f"something that changes with the buffer {name}", kept
        return (
            self._sources.forward,
            "other numbers: it draws from, or remembers, something outside of it",
            remedy,
        )

    def _owner_line(self, name: str) -> str:
        """Where the layer that holds a parameter or buffer changes it."""
        owner, _, local = name.rpartition(".")
        return self._sources.changes(self._network.get_submodule(owner), local)

    def _bad(self, constraint: str, value: object, remedy: str, where: str | None = None) -> BadInput:
        return BadInput(at(self._sources.forward if where is None else where), constraint, value, remedy)


def _held(network: nn.Module) -> dict[str, Tensor]:
    return {**dict(network.named_parameters()), **dict(network.named_buffers())}


def _tensors(network: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach() for name, tensor in _held(network).items()}


def _kind(tensor: Tensor) -> str:
    return f"{list(tensor.shape)} of {str(tensor.dtype).removeprefix('torch.')}"


def _shown(tensor: Tensor) -> str:
    """The first number that is none, or else the first of all."""
    flat = tensor.detach().flatten()
    bad = flat[~torch.isfinite(flat)]
    return f"{(bad if len(bad) else flat)[0].item():g}"


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return f"{type(error).__name__}: {text.splitlines()[0] if text else ''}"
