"""Objects through a pipe between processes, tensors and arrays as they lie in memory.

Pickling a tensor in torch's own way copies it three times, which a process short of memory cannot afford and
one with a large stack notices. Here a message is a small pickle, with the contents of tensors and NumPy
arrays after it, none of them copied to be sent (PEP 574).
"""

import io
import pickle
from multiprocessing.connection import Connection
from typing import Any

import torch
from torch import Tensor


class Message:
    """An object ready to be sent: everything that can fail has been done.

    Args:
        content: anything that can be pickled.

    Example:
        >>> from multiprocessing import Pipe
        >>> near, far = Pipe()
        >>> Message({"theta": torch.ones(2)}).send(near)
        >>> receive(far)
        {'theta': tensor([1., 1.])}
    """

    def __init__(self, content: object) -> None:
        file, buffers = io.BytesIO(), list[pickle.PickleBuffer]()
        _Pickler(file, protocol=5, buffer_callback=buffers.append).dump(content)
        self._views = [file.getbuffer(), *(buffer.raw() for buffer in buffers)]

    def send(self, pipe: "Connection[Any, Any]") -> None:
        """Send it: first how long its parts are, then the parts."""
        pipe.send_bytes(pickle.dumps([view.nbytes for view in self._views]))
        for view in self._views:
            if view.nbytes:
                pipe.send_bytes(view)


def receive(pipe: "Connection[Any, Any]") -> Any:
    """The next object of a pipe; it owns its memory, which can be written."""
    parts = [bytearray(size) for size in pickle.loads(pipe.recv_bytes())]
    for part in parts:
        if part:
            pipe.recv_bytes_into(part)
    return pickle.loads(parts[0], buffers=parts[1:])


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        """Plain tensors in main memory go by their bytes, all others in torch's way."""
        if type(obj) is not Tensor or obj.device.type != "cpu" or obj.layout != torch.strided:
            return NotImplemented
        if obj.requires_grad or obj.is_quantized or obj.is_complex():
            return NotImplemented
        plain = obj.detach().contiguous()
        return _tensor, (plain.view(-1).view(torch.uint8).numpy(), obj.dtype, tuple(obj.shape))


def _tensor(content: Any, dtype: torch.dtype, shape: tuple[int, ...]) -> Tensor:
    if not content.size:
        return torch.empty(shape, dtype=dtype)
    return torch.from_numpy(content).view(dtype).view(shape)
