"""Whether members of the user's own network may train as one stack, and why not.

A network is looked over by `steepest.networks.own_checks`. If nothing speaks against it, three members take
two training steps together, by `vmap`, and each alone: parameters and running means must come out alike.
"""

import copy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import stack_module_state
from torch.nn.modules.dropout import _DropoutNd

from steepest.base.recipe import Recipe
from steepest.networks.architecture import spec_of
from steepest.networks.dropping import Rates
from steepest.networks.own_checks import HARMLESS, Kind, Reason, inspected
from steepest.networks.own_lines import Sources
from steepest.networks.own_spec import OwnSpec
from steepest.networks.plain.parts import DropPath
from steepest.training.feed import Feed
from steepest.training.matmul import one_thread
from steepest.training.member import Member
from steepest.training.objective import Objective
from steepest.training.source import Source
from steepest.training.vmapped_program import StackableModule

MEMBERS, STEPS, ROWS = 3, 2, 8
"""Of the probe; `ROWS` in each step."""

RATE = 0.01
"""How far the number with the steepest gradient moves in a step."""

SHARE = 1e-3
"""Most that a member's numbers may differ by, as a share of how far such a number, or a buffer, moved."""

_ROUNDING = 16 * torch.finfo(torch.float32).eps
"""What is left to the order of sums, as a share of the numbers themselves."""

Batches = list[tuple[list[Tensor], list[Tensor]]]
"""For each step, the members' examples and targets."""

_SAID: dict[str, tuple[Kind, str]] = {
    "data-dependent control flow": ("control flow", "a branch depends on numbers of the data"),
    ".item()": ("control flow", "item() reads a number of the data"),
    "dynamic shape": ("control flow", "a shape depends on numbers of the data"),
    "batching rule": ("operator", "torch has no batched form of an operator here"),
}
"""What torch says of code that it cannot batch, and what that means."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What is known of a network before it is trained.

    Args:
        stack: whether its members may train as one tensor program; otherwise they take turns.
        reasons: what speaks against it, and what else is worth knowing.
    """

    stack: bool
    reasons: tuple[Reason, ...] = ()

    @property
    def words(self) -> str:
        """The same in one line.

        Example:
            >>> Trust(False, (Reason("control flow", "mynet.py:7", "item() reads a number"),)).words
            'networks train one after the other: item() reads a number (mynet.py:7)'
        """
        against = [str(r) for r in self.reasons if r.kind not in HARMLESS]
        others = [str(r) for r in self.reasons if r.kind in HARMLESS]
        first = (
            "networks can train as one stack"
            if self.stack
            else f"networks train one after the other: {'; '.join(against)}"
        )
        return "; ".join([first, *others])


def trust(recipe: Recipe, source: Source) -> Trust:
    """Look a recipe's network over on some rows of a source.

    Args:
        recipe: its architecture and loss knobs are read.
        source: its first fold's training rows are used.

    Returns:
        Full trust in a network that is not the user's own.

    Raises:
        BadInput: for a network that cannot be trained as it stands, with the file and line.
    """
    spec = spec_of(recipe, source.ports)
    if not isinstance(spec, OwnSpec):
        return Trust(True)
    members = [Member(k, recipe, seed=k) for k in range(MEMBERS)]
    feed = Feed(source, members, torch.float32)
    train = torch.from_numpy(source.folds[0].train)
    with one_thread(), torch.random.fork_rng(devices=[]):
        found = inspected(spec, feed.example(0, train[torch.arange(ROWS) % len(train)]))
        if all(reason.kind in HARMLESS for reason in found):
            found += _probed(spec, members, _batches(feed, train), _objective(feed, source, recipe))
    return Trust(all(reason.kind in HARMLESS for reason in found), found)


def _objective(feed: Feed, source: Source, recipe: Recipe) -> Callable[[int, Tensor, Tensor], Tensor]:
    shares = feed.class_shares(source.classes) if recipe.class_weights else None
    return Objective(source.task, [recipe] * MEMBERS, shares, torch.float32).member


def _batches(feed: Feed, train: Tensor) -> Batches:
    """Other rows for every member and step, as far as there are so many."""
    place = torch.arange(STEPS * MEMBERS * ROWS).view(STEPS, MEMBERS, ROWS) % len(train)
    return [
        (
            [feed.example(k, train[rows]) for k, rows in enumerate(step)],
            [feed.target(k, train[rows]) for k, rows in enumerate(step)],
        )
        for step in place
    ]


