"""The user's own network: any callable that returns a torch module, its arguments read as knobs.

    # mynet.py
    def make(inputs: int, outputs: int, width: int = 64, gated: bool = False) -> nn.Module: ...

`mynet:make` or `path/to/mynet.py:make` names it. `inputs`, `outputs`, `classes`, `shape` and `tokens` are
filled from the data; `width` is searched over 32, 64, 128 and `gated` over both values:

    bool, Literal["a", "b"]             every value
    int = n                             n/2, n, 2n
    float = v                           v/10 … 10v, logarithmic; an argument with "drop" in its name: 0 … 0.5
    Annotated[int, Range(8, 512)]       as declared: a `Range` or `Choice` of `steepest.base.knobs`
    anything else with a default        left at its default
"""

import functools
import importlib
import importlib.util
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, get_args, get_origin

from torch import nn

from steepest.base.errors import BadInput, closest
from steepest.base.knobs import Choice, Knob, Range
from steepest.networks.own_lines import Sources, at
from steepest.networks.ports import Ports

FILLED = ("inputs", "outputs", "classes", "shape", "tokens")
"""Arguments that the data fill."""

_NOTHING = inspect.Parameter.empty


@dataclass(frozen=True, slots=True)
class OwnKnob:
    """One argument of a factory.

    Args:
        name: of the argument.
        default: its value where nothing else is asked for.
        search: where it is searched; None leaves it at its default.
        whole: whether it takes whole numbers, so that a value of a range is rounded.
    """

    name: str
    default: Any
    search: Range | Choice | None = None
    whole: bool = False


@dataclass(frozen=True)
class Factory:
    """A callable that makes the user's network.

    Args:
        name: "module:function", or "path/to/file.py:function".
        call: the callable.
        knobs: its arguments that the data do not fill.
        filled: those that they do.
        named: whether `name` finds it again; then it is sent to other processes by name.
    """

    name: str
    call: Callable[..., Any]
    knobs: tuple[OwnKnob, ...] = field(default=(), compare=False)
    filled: tuple[str, ...] = field(default=(), compare=False)
    named: bool = False

    def __reduce__(self) -> tuple[Any, ...]:
        """By name where that finds it: a function of a file has no other address."""
        if self.named:
            return read_factory, (self.name,)
        return Factory, (self.name, self.call, self.knobs, self.filled)

    @property
    def function(self) -> str:
        """What the callable is called in its module."""
        return self.name.rpartition(":")[2]

    def arguments(self, ports: Ports, options: Mapping[str, Any]) -> dict[str, Any]:
        """What it is called with.

        Raises:
            BadInput: for an option that is not one of its arguments.
        """
        names = [knob.name for knob in self.knobs]
        for name, value in options.items():
            if name not in names:
                raise BadInput(
                    f"{self.function}({name}=…)", "must be an argument of it", value, closest(name, names)
                )
        given = {knob.name: options.get(knob.name, knob.default) for knob in self.knobs}
        whole = {knob.name for knob in self.knobs if knob.whole}
        rounded = {name: round(value) if name in whole else value for name, value in given.items()}
        from_data = {
            "inputs": ports.inputs,
            "outputs": ports.outputs,
            "classes": ports.outputs,
            "shape": ports.shape,
            "tokens": ports.tokens,
        }
        return {name: from_data[name] for name in self.filled} | rounded


def read_factory(source: str | Callable[..., Any]) -> Factory:
    """The factory that a text names, or that a callable is.

    A module is looked for in the working directory too.

    Args:
        source: "module:function", "path/to/file.py:function", or a callable (a class is one).

    Raises:
        BadInput: if it cannot be found, imported or called, and for an argument that nothing fills.

    Example:
        >>> factory = read_factory("torch.nn:Identity")
        Traceback (most recent call last):
        ...
        steepest.base.errors.BadInput: network must be a callable with a readable signature, ...
        >>> def make(inputs: int, outputs: int, width: int = 64, dropout: float = 0.1): ...
        >>> [(knob.name, knob.search) for knob in read_factory(make).knobs]
        [('width', Choice(options=(32, 64, 128), ...)), ('dropout', Range(low=0.0, high=0.5, ...))]
    """
    if not isinstance(source, str):
        if not callable(source):
            raise BadInput(
                "network", "must be callable", source, "Give a function that returns a torch module."
            )
        where = getattr(source, "__module__", ""), getattr(source, "__qualname__", type(source).__name__)
        return _factory(":".join(where), source, named=False)
    place, _, attribute = source.rpartition(":")
    if not place or not attribute:
        remedy = "Write module:function, for example mynet:make or nets/mynet.py:make."
        raise BadInput("network", "must name a file or module, and a function in it", source, remedy)
    module = _file(place) if place.endswith(".py") else _module(place)
    if not hasattr(module, attribute):
        own = {n: v for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__}
        offered = [name for name, value in own.items() if callable(value) and not name.startswith("_")]
        raise BadInput("network", f"must name something in {place}", attribute, closest(attribute, offered))
    call = getattr(module, attribute)
    if not callable(call):
        raise BadInput("network", f"must name a callable of {place}", call, "Name a function or a class.")
    return _factory(source, call, named=True)


def _module(place: str) -> ModuleType:
    """An installed module, or one in the working directory."""
    if (known := sys.modules.get(place)) is not None:
        return known
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise _broken(place, error) from None
        remedy = f"It is looked for in {here} too; a file is named by its path: nets/mynet.py:make."
        raise BadInput("network", "must name a module that exists", place, remedy) from None
    except Exception as error:
        raise _broken(place, error) from None
    finally:
        sys.path.remove(here)


