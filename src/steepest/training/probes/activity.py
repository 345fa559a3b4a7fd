"""Activations of hidden layers, looked at where a training step has left them.

For the rows b = 1…R of a mini-batch (at most 256 of them) and the units h of a layer, with z what φ reads:

    mean = E[φ(z)]        SD = √E[(φ(z) - mean)²]        flat = E[1(z flat)]        dead = E_h[∏_b 1(z flat)]

Dropout is left out of φ(z). Of a convolution's activations, positions count as rows and channels as units.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from steepest.networks.dense import KERNELS, DenseStack
from steepest.training.probes.flat import FLAT, Limits, flat_limits

ROWS = 256
"""Most rows of a batch that are looked at; …"""

NUMBERS, FEWEST = 2**18, 16
"""… of layers that write more numbers than that together, as many as do, and at least so many."""

STATISTICS = ("activation_mean", "activation_sd", "activation_flat", "activation_dead")
"""Order of the first axis of what is returned here."""


def dense_activity(stack: DenseStack, rows: Tensor) -> Tensor:
    """Statistics [4, K, layers] of a dense stack's hidden layers after its backward pass.

    Args:
        stack: its buffers hold a training step; those of δ are written over.
        rows: row weights of the batch [K, B], equal where a row is real and 0 where it is padding.
    """
    members, layers = rows.shape[0], len(stack.pre)
    found = rows.new_empty(4, members, layers)
    everywhere = 1 - 0.5 / min(rows.shape[1], ROWS)  # a share of 1, but for rounding
    weights = rows[:, :ROWS]
    weights = (weights / weights.sum(1, keepdim=True)).unsqueeze(1)  # NaN where a member sits the step out
    for i in range(layers):
        z, scratch = stack.pre[i][:, :ROWS], stack.delta[i][:, :ROWS]
        a = stack.post[i][:, :ROWS]
        if stack.dropping:  # masks have been written over φ(z)
            a = scratch
            for name, first, last in stack.runs:
                KERNELS[name].forward(z[first:last], a[first:last])
        mean = torch.bmm(weights, a).mean(2, keepdim=True)
        torch.sub(a, mean, out=scratch)
        variance = torch.bmm(weights, scratch.mul_(scratch)).mean((1, 2))
        for name, first, last in stack.runs:
            _mark_flat(z[first:last], FLAT[name], scratch[first:last])
        share = torch.bmm(weights, scratch).squeeze(1)
        found[0, :, i], found[1, :, i] = mean.view(-1), variance.sqrt_()
        torch.mean(share, 1, out=found[2, :, i])
        torch.mean(share.gt_(everywhere), 1, out=found[3, :, i])
    return found


def _mark_flat(z: Tensor, limits: Limits, out: Tensor) -> None:
    """1 where z is flat, 0 elsewhere, into `out`."""
    low, high = limits
    torch.le(z, low, out=out)
    if high < float("inf"):
        out.add_(z >= high)


class ModuleActivity:
    """The same for a torch module, by hooks that are there only while it is watched.

    Watched are activation modules whose φ is known, each under its name; one that is called several times in
    a step shows its first call. Of GRU and LSTM layers, mean and deviation of what they write are known.

    Args:
        module: the network.

    Example:
        >>> network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        >>> activity = ModuleActivity(network)
        >>> with activity.watching():
        ...     out = network(torch.zeros(4, 2))
        >>> activity.names, tuple(activity.found().shape)
        (('1',), (4, 1))
    """

    def __init__(self, module: nn.Module) -> None:
        self._watched: dict[str, tuple[nn.Module, Limits | None]] = {}
        modules = list(module.named_modules())
        for name, each in modules:
            limits = flat_limits(each)
            if limits is not None or isinstance(each, nn.GRU | nn.LSTM):
                self._watched[name] = each, limits
        self._channels_first = any(isinstance(each, nn.Conv1d | nn.Conv2d | nn.Conv3d) for _, each in modules)
        self._seen: dict[str, list[Tensor]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the layers that are watched."""
        return tuple(self._watched)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look at the activations of what the module computes inside."""
        self._seen = {}
        handles = []
        for name, (module, limits) in self._watched.items():
            if limits is not None:
                handles.append(module.register_forward_pre_hook(self._before(name, limits)))
            handles.append(module.register_forward_hook(self._after(name)))
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def found(self) -> Tensor:
        """Statistics [4, layers] of the last watched step, NaN where nothing was seen."""
        unknown = torch.full((4,), torch.nan, dtype=torch.float64)
        seen = [self._ordered(self._seen[name]) if name in self._seen else unknown for name in self._watched]
        return torch.stack(seen, 1) if seen else unknown.new_empty(4, 0)

    @staticmethod
    def _ordered(seen: list[Tensor]) -> Tensor:
        """Flat and dead come first, before φ may write over z; mean and deviation last."""
        return torch.cat([*seen[1:], seen[0]])

    def _before(self, name: str, limits: Limits) -> Callable[..., None]:
        def look(_module: nn.Module, args: tuple[Tensor, ...]) -> None:
            if name in self._seen:
                return
            with torch.no_grad():
                z = self._by_unit(args[0])
                flat = torch.empty_like(z)
                _mark_flat(z, limits, flat)
                share = flat.mean(0)
                both = torch.stack([share.mean(), flat.amin(0).mean()])
                self._seen[name] = [both.double()]

        return look

    def _after(self, name: str) -> Callable[..., None]:
        def look(_module: nn.Module, _args: tuple[Tensor, ...], output: Tensor | tuple[Tensor, ...]) -> None:
            seen = self._seen.setdefault(name, [torch.full((2,), torch.nan, dtype=torch.float64)])
            if len(seen) > 1:
                return
            with torch.no_grad():
                a = _some(output if isinstance(output, Tensor) else output[0])
                mean = a.mean()
                deviation = torch.linalg.vector_norm(a - mean) / a.numel() ** 0.5
                seen.append(torch.stack([mean, deviation]).double())

        return look

    def _by_unit(self, z: Tensor) -> Tensor:
        """Rows and positions first, units last: [R, H]."""
        z = _some(z)
        return (z.movedim(1, -1) if self._channels_first and z.dim() > 2 else z).flatten(0, -2)


def _some(x: Tensor) -> Tensor:
    """The first rows of x [B, …], in float32 at least."""
    each = max(x[:1].numel(), 1)
    some = x[: min(ROWS, max(FEWEST, NUMBERS // each))]
    return some if some.dtype in (torch.float32, torch.float64) else some.float()
