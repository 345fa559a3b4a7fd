"""Recurrent layers of a stack, written out: all members take a time step together.

Torch's GRU and LSTM know no member axis. Here each step is a few products for all members. What a step reads
stands in one array, [x; 1; h]: a product maps inputs and states at once, and biases cost nothing. Units
stand before rows, so that each gate lies together in memory, and the gradients of weights are summed step
by step, while what they are made of is in the cache. Arrays are [T, K, …, B]: T steps, K members, B rows.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import once_differentiable

_sigmoid_back = torch.ops.aten.sigmoid_backward
_tanh_back = torch.ops.aten.tanh_backward

BETWEEN = "dropout between the layers of a recurrent module draws by itself"
UNSTACKED = "recurrent modules run in stacks on batches of plain sequences, without projection"
"""What recurrent modules refuse inside `vmap`."""


class Shelf:
    """Arrays that are done with, to be taken again: fresh memory costs more than what is computed in it.

    Example:
        >>> shelf, like = Shelf(), torch.zeros(())
        >>> array = shelf.take(like, 2, 3)
        >>> shelf.put(array)
        >>> shelf.take(like, 2, 3) is array, shelf.take(like, 2, 3) is array
        (True, False)
    """

    def __init__(self) -> None:
        self._arrays: dict[tuple[object, ...], list[Tensor]] = {}

    def take(self, like: Tensor, *shape: int) -> Tensor:
        """An array with any numbers, of the type of `like`."""
        kept = self._arrays.get((like.dtype, like.device, shape))
        return kept.pop() if kept else like.new_empty(shape)

    def put(self, *arrays: Tensor) -> None:
        """Give arrays back."""
        for array in arrays:
            self._arrays.setdefault((array.dtype, array.device, tuple(array.shape)), []).append(array)


class _Layer(Function):
    """One recurrent layer in one direction, of K members.

    Inputs: x [K, T, B, F], W [K, G·H, F], U [K, G·H, H], b and c [K, G·H], states before the first step
    [K, B, H] (a GRU's h; an LSTM's h, then its cell), whether to run backwards, and the shelf that arrays are
    taken from and, once the gradients are there, put back on: outputs last until the next pass after that.
    Outputs: states after each step [K, T, B, H], an LSTM's cells too, then what the gradients need. It can be
    differentiated once.
    """

    states = 1

    @classmethod
    def vmap(cls, info: Any, in_dims: tuple[int | None, ...], *inputs: Any) -> tuple[Any, Any]:
        """All members at once: their axis joins the one that each brings along, of length 1."""
        tensors = [
            (t.movedim(dim, 0) if dim is not None else t.expand(info.batch_size, *t.shape)).flatten(0, 1)
            for t, dim in zip(inputs[:-2], in_dims[:-2], strict=True)
        ]
        outputs = cls.apply(*tensors, *inputs[-2:])  # type: ignore[no-untyped-call]
        states = tuple(each.unsqueeze(1) for each in outputs[: cls.states])
        kept = tuple(each.unsqueeze(0) for each in outputs[cls.states :])
        return states + kept, (0,) * cls.states + (None,) * len(kept)

    @classmethod
    def setup_context(cls, ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
        """Keep what the gradients need."""
        _, w, u, *_, ctx.backwards, ctx.shelf = inputs
        ctx.save_for_backward(w, u, *output[cls.states :])
        ctx.mark_non_differentiable(*output[cls.states :])
        ctx.set_materialize_grads(False)
        ctx.spent = False


class Gru(_Layer):
    """A GRU's layer.

        r = σ(W_r x + b_r + U_r h + c_r)        z = σ(W_z x + b_z + U_z h + c_z)
        n = tanh(W_n x + b_n + r ⊙ (U_n h + c_n))        h′ = (1 - z) ⊙ n + z ⊙ h

    References:
        Cho et al. 2014 (arXiv 1406.1078), in the form of cuDNN and `torch.nn.GRU`.
    """

    @staticmethod
    def forward(
        x: Tensor, w: Tensor, u: Tensor, b: Tensor, c: Tensor, h: Tensor, backwards: bool, shelf: Shelf
    ) -> tuple[Tensor, ...]:
        """h after each step; what each step reads; r and z; n; U_n h + c_n."""
        (members, steps, rows, features), units = x.shape, h.shape[2]
        reads = _reads(x, h, backwards, shelf)
        rz = shelf.take(x, steps, members, 2 * units, rows)
        n, inner = (shelf.take(x, steps, members, units, rows) for _ in range(2))
        maps = torch.cat([w, (b + c).unsqueeze(2), u], 2)[:, : 2 * units]
        outer_map = torch.cat([w, b.unsqueeze(2)], 2)[:, 2 * units :]
        inner_map = torch.cat([c.unsqueeze(2), u], 2)[:, 2 * units :]
        before, after = _ends(reads, backwards)
        for t in _order(steps, backwards):
            read, new = before[t], n[t]
            r, z = torch.split(torch.bmm(maps, read, out=rz[t]).sigmoid_(), units, 1)
            torch.bmm(inner_map, read[:, features:], out=inner[t])
            torch.bmm(outer_map, read[:, : features + 1], out=new).addcmul_(r, inner[t]).tanh_()
            torch.lerp(new, read[:, features + 1 :], z, out=after[t][:, features + 1 :])
        return _outward(after[:, :, features + 1 :]), reads, rz, n, inner

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, d_states: Tensor, *_unused: Any) -> tuple[Tensor | None, ...]:
        """Gradients by x, W, U, b, c and the given state."""
        w, u, *kept = _once(ctx)
        reads, rz, n, inner = kept
        (steps, _, units, _), features = n.shape, w.shape[2]
        given, before = _inward(d_states), _ends(reads, ctx.backwards)[0]
        u_rz, u_n = torch.split(u.transpose(1, 2), [2 * units, units], 2)
        w_rz, w_n = torch.split(w.transpose(1, 2), [2 * units, units], 2)
        by_rz, by_n, by_inner = (
            w.new_zeros(len(w), count, size)
            for count, size in ((2 * units, features + 1 + units), (units, features + 1), (units, 1 + units))
        )
        d_x = torch.empty_like(reads[:-1, :, :features]) if ctx.needs_input_grad[0] else None
        d_rz, d_n, d = torch.empty_like(rz[0]), torch.empty_like(n[0]), torch.zeros_like(n[0])
        (d_r, d_z), change, d_inner = torch.split(d_rz, units, 1), torch.empty_like(d), torch.empty_like(d)
        for t in reversed(_order(steps, ctx.backwards)):
            read, (r, z) = before[t], torch.split(rz[t], units, 1)
            d += given[t]
            torch.sub(read[:, features + 1 :], n[t], out=change).mul_(d)
            _sigmoid_back(change, z, grad_input=d_z)
            past = torch.mul(d, z, out=change)
            _tanh_back(d.sub_(past), n[t], grad_input=d_n)
            _sigmoid_back(torch.mul(d_n, inner[t], out=d_inner), r, grad_input=d_r)
            torch.mul(d_n, r, out=d_inner)
            torch.baddbmm(past, u_rz, d_rz, out=d).baddbmm_(u_n, d_inner)
            by_rz.baddbmm_(d_rz, read.transpose(1, 2))
            by_n.baddbmm_(d_n, read[:, : features + 1].transpose(1, 2))
            by_inner.baddbmm_(d_inner, read[:, features:].transpose(1, 2))
            if d_x is not None:
                torch.bmm(w_rz, d_rz, out=d_x[t]).baddbmm_(w_n, d_n)
        ctx.shelf.put(*kept)
        d_w = torch.cat([by_rz[..., :features], by_n[..., :features]], 1)
        d_u = torch.cat([by_rz[..., features + 1 :], by_inner[..., 1:]], 1)
        d_b = torch.cat([by_rz[..., features], by_n[..., features]], 1)
        d_c = torch.cat([by_rz[..., features], by_inner[..., 0]], 1)
        return None if d_x is None else _outward(d_x), d_w, d_u, d_b, d_c, d.transpose(1, 2), None, None


class Lstm(_Layer):
    """An LSTM's layer.

        i, f, o = σ(W x + b + U h + c), each its own        g = tanh(W_g x + b_g + U_g h + c_g)
        s′ = f ⊙ s + i ⊙ g        h′ = o ⊙ tanh s′

    References:
        Hochreiter & Schmidhuber 1997, with the forget gate of Gers et al. 2000; the order of `torch.nn.LSTM`.
    """

    states = 2

    @staticmethod
    def forward(
        x: Tensor,
        w: Tensor,
        u: Tensor,
        b: Tensor,
        c: Tensor,
        h: Tensor,
        s: Tensor,
        backwards: bool,
        shelf: Shelf,
    ) -> tuple[Tensor, ...]:
        """h and s after each step; what each step reads; s with the one before; i, f, g, o; tanh s′."""
        (members, steps, rows, features), units = x.shape, h.shape[2]
        reads = _reads(x, h, backwards, shelf)
        cells = shelf.take(x, steps + 1, members, units, rows)
        gates = shelf.take(x, steps, members, 4 * units, rows)
        bent = shelf.take(x, steps, members, units, rows)
        maps = torch.cat([w, (b + c).unsqueeze(2), u], 2)
        (before, after), (was, now) = _ends(reads, backwards), _ends(cells, backwards)
        order = _order(steps, backwards)
        was[order[0]].copy_(s.transpose(1, 2))
        for t in order:
            gate = torch.bmm(maps, before[t], out=gates[t])
            i_f, g, o = torch.split(gate, [2 * units, units, units], 1)
            i, f = torch.split(i_f.sigmoid_(), units, 1)
            torch.mul(was[t], f, out=now[t]).addcmul_(i, g.tanh_())
            torch.mul(o.sigmoid_(), torch.tanh(now[t], out=bent[t]), out=after[t][:, features + 1 :])
        return _outward(after[:, :, features + 1 :]), _outward(now), reads, cells, gates, bent

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, d_states: Tensor | None, d_cells: Tensor | None, *_unused: Any
    ) -> tuple[Tensor | None, ...]:
        """Gradients by x, W, U, b, c and the given states."""
        w, u, *kept = _once(ctx)
        reads, cells, gates, bent = kept
        (steps, _, units, _), features = bent.shape, w.shape[2]
        before, was = (_ends(each, ctx.backwards)[0] for each in (reads, cells))
        by_all = w.new_zeros(*w.shape[:2], features + 1 + units)
        d_x = torch.empty_like(reads[:-1, :, :features]) if ctx.needs_input_grad[0] else None
        d, d_h, d_s, spare = (torch.zeros_like(gates[0]), *(torch.zeros_like(bent[0]) for _ in range(3)))
        d_i, d_f, d_g, d_o = torch.split(d, units, 1)
        for t in reversed(_order(steps, ctx.backwards)):
            i, f, g, o = torch.split(gates[t], units, 1)
            d_h = d_h if d_states is None else d_h.add_(_inward(d_states)[t])
            d_s = d_s if d_cells is None else d_s.add_(_inward(d_cells)[t])
            _sigmoid_back(torch.mul(d_h, bent[t], out=spare), o, grad_input=d_o)
            d_s += _tanh_back(d_h.mul_(o), bent[t], grad_input=spare)
            _sigmoid_back(torch.mul(d_s, g, out=spare), i, grad_input=d_i)
            _sigmoid_back(torch.mul(d_s, was[t], out=spare), f, grad_input=d_f)
            _tanh_back(torch.mul(d_s, i, out=spare), g, grad_input=d_g)
            d_s.mul_(f)
            torch.bmm(u.transpose(1, 2), d, out=d_h)
            by_all.baddbmm_(d, before[t].transpose(1, 2))
            if d_x is not None:
                torch.bmm(w.transpose(1, 2), d, out=d_x[t])
        ctx.shelf.put(*kept)
        d_w, d_b, d_u = torch.split(by_all, [features, 1, units], 2)
        d_b = d_b.squeeze(2)
        ends = d_h.transpose(1, 2), d_s.transpose(1, 2)
        return None if d_x is None else _outward(d_x), d_w, d_u, d_b, d_b, *ends, None, None


def _reads(x: Tensor, h: Tensor, backwards: bool, shelf: Shelf) -> Tensor:
    """[x; 1; h] for each step, [T + 1, K, F + 1 + H, B], where only the first h is known."""
    (members, steps, rows, features), units = x.shape, h.shape[2]
    reads = shelf.take(x, steps + 1, members, features + 1 + units, rows)
    before = _ends(reads, backwards)[0]
    before[:, :, :features] = _inward(x)
    before[:, :, features] = 1
    before[-1 if backwards else 0, :, features + 1 :] = h.transpose(1, 2)
    return reads


def _order(steps: int, backwards: bool) -> range:
    """The steps in their order."""
    return range(steps - 1, -1, -1) if backwards else range(steps)


def _ends(history: Tensor, backwards: bool) -> tuple[Tensor, Tensor]:
    """What stands before, and what after each step, of steps + 1."""
    first, last = history[:-1], history[1:]
    return (last, first) if backwards else (first, last)


def _inward(x: Tensor) -> Tensor:
    """[K, T, B, F] as [T, K, F, B]."""
    return x.permute(1, 0, 3, 2)


def _outward(x: Tensor) -> Tensor:
    """[T, K, F, B] as [K, T, B, F]."""
    return x.permute(1, 0, 3, 2)


def _once(ctx: Any) -> tuple[Tensor, ...]:
    """What was kept; refused a second time, when it has been given away."""
    if ctx.spent:
        raise RuntimeError("recurrent layers of a stack can be differentiated once for each pass")
    ctx.spent = True
    kept: tuple[Tensor, ...] = ctx.saved_tensors
    return kept


# -- as layers of a network ------------------------------------------------------------------------------


class _Recurrent(nn.RNNBase):
    """What the two share: layers upon layers, one or two directions; calls are as torch's."""

    kind: type[_Layer]
    shelf: Shelf

    def forward(self, x: Tensor, hx: Any = None) -> tuple[Tensor, Any]:
        """Outputs, and the states after the last step."""
        if self.dropout and self.training and self.num_layers > 1:
            raise NotImplementedError(BETWEEN)
        if not isinstance(x, Tensor) or x.dim() != 3 or self.proj_size:
            raise NotImplementedError(UNSTACKED)
        x = x.transpose(0, 1) if self.batch_first else x
        given = (hx,) if isinstance(hx, Tensor) else hx
        ends: list[list[Tensor]] = [[] for _ in range(self.kind.states)]
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(2 if self.bidirectional else 1):
                place = layer * (2 if self.bidirectional else 1) + direction
                zeros = x.new_zeros(x.shape[1], self.hidden_size)
                states = [zeros] * self.kind.states if given is None else [each[place] for each in given]
                found = self._run(x, layer, bool(direction), states)
                outputs.append(found[0])
                for end, each in zip(ends, found, strict=True):
                    end.append(each[0 if direction else -1])
            x = torch.cat(outputs, 2) if self.bidirectional else outputs[0]
        last = tuple(torch.stack(end) for end in ends)
        return x.transpose(0, 1) if self.batch_first else x, last[0] if self.kind.states == 1 else last

    def _run(self, x: Tensor, layer: int, backwards: bool, states: list[Tensor]) -> list[Tensor]:
        """States after each step, [T, B, H], of a layer in one direction."""
        end = f"l{layer}{'_reverse' if backwards else ''}"
        w, u = getattr(self, f"weight_ih_{end}"), getattr(self, f"weight_hh_{end}")
        none = None if self.bias else w.new_zeros(len(w))
        b, c = (getattr(self, f"bias_{kind}_{end}") if none is None else none for kind in ("ih", "hh"))
        alone = [each.unsqueeze(0) for each in (x, w, u, b, c, *states)]
        outputs = self.kind.apply(*alone, backwards, self.shelf)  # type: ignore[no-untyped-call]
        return [each.squeeze(0) for each in outputs[: self.kind.states]]


class _GruLayers(_Recurrent, nn.GRU):  # type: ignore[misc]  # torch overloads for packed sequences
    kind = Gru


class _LstmLayers(_Recurrent, nn.LSTM):  # type: ignore[misc]
    kind = Lstm


_STACKED: dict[type[nn.Module], type[nn.Module]] = {nn.GRU: _GruLayers, nn.LSTM: _LstmLayers}


def stack_recurrence(network: nn.Module) -> None:
    """Let the network's GRUs and LSTMs, of exactly torch's classes, run inside `vmap`; names stay.

    Example:
        >>> network = nn.Sequential(nn.GRU(2, 3, batch_first=True))
        >>> stack_recurrence(network)
        >>> outputs, last = torch.func.vmap(network)(torch.zeros(4, 5, 6, 2))
        >>> outputs.shape, last.shape
        (torch.Size([4, 5, 6, 3]), torch.Size([4, 1, 5, 3]))
    """
    shelf = Shelf()
    for layer in network.modules():
        if type(layer) in _STACKED:
            layer.__class__ = _STACKED[type(layer)]  # it stays the object that the network refers to
            layer.__dict__["shelf"] = shelf