def _file(place: str) -> ModuleType:
    """A module out of a file; what stands beside the file can be imported by it."""
    path = Path(place).resolve()
    if not path.is_file():
        raise BadInput("network", "must name a file that exists", place, f"It is looked for at {path}.")
    name = path.stem
    if (known := sys.modules.get(name)) is not None:
        if getattr(known, "__file__", None) == str(path):
            return known
        name = f"{path.stem}_{abs(hash(str(path)))}"  # another module has the name already
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # under its name, so that its classes can be sent to other processes
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise _broken(place, error) from None
    finally:
        sys.path.remove(str(path.parent))
    return module


def _broken(place: str, error: Exception) -> BadInput:
    line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
    remedy = f"Run python -c 'import {Path(place).stem}' to see where." if not line else "Correct it."
    return BadInput(
        "network",
        f"must be in a module that imports ({place})",
        f"{type(error).__name__}: {error}{line}",
        remedy,
    )


@functools.lru_cache(maxsize=64)
def _factory(name: str, call: Callable[..., Any], named: bool) -> Factory:
    knobs: list[OwnKnob] = []
    filled: list[str] = []
    for argument in _signature(call).parameters.values():
        if argument.kind in (argument.VAR_POSITIONAL, argument.VAR_KEYWORD):
            continue
        if argument.name in FILLED and argument.kind is not argument.POSITIONAL_ONLY:
            filled.append(argument.name)
        else:
            knobs.append(_knob(argument))
    return Factory(name, call, tuple(knobs), tuple(filled), named)


def _signature(call: Callable[..., Any]) -> inspect.Signature:
    try:
        try:
            found = inspect.signature(call, eval_str=True)
        except NameError:  # an annotation that only type checkers can resolve
            found = inspect.signature(call)
    except (ValueError, TypeError):
        found = None
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if found is None or (found.parameters and all(p.kind in variadic for p in found.parameters.values())):
        remedy = "Wrap it: def make(inputs: int, outputs: int): return …"
        raise BadInput("network", "must be a callable with a readable signature", call, remedy)
    return found


def _knob(argument: inspect.Parameter) -> OwnKnob:
    """An argument as a knob."""
    kind, search = _declared(argument.annotation)
    default = argument.default
    if search is None and default is not _NOTHING:
        search = _guessed(argument.name, kind, default)
    if default is _NOTHING:
        default = _middle(search, kind)
    if default is _NOTHING or argument.kind is argument.POSITIONAL_ONLY:
        constraint = f"must have a default, a Literal or a Range, or be one of {', '.join(FILLED)}"
        if argument.kind is argument.POSITIONAL_ONLY:
            constraint = "must not be positional only"
        remedy = f"Write, for example, {argument.name}: int = 64."
        raise BadInput(f"the network's argument {argument.name!r}", constraint, str(argument), remedy)
    if isinstance(search, Choice) and default not in search.options:
        remedy = f"Choose from: {', '.join(map(repr, search.options))}."
        raise BadInput(
            f"the network's argument {argument.name!r}",
            "must have one of its values as default",
            default,
            remedy,
        )
    return OwnKnob(argument.name, default, search, kind is int and isinstance(search, Range))


def _declared(annotation: Any) -> tuple[Any, Range | Choice | None]:
    """The type that an annotation states, and the values."""
    if hasattr(annotation, "__metadata__"):
        for extra in annotation.__metadata__:
            found = extra.search if isinstance(extra, Knob) else extra
            if isinstance(found, Range | Choice):
                return annotation.__origin__, found
        return _declared(annotation.__origin__)
    if get_origin(annotation) is Literal:
        return None, Choice(get_args(annotation))
    return annotation, Choice((False, True)) if annotation is bool else None


def _guessed(name: str, kind: Any, default: Any) -> Range | Choice | None:
    """Where an argument without a declaration is searched, judged by its default."""
    if isinstance(default, bool):
        return Choice((False, True))
    if isinstance(default, int) and default > 0 and kind is not float:
        return Choice(tuple(sorted({max(1, default // 2), default, 2 * default})))
    if isinstance(default, int | float) and "drop" in name:
        return Range(0.0, 0.5) if 0 <= default <= 0.5 else None
    if isinstance(default, int | float) and math.isfinite(default) and default > 0:
        return Range(default / 10, default * 10, center=default, scale="log")
    return None


def _middle(search: Range | Choice | None, kind: Any) -> Any:
    """The default of an argument that has none: the first choice, or the middle of the range."""
    if isinstance(search, Choice):
        return search.options[0]
    if search is None:
        return _NOTHING
    between = math.sqrt(search.low * search.high) if search.scale == "log" else (search.low + search.high) / 2
    middle = between if search.center is None else search.center
    return round(middle) if kind is int else middle


def call_factory(factory: Factory, arguments: Mapping[str, Any]) -> nn.Module:
    """The module that a factory returns.

    Raises:
        BadInput: if it fails, or returns something else.
    """
    shown = f"{factory.function}({', '.join(f'{name}={value!r}' for name, value in arguments.items())})"
    try:
        made = factory.call(**arguments)
    except Exception as error:
        remedy = "Correct it, or restrict the argument by Annotated[int, Choice((…))]."
        where, reason = Sources(None, factory.call).raised(error), f"{type(error).__name__}: {error}"
        raise BadInput(at(where), f"must be made by {shown}", reason, remedy) from error
    if not isinstance(made, nn.Module):
        remedy, place = "Return the network from the function.", at(Sources(None, factory.call).factory)
        raise BadInput(place, f"must be a torch module: {shown} returns", type(made).__name__, remedy)
    return made
