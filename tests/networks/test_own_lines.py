"""Places in the user's source: found through wrappers, torch's classes and tracebacks."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from steepest.networks.own_lines import Sources, place


class Block(nn.Module):
    def __init__(self, width: int = 3) -> None:
        super().__init__()
        self.layer, self.count, self.seen = nn.Linear(width, width), 0, []

    def forward(self, x: Tensor) -> Tensor:
        self.note(len(x))
        return self.layer(x)

    def note(self, rows: int) -> None:
        self.count += rows
        self.seen.append(rows)


def line(thing: Any, text: str) -> str:
    lines, first = inspect.getsourcelines(thing)
    return f"test_own_lines.py:{next(first + i for i, each in enumerate(lines) if text in each)}"


def plain() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 3), Block())


@functools.cache
def wrapped() -> nn.Module:
    return plain()


@pytest.mark.parametrize(
    ("factory", "text"),
    [(plain, "def plain"), (wrapped, "@functools.cache"), (functools.partial(Block, 3), "def __init__")],
)
def test_torchs_own_classes_lead_to_the_function_that_puts_them_together(
    factory: Callable[..., Any], text: str
) -> None:
    found = Sources(nn.Sequential(nn.Linear(2, 2)), factory)
    source = Block if isinstance(factory, functools.partial) else getattr(factory, "__wrapped__", factory)
    assert found.forward.endswith(line(source, text))
    assert found.factory == found.forward


def test_a_layers_changes_are_found_wherever_its_methods_make_them() -> None:
    network = Block()
    found = Sources(network, Block)
    assert found.forward.endswith(line(Block, "def forward"))
    assert found.changes(network, "count").endswith(line(Block, "self.count += rows"))
    assert found.changes(network, "seen").endswith(line(Block, "self.seen.append"))
    assert found.changes(network, "elsewhere") == found.forward


def test_an_error_is_placed_at_the_users_innermost_line() -> None:
    network = plain()
    found = Sources(network, plain)
    with pytest.raises(RuntimeError) as caught:
        network(torch.zeros(2, 5))
    assert found.raised(caught.value).endswith(
        line(test_an_error_is_placed_at_the_users_innermost_line, "zeros(2, 5)")
    )
    network[0] = nn.Identity()
    with pytest.raises(RuntimeError) as caught:
        network(torch.zeros(2, 5))
    assert found.raised(caught.value).endswith(line(Block, "return self.layer(x)"))
    assert found.raised(ValueError("never raised")) == ""


def test_what_runs_is_placed_with_the_librarys_layer_that_was_called() -> None:
    seen: list[tuple[str, nn.Module | None]] = []
    network = Block()
    found = Sources(network, Block)
    network.layer.register_forward_pre_hook(lambda *_: seen.append(found.running(sys._getframe(1))))
    network(torch.zeros(2, 3))
    assert seen == [(seen[0][0], network.layer)]
    assert seen[0][0].endswith(line(Block, "return self.layer(x)"))


class Unreadable:
    """As scripted modules have it in place of a function."""

    def __get__(self, instance: object, owner: type) -> Any:
        raise AttributeError("no code")


class Scripted(nn.Module):
    forward = Unreadable()


def test_what_has_no_code_leads_to_the_factory() -> None:
    assert Sources(Scripted(), plain).forward.endswith(line(plain, "def plain"))
    assert Sources(nn.Linear(2, 2), nn.Linear).forward == Sources(None, nn.Linear).factory
    assert Sources(nn.ModuleList(), plain).forward == Sources(None, plain).factory  # empty, and yet there


def test_files_elsewhere_are_named_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(tmp_path / "nets" / "mine.py")
    assert place(file, 3) == f"{file}:3"
    monkeypatch.chdir(tmp_path)
    assert place(file, 3) == f"{Path('nets') / 'mine.py'}:3"
