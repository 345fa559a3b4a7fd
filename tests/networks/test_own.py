"""The user's factory is found by name, its arguments become knobs, and what cannot be is said."""

import pickle
import sys
from typing import Annotated, Literal

import pytest
from torch import nn

from steepest.base.errors import BadInput
from steepest.base.knobs import Choice, Knob, Range
from steepest.networks.own import call_factory, read_factory
from steepest.networks.ports import Ports

PORTS = Ports("image", (3, 8, 8), 4)
SOURCE = """
from __future__ import annotations
from torch import nn
BESIDE = 1
class Net(nn.Module):
    def __init__(self, inputs: int, outputs: int, width: int = 8):
        super().__init__()
        self.layer = nn.Linear(inputs, outputs)
def make(inputs, classes: int, width: int = 8): return nn.Linear(inputs, classes)
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "mynet_in_a_folder.py").write_text(SOURCE)
    (tmp_path / "mynet_here.py").write_text(SOURCE)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


@pytest.mark.parametrize("place", ["mynet_here", "mynet_here.py", "nets/mynet_in_a_folder.py"])
@pytest.mark.parametrize("attribute", ["make", "Net"])
@pytest.mark.usefixtures("folder")
def test_a_name_finds_the_factory_here_and_in_another_process(place, attribute):
    path = list(sys.path)
    factory = read_factory(f"{place}:{attribute}")
    assert sys.path == path
    assert [(k.name, k.default, k.search) for k in factory.knobs] == [("width", 8, Choice((4, 8, 16)))]
    assert isinstance(call_factory(factory, factory.arguments(PORTS, {})), nn.Module)
    sent = pickle.loads(pickle.dumps(factory))
    assert sent == factory
    assert hash(sent) == hash(factory)


def test_a_file_is_read_by_its_path_though_its_name_is_taken(folder):
    (folder / "json.py").write_text(SOURCE)
    factory = read_factory("json.py:make")
    assert call_factory(factory, factory.arguments(PORTS, {})).out_features == 4
    assert "JSON" in sys.modules["json"].__doc__  # the library's own


def given(
    inputs,
    shape,
    tokens,
    plain: int = 10,
    one: int = 1,
    none: int = 0,
    rate: float = 0.5,
    whole_default: float = 2,
    dropout: float = 0.1,
    switch: bool = True,
    kind: Literal["a", "b"] = "b",
    ranged: Annotated[int, Range(8, 512, scale="log")] = 32,
    picked: Annotated[float, Choice((0.1, 0.2))] = 0.2,
    knob: Annotated[int, Knob("a knob", search=Choice((1, 2)))] = 1,
    text: str = "t",
    *rest,
    chosen: Literal["x", "y"],
    middle: Annotated[int, Range(4, 9)],
    **more,
): ...


def test_every_kind_of_argument_becomes_the_knob_it_declares():
    factory = read_factory(given)
    assert factory.filled == ("inputs", "shape", "tokens")
    assert {k.name: (k.default, k.search) for k in factory.knobs} == {
        "plain": (10, Choice((5, 10, 20))),
        "one": (1, Choice((1, 2))),
        "none": (0, None),
        "rate": (0.5, Range(0.05, 5.0, center=0.5, scale="log")),
        "whole_default": (2, Range(0.2, 20, center=2, scale="log")),
        "dropout": (0.1, Range(0.0, 0.5)),
        "switch": (True, Choice((False, True))),
        "kind": ("b", Choice(("a", "b"))),
        "chosen": ("x", Choice(("x", "y"))),
        "ranged": (32, Range(8, 512, scale="log")),
        "middle": (6, Range(4, 9)),
        "picked": (0.2, Choice((0.1, 0.2))),
        "knob": (1, Choice((1, 2))),
        "text": ("t", None),
    }


def test_the_data_fill_what_they_can_and_ranges_of_whole_numbers_are_rounded():
    def make(inputs, outputs, classes, shape, tokens, width: Annotated[int, Range(1, 9)] = 3): ...

    assert read_factory(make).arguments(PORTS, {"width": 4.6}) == {
        "inputs": 192,
        "outputs": 4,
        "classes": 4,
        "shape": (3, 8, 8),
        "tokens": 0,
        "width": 5,
    }


def test_an_unknown_option_gets_the_closest():
    def make(inputs, width: int = 3): ...

    with pytest.raises(BadInput, match=r"make\(wdith=…\) must be an argument of it.*Did you mean 'width'"):
        read_factory(make).arguments(PORTS, {"wdith": 4})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (3, "network must be callable, but got 3"),
        ("mynet_here", "must name a file or module, and a function in it"),
        (":make", "must name a file or module"),
        ("no_such_net:make", "must name a module that exists, but got 'no_such_net'. It is looked for in"),
        ("nowhere.py:make", "must name a file that exists"),
        ("mynet_here:mak", "must name something in mynet_here, but got 'mak'. Did you mean 'make'"),
        ("mynet_here:BESIDE", "must name a callable of mynet_here, but got 1"),
        ("broken.py:make", r"must be in a module that imports \(broken.py\), but got .*ZeroDivisionError"),
        ("broken:make", r"must be in a module that imports \(broken\)"),
        ("typo.py:make", r"SyntaxError: .*line 2"),
        ("needs.py:make", "ModuleNotFoundError: No module named 'a_missing_library'"),
        ("needs:make", "ModuleNotFoundError: No module named 'a_missing_library'"),
        ("torch.nn:Identity", "must be a callable with a readable signature"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_remedy(folder, source, message):
    (folder / "broken.py").write_text("1 / 0\n")
    (folder / "typo.py").write_text("\ndef make(:\n")
    (folder / "needs.py").write_text("import a_missing_library\n")
    with pytest.raises(BadInput, match=message):
        read_factory(source)


def test_arguments_that_nothing_fills_are_refused():
    def unknown(inputs, size): ...

    def undecided(inputs, kind: Literal["a", "b"] = "c"): ...

    def positional(size, /): ...

    with pytest.raises(
        BadInput, match=r"argument 'size' must have a default.*Write, for example, size: int = 64"
    ):
        read_factory(unknown)
    with pytest.raises(
        BadInput, match=r"must have one of its values as default, but got 'c'. Choose from: 'a', 'b'"
    ):
        read_factory(undecided)
    with pytest.raises(BadInput, match="must not be positional only"):
        read_factory(positional)


def test_a_factory_that_fails_or_returns_something_else_is_refused():
    def fails():
        raise ValueError("width must be even")

    def returns():
        return "network"

    with pytest.raises(
        BadInput, match=r"made by test_a_factory.*fails\(\), but got 'ValueError: width must be even'"
    ):
        call_factory(read_factory(fails), {})
    with pytest.raises(BadInput, match=r"must be a torch module: .* returns, but got 'str'"):
        call_factory(read_factory(returns), {})
