"""Objects through a pipe: what arrives is what was sent, and is the receiver's own."""

import threading
from multiprocessing import Pipe
from typing import Any

import numpy as np
import pytest
import torch

from steepest.experiment.messages import Message, receive


def through(content: Any) -> Any:
    near, far = Pipe()
    sender = threading.Thread(target=Message(content).send, args=(near,))
    sender.start()
    found = receive(far)
    sender.join()
    near.close()
    far.close()
    return found


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool]
)
@pytest.mark.parametrize("shape", [(), (0, 3), (5,), (300, 70, 2)])
def test_tensors_arrive_bit_for_bit(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    sent = (torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 9).to(dtype)
    found = through({"theta": sent, "twice": [sent, 3]})["theta"]
    assert found.dtype == dtype
    assert torch.equal(found, sent)
    found.zero_()  # its own, and writable without a warning


def test_what_is_not_laid_out_plainly_arrives_too() -> None:
    sent = torch.arange(12.0).view(3, 4).t()
    leaf = torch.nn.Parameter(torch.tensor([1.0, float("nan")]))
    found = through((sent, leaf, 1j * sent, np.arange(5)[::2], "word", None))
    assert torch.equal(found[0], sent)
    assert isinstance(found[1], torch.nn.Parameter)
    assert found[1].requires_grad
    assert torch.equal(found[2], 1j * sent)
    assert found[3].tolist() == [0, 2, 4]
    assert found[4:] == ("word", None)


def test_what_cannot_be_pickled_fails_before_anything_is_sent() -> None:
    near, far = Pipe()
    with pytest.raises(TypeError, match="pickle"):
        Message(threading.Lock())
    Message("next").send(near)
    assert receive(far) == "next"


def test_a_pipe_that_ends_half_way_is_an_error() -> None:
    near, far = Pipe()
    near.send_bytes(b"\x80\x05]\x94K\x05a.")  # [5]: five bytes are to come
    near.close()
    with pytest.raises(EOFError):
        receive(far)
