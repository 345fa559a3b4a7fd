"""What is said of a machine is what the system and torch say, and what was measured."""

import json
import os

import pytest
import torch

from steepest.training import machine
from steepest.training.machine import look
from steepest.training.matmul import Products


def test_a_machine_is_looked_at() -> None:
    threads = torch.get_num_threads()
    found = look(2)
    assert (found.cores, found.torch) == (2, torch.__version__)
    assert found.processor
    assert found.memory is None or found.memory > 2**28
    assert found.default.error < 1e-5
    assert found.onednn is None or found.onednn.rate > 0
    assert torch.get_num_threads() == threads
    assert json.loads(json.dumps(found.as_dict()))["default"]["rate"] == found.default.rate


def test_products_through_onednn_are_chosen_only_where_they_are_exact() -> None:
    found = look(1)
    assert not found.onednn_chosen or (found.onednn is not None and found.onednn.error < 1e-5)


@pytest.mark.parametrize("cards", [0, 2])
def test_graphics_cards_are_named(monkeypatch: pytest.MonkeyPatch, cards: int) -> None:
    monkeypatch.setattr(machine, "products", lambda: (Products(1e9, 1e-7), None))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cards > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: cards)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: f"card {i}")
    assert look(1).graphics == tuple(f"card {i}" for i in range(cards))


def test_a_system_that_does_not_tell_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_name: str) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "sysconf", refuses)
    assert machine.memory() is None
