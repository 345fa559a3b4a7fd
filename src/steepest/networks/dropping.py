"""What dropout layers draw: a function of a key and a place, so that one network and a stack draw alike.

Torch draws from one generator, whose numbers depend on what was drawn before; in a stack, on the number of
members. Here every number has an address: the key of a member's step, the layer, the layer's how many-th call
in this pass, and the element. 16 bits are computed from the address by integer arithmetic alone, and an
element is kept if they are at or above 65536·p: the rate is met to 1/65536.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd import Function

from steepest.networks.plain.parts import DropPath

_LEVELS = 2**16

_ELEMENT, _LAYER, _CALL = -1640531527, -2048144789, -1028477379
"""2³²/φ and two primes of xxHash, as signed numbers: what elements, layers and calls are multiplied by."""

_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B - 2**32
"""Multipliers of Wellons' `lowbias32`."""

_FAR = 1.7580993408473766
"""λα of the SELU: alpha dropout puts -λα, the activation's limit at -∞, in the place of a unit."""


class Rates(NamedTuple):
    """How much each dropout layer drops: [layers], or [K, layers] for the members of a stack.

    Args:
        p: probability of dropping an element.
        limit: least 16 bits of an element that is kept, int16, from -2¹⁵ on.
        scale: 1/(1 - p); 0 where p is 1.
    """

    p: Tensor
    limit: Tensor
    scale: Tensor

    @classmethod
    def of(cls, probabilities: Sequence[Any], dtype: torch.dtype) -> "Rates":
        """From probabilities, nested as the tensors shall be.

        Example:
            >>> [t.tolist() for t in Rates.of([0.0, 0.5, 1.0], torch.float32)]
            [[0.0, 0.5, 1.0], [-32768, 0, 32767], [1.0, 2.0, 0.0]]
        """
        p = torch.tensor(probabilities, dtype=torch.float64)
        limit = (p * _LEVELS).round().sub(_LEVELS // 2).clamp_max(_LEVELS // 2 - 1)
        scale = torch.where(p < 1, 1 / (1 - p).clamp_min(1e-300), 0)
        return cls(p.to(dtype), limit.to(torch.int16), scale.to(dtype))


class Dropping:
    """The dropout layers of a network, which draw by the key of each pass from now on.

    Layers of exactly torch's classes, and `DropPath`, take part. Names and parameters stay as they are.

    Args:
        network: changed in place.

    Example:
        >>> network = nn.Sequential(nn.Dropout(0.5), nn.Linear(3, 1))
        >>> dropping = Dropping(network)
        >>> dropping.begin(torch.tensor(7))
        >>> network[0](torch.ones(1, 8))
        tensor([[0., 2., 2., 0., 0., 0., 2., 2.]])
        >>> dropping.probabilities, list(network.state_dict())
        ([0.5], ['1.weight', '1.bias'])
    """

    def __init__(self, network: nn.Module) -> None:
        self._layers: list[Any] = [layer for layer in network.modules() if type(layer) in _KEYED]
        for place, layer in enumerate(self._layers):
            layer.__class__ = _KEYED[type(layer)]  # it stays the object that the network refers to
            layer.__dict__.update(dropping=self, place=place)
        self._calls = [0] * len(self._layers)
        self._key, self._rates = torch.zeros((), dtype=torch.int64), Rates.of([], torch.float32)
        self._idle: frozenset[int] = frozenset()
        self._said: tuple[list[float], Rates] = [], self._rates

    @property
    def probabilities(self) -> list[float]:
        """p of every layer."""
        return [float(layer.p) for layer in self._layers]

    def begin(self, key: Tensor, rates: Rates | None = None, idle: frozenset[int] | None = None) -> None:
        """Set what the layers draw by until the next call.

        Args:
            key: int64, of one network; inside `vmap`, each member's own.
            rates: of its layers; None for what the layers themselves say.
            idle: layers that drop nothing in any member; None for what the layers themselves say.
        """
        if not self._layers:
            return
        probabilities = self.probabilities
        if rates is None and probabilities != self._said[0]:
            self._said = probabilities, Rates.of(probabilities, torch.float64)
        self._key, self._rates = key, self._said[1] if rates is None else rates
        self._idle = frozenset(i for i, p in enumerate(probabilities) if p == 0) if idle is None else idle
        self.end()

    def end(self) -> None:
        """Count calls from the start again: what is computed once more for the gradient draws the same."""
        self._calls = [0] * len(self._layers)

    def factors(self, place: int, shape: Sequence[int], dtype: torch.dtype, scaled: bool) -> Tensor | None:
        """What a layer multiplies by, 0 or its scale, or 0 or 1; None if it drops nothing.

        Args:
            place: of the layer.
            shape: of the factors, which may have axes of length 1.
            dtype: of the factors.
            scaled: whether what is kept is scaled.
        """
        call = self._calls[place]
        self._calls[place] += 1
        if place in self._idle:
            return None
        scale = self._rates.scale[place].to(dtype)
        if not scaled:
            scale = torch.ones_like(scale)
        limit, address = self._rates.limit[place], (place, call, tuple(shape))
        found: Tensor = _Factors.apply(self._key, limit, scale, *address)  # type: ignore[no-untyped-call]
        return found

    def rate(self, place: int) -> Tensor:
        """p of a layer, of this pass's member."""
        return self._rates.p[place]


def factors(
    keys: Tensor, limits: Tensor, scales: Tensor, place: int, call: int, shape: Sequence[int]
) -> Tensor:
    """0 or the scale, for each member and element.

        h = hash32(key, place, call, ⌊i/2⌋)        kept if 16 bits of h, the low ones for even i, ≥ limit

    Args:
        keys: int64 [K].
        limits, scales: [K], see `Rates`.
        place, call: of the layer, and how often it was called before.
        shape: of one member's elements.

    Returns:
        [K, *shape] of the scales' type.

    Example:
        >>> keys, limits = torch.tensor([1, 2]), torch.zeros(2, dtype=torch.int16)
        >>> factors(keys, limits, torch.full((2,), 2.0), place=0, call=0, shape=(6,))
        tensor([[2., 2., 0., 2., 2., 2.],
                [0., 2., 2., 2., 2., 0.]])

    References:
        Wellons 2018, "Prospecting for hash functions" (`lowbias32`); what it makes of the key and the place
        enters before its first multiplication, and before its second.
    """
    count = math.prod(shape)
    words = keys.contiguous().view(torch.int32).view(-1, 2)
    after = _mixed(words[:, 1:] + _signed(place * _CALL + call * _LAYER))
    before = _mixed((words[:, :1] + _signed(place * _LAYER + call * _CALL)) ^ after)
    pairs = torch.arange(-(-count // 2), dtype=torch.int32, device=keys.device).mul_(_ELEMENT)
    hashed = _mixed(pairs ^ before, after)
    bits = hashed.view(torch.int16)[:, :count]
    kept = (bits >= limits.unsqueeze(1)).to(scales.dtype).mul_(scales.unsqueeze(1))
    return kept.view(-1, *shape)


def _mixed(h: Tensor, more: Tensor | None = None) -> Tensor:
    """`lowbias32` of int32 numbers, in place; what shifts copy from the sign is cleared."""
    spare = torch.bitwise_right_shift(h, 16)
    h.bitwise_xor_(spare.bitwise_and_(0xFFFF)).mul_(_FIRST)
    if more is not None:
        h.bitwise_xor_(more)
    torch.bitwise_right_shift(h, 15, out=spare)
    h.bitwise_xor_(spare.bitwise_and_(0x1FFFF)).mul_(_SECOND)
    torch.bitwise_right_shift(h, 16, out=spare)
    return h.bitwise_xor_(spare.bitwise_and_(0xFFFF))


def _signed(number: int) -> int:
    """Its low 32 bits as a signed number."""
    return (number + 2**31) % 2**32 - 2**31


class _Factors(Function):
    """`factors` of one network; inside `vmap`, of all members at once."""

    @staticmethod
    def forward(
        key: Tensor, limit: Tensor, scale: Tensor, place: int, call: int, shape: tuple[int, ...]
    ) -> Tensor:
        return factors(key.view(1), limit.view(1), scale.view(1), place, call, shape)[0]

    @staticmethod
    def setup_context(ctx: Any, _inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.mark_non_differentiable(output)

    @staticmethod
    def backward(_ctx: Any, *_gradients: Any) -> Any:
        return (None,) * 6

    @staticmethod
    def vmap(info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Tensor, int]:
        tensors = [
            t.movedim(dim, 0) if dim is not None else t.expand(info.batch_size)
            for t, dim in zip(inputs[:3], in_dims[:3], strict=True)
        ]
        return factors(*tensors, *inputs[3:]), 0


# -- the layers ------------------------------------------------------------------------------------------


class _Keyed(nn.Module):
    """A layer that draws by a key."""

    dropping: Dropping
    place: int

    def _thinned(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """x times factors of that shape."""
        if not self.training:
            return x
        found = self.dropping.factors(self.place, shape, x.dtype, scaled=True)
        if found is None:
            return x
        return x.mul_(found) if getattr(self, "inplace", False) else x * found

    def _with_limit(self, x: Tensor, shape: Sequence[int]) -> Tensor:
        """Alpha dropout: dropped elements at the SELU's limit, then all brought to mean 0 and variance 1."""
        kept = self.dropping.factors(self.place, shape, x.dtype, scaled=False) if self.training else None
        if kept is None:
            return x
        p = self.dropping.rate(self.place).to(x.dtype)
        spread = (1 + _FAR**2 * p) * (1 - p)
        scale = torch.where(spread > 0, spread.clamp_min(torch.finfo(x.dtype).tiny).rsqrt(), 0)
        changed = x * (kept * scale) + (kept - 1 + p) * (_FAR * scale)
        return x.copy_(changed) if getattr(self, "inplace", False) else changed


class _Elements(_Keyed, nn.Dropout):
    def forward(self, x: Tensor) -> Tensor:
        return self._thinned(x, x.shape)


class _Channels1d(_Keyed, nn.Dropout1d):
    def forward(self, x: Tensor) -> Tensor:
        return self._thinned(x, _by_channel(x, 0 if x.dim() == 2 else 1))


class _Channels2d(_Keyed, nn.Dropout2d):
    def forward(self, x: Tensor) -> Tensor:
        return self._thinned(x, _by_channel(x, 1))


class _Channels3d(_Keyed, nn.Dropout3d):
    def forward(self, x: Tensor) -> Tensor:
        return self._thinned(x, _by_channel(x, 0 if x.dim() == 4 else 1))


class _Alpha(_Keyed, nn.AlphaDropout):
    def forward(self, x: Tensor) -> Tensor:
        return self._with_limit(x, x.shape)


class _FeatureAlpha(_Keyed, nn.FeatureAlphaDropout):
    def forward(self, x: Tensor) -> Tensor:
        return self._with_limit(x, _by_channel(x, 1))


class _Paths(_Keyed, DropPath):
    def forward(self, x: Tensor) -> Tensor:
        return self._thinned(x, _by_channel(x, 0))


def _by_channel(x: Tensor, axis: int) -> tuple[int, ...]:
    """The shape up to an axis, 1 thereafter."""
    return (*x.shape[: axis + 1], *[1] * (x.dim() - axis - 1))


_KEYED: dict[type[nn.Module], type[_Keyed]] = {
    nn.Dropout: _Elements,
    nn.Dropout1d: _Channels1d,
    nn.Dropout2d: _Channels2d,
    nn.Dropout3d: _Channels3d,
    nn.AlphaDropout: _Alpha,
    nn.FeatureAlphaDropout: _FeatureAlpha,
    DropPath: _Paths,
}
