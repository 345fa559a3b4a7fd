"""Attention of a stack: members are more examples to it, since it has no parameters."""

from typing import Any

from torch import Tensor
from torch.autograd import Function
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention
from torch.overrides import TorchFunctionMode


class StackedAttention(TorchFunctionMode):
    """Lets torch's attention run inside `vmap` as fast as outside.

    Torch knows no batched form of its fastest kind. Inside this block, calls without a mask and without
    dropout take the members' examples as one batch; others are torch's own matter.

    Example:
        >>> import torch
        >>> x = torch.ones(3, 2, 4, 5, 6)  # [K, B, heads, steps, width]
        >>> with StackedAttention():
        ...     y = torch.func.vmap(lambda x: scaled_dot_product_attention(x, x, x))(x)
        >>> torch.equal(y, x)
        True
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Takes over attention."""
        kwargs = kwargs or {}
        if func is scaled_dot_product_attention:
            plain = len(args) == 3 and kwargs.keys() <= {"is_causal", "scale"}
            if plain and all(each.dim() == 4 for each in args):
                causal, scale = kwargs.get("is_causal", False), kwargs.get("scale")
                return _Attention.apply(*args, causal, scale)  # type: ignore[no-untyped-call]
        return func(*args, **kwargs)


class _Attention(Function):
    """Attention on queries, keys and values [B, heads, steps, width], differentiated inside `vmap` alone."""

    @staticmethod
    def forward(q: Tensor, k: Tensor, v: Tensor, causal: bool, scale: float | None) -> Tensor:
        return scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(_ctx: Any, *_gradients: Any) -> Any:
        raise NotImplementedError("attention on what no member changes has no gradient here")

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        q: Tensor,
        k: Tensor,
        v: Tensor,
        causal: bool,
        scale: float | None,
    ) -> tuple[Tensor, int]:
        queries, keys, values = (
            (t.expand(info.batch_size, *t.shape) if dim is None else t.movedim(dim, 0)).flatten(0, 1)
            for t, dim in zip((q, k, v), in_dims[:3], strict=True)
        )
        with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.MATH]):
            found = scaled_dot_product_attention(queries, keys, values, is_causal=causal, scale=scale)
        return found.view(info.batch_size, -1, *found.shape[1:]), 0