# -- the probe -------------------------------------------------------------------------------------------


def _probed(
    spec: OwnSpec,
    members: Sequence[Member],
    batches: Batches,
    loss: Callable[[int, Tensor, Tensor], Tensor],
) -> tuple[Reason, ...]:
    """What comes of two steps together, held against two steps alone."""
    networks = [_without_draws(spec.started(member.seed)) for member in members]
    sources = Sources(networks[0], spec.factory.call)
    begun = [_numbers(network) for network in networks]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # torch warns where it loops over members by itself
            together = _stacked(networks, batches, loss)
    except Exception as error:
        return (_refused(error, sources),)
    for k, network in enumerate(networks):
        _alone(network, [(x[k], y[k]) for x, y in batches], partial(loss, k))
        for name, value in _numbers(network).items():
            apart, scale = (together[name][k] - value).abs().max(), value.abs().max()
            moved = RATE if name in spec.parameter_shapes else (value - begun[k][name]).abs().max()
            if not apart <= SHARE * moved + _ROUNDING * scale:
                words = f"two steps together and alone differ by {apart:.2g} in {name}, steps of {moved:.2g}"
                return (Reason("inequality", sources.forward, words),)
    return ()


def _stacked(
    networks: Sequence[nn.Module], batches: Batches, loss: Callable[[int, Tensor, Tensor], Tensor]
) -> dict[str, Tensor]:
    """Parameters and buffers [K, …] after the steps, all members as one program."""
    parameters, buffers = stack_module_state(list(networks))
    network = copy.deepcopy(networks[0])
    module = StackableModule(network)
    keys, silent = (
        torch.zeros(len(networks), dtype=torch.int64),
        [module.dropping.probabilities] * len(networks),
    )
    rates = Rates.of(silent, torch.float32)
    trained = [name for name, p in network.named_parameters() if p.requires_grad]
    for xs, ys in batches:
        outputs, buffers = module.stacked(parameters, buffers, torch.stack(xs), keys, rates)
        buffers = {name: buffer.detach() for name, buffer in buffers.items()}
        total = torch.stack([loss(k, outputs[k], y) for k, y in enumerate(ys)]).sum()
        gradients = torch.autograd.grad(
            total, [parameters[n] for n in trained], allow_unused=True, materialize_grads=True
        )
        scales = [_scale([g[k] for g in gradients]) for k in range(len(ys))]
        for name, gradient in zip(trained, gradients, strict=True):
            moved = [p - RATE * g / s for p, g, s in zip(parameters[name], gradient, scales, strict=True)]
            parameters[name] = torch.stack(moved).detach().requires_grad_()
    return {name: value.detach() for name, value in {**parameters, **buffers}.items()}


def _alone(
    network: nn.Module, batches: Sequence[tuple[Tensor, Tensor]], loss: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """The same steps for one network."""
    trained = [p for p in network.parameters() if p.requires_grad]
    for x, y in batches:
        gradients = torch.autograd.grad(
            loss(network(x), y), trained, allow_unused=True, materialize_grads=True
        )
        scale = _scale(gradients)
        with torch.no_grad():
            for p, gradient in zip(trained, gradients, strict=True):
                p.sub_(RATE * gradient / scale)


def _scale(gradients: Sequence[Tensor]) -> Tensor:
    """max |∇| over all parameters: steps are then as long whatever the scale of the loss."""
    return torch.stack([g.abs().max() for g in gradients if g.numel()]).max().clamp_min(1e-12)


def _numbers(network: nn.Module) -> dict[str, Tensor]:
    named = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: t.detach().clone().to(torch.float32) for name, t in named.items()}


def _without_draws(network: nn.Module) -> nn.Module:
    """In training, but for dropout: together and alone it would draw other numbers."""
    for layer in network.train().modules():
        if isinstance(layer, _DropoutNd | DropPath):
            layer.p = 0.0
    return network


def _refused(error: BaseException, sources: Sources) -> Reason:
    """Why torch could not run members as one, in words."""
    text = str(error).strip().partition("\n")[0]
    where = sources.raised(error) or sources.forward
    for said, (kind, words) in _SAID.items():
        if said in text.lower():
            name = text.partition("aten::")[2].split(".")[0].split(" ")[0] if kind == "operator" else ""
            return Reason(kind, where, f"{words}: {name}" if name else words)
    return Reason("operator", where, f"it does not run as one program: {type(error).__name__}: {text[:160]}")
