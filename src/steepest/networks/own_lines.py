"""Where in the user's own source something stands or happened, as "file:line"."""

import dis
import functools
import inspect
import sysconfig
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType, TracebackType
from typing import Any

import torch
from torch import nn

import steepest

_OURS = (str(Path(steepest.__file__).parent), str(Path(torch.__file__).parent))
_LIBRARIES = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_UNNAMED = ("<frozen", "<string>", "<__array_function__")


class Sources:
    """The files that a network is written in, and places in them.

    Args:
        network: its layers' classes say which files are the user's, whatever folder they are in; None where
            there is no network yet.
        factory: what made it.

    Example:
        >>> def make():
        ...     return nn.Sequential(nn.Linear(2, 1))
        >>> Sources(make(), make).forward.endswith(":1")  # torch wrote what runs, so the function is named
        True
    """

    def __init__(self, network: nn.Module | None, factory: Callable[..., Any]) -> None:
        codes = [
            code
            for layer in (network.modules() if network is not None else ())
            for code in _codes(type(layer))
        ]
        self._made = _code(factory)
        given = [*codes, *([self._made] if self._made else [])]
        self._files = {code.co_filename for code in given if not _within(code.co_filename, _OURS)}
        self._network = network

    @property
    def forward(self) -> str:
        """The network's `forward`; of a network that torch's own classes make up, the factory."""
        return self.factory if self._network is None else self.forward_of(self._network)

    def forward_of(self, layer: nn.Module) -> str:
        """The same for one of its layers."""
        code = _code(inspect.getattr_static(type(layer), "forward", None))
        if code is None or _within(code.co_filename, _OURS):
            code = self._made
        return place(code.co_filename, code.co_firstlineno) if code else ""

    @property
    def factory(self) -> str:
        """The function, or class, that makes the network."""
        return place(self._made.co_filename, self._made.co_firstlineno) if self._made else ""

    def changes(self, layer: nn.Module, attribute: str) -> str:
        """Where a layer's methods set `self.attribute`, or else change what it holds."""
        uses = [use for code in _codes(type(layer)) for use in _uses(code, attribute)]
        for wanted in ("STORE_ATTR", "LOAD_ATTR", "LOAD_METHOD"):
            for operation, file, line in uses:
                if operation == wanted and not _within(file, _OURS):
                    return place(file, line)
        return self.forward_of(layer)

    def raised(self, error: BaseException) -> str:
        """The user's innermost line in an error's traceback; "" if there is none."""
        return self._innermost(_lines(error.__traceback__))

    def running(self, frame: FrameType | None) -> tuple[str, nn.Module | None]:
        """The user's innermost line of what is running, and the library's layer that it called, if any.

        Args:
            frame: where to look outwards from, as far as the first frame of this package's `networks`.
        """
        layer: nn.Module | None = None
        ours = str(Path(__file__).parent / "own_")
        while frame is not None and not frame.f_code.co_filename.startswith(ours):
            if self._is_users(frame.f_code.co_filename):
                return place(frame.f_code.co_filename, frame.f_lineno), layer
            owner = frame.f_locals.get("self")
            layer = owner if layer is None and isinstance(owner, nn.Module) else layer
            frame = frame.f_back
        return "", layer

    def _innermost(self, lines: Iterable[tuple[str, int]]) -> str:
        found = [place(file, line) for file, line in lines if self._is_users(file)]
        return found[-1] if found else ""

    def _is_users(self, file: str) -> bool:
        if file in self._files:
            return True
        return not _within(file, (*_OURS, *_LIBRARIES)) and not file.startswith(_UNNAMED)


def place(file: str, line: int) -> str:
    """A line of a file, the file as seen from the working directory.

    Example:
        >>> place(str(Path.cwd() / "nets" / "mynet.py"), 12)
        'nets/mynet.py:12'
    """
    path = Path(file)
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return f"{shown}:{line}"


def at(where: str) -> str:
    """The network as the subject of an error, with the place that is at fault.

    Example:
        >>> at("mynet.py:12"), at("")
        ('network (mynet.py:12)', 'network')
    """
    return f"network ({where})" if where else "network"


def _within(file: str, folders: Iterable[str]) -> bool:
    return any(Path(file).is_relative_to(folder) for folder in folders)


def _lines(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


def _code(call: Any) -> CodeType | None:
    """The code of a function, of a class's `__init__`, or of what a wrapper wraps."""
    call = inspect.unwrap(call.func if isinstance(call, functools.partial) else call)
    call = call.__init__ if inspect.isclass(call) else call
    code = getattr(call, "__code__", None) or getattr(type(call).__call__, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _codes(kind: type) -> Iterator[CodeType]:
    """The methods of a class but `__init__`, `forward` first, then those it inherits."""
    for owner in kind.__mro__:
        methods = {name: _code(each) for name, each in vars(owner).items() if callable(each)}
        for name in sorted(methods, key=lambda name: name != "forward"):
            code = methods[name]
            if code is not None and name != "__init__":
                yield code


def _uses(code: CodeType, attribute: str) -> Iterator[tuple[str, str, int]]:
    """(operation, file, line) of every use of an attribute."""
    for step in dis.get_instructions(code):
        if step.argval == attribute and step.positions and step.positions.lineno:
            yield step.opname, code.co_filename, step.positions.lineno
