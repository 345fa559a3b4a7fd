"""A rule's card: what its docstring and its signature say, as facts; the listing and the docs read it.

The docstring is the one place where a rule is described; `card` takes it apart, so nothing is said twice.
"""

import inspect
import textwrap
from dataclasses import dataclass

from steepest.base.errors import BadInput, closest
from steepest.rules.bounds import BOUNDS
from steepest.rules.catalogue import DROP_INS
from steepest.rules.drop_in import DropIn

SECTIONS = ("Equation", "Args", "State", "Source", "Departures", "Example")


@dataclass(frozen=True, slots=True)
class Argument:
    """One setting: its name, default as text, interval ("" where it is a word or a switch), and meaning."""

    name: str
    default: str
    interval: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Card:
    """Everything that is said of one rule.

    Args:
        name: in recipes, in `steepest rules`, in `steepest.rules.catalogue`.
        drop_in: name of the optimizer class in `steepest.rules`.
        purpose: one sentence.
        equation: lines of mathematics.
        arguments: the settings, in the order of the signature.
        state, source, departures: as sentences.
        example: lines of a doctest.
        bytes_per_parameter: float32 traffic of one step when each array is touched once.
    """

    name: str
    drop_in: str
    purpose: str
    equation: str
    arguments: tuple[Argument, ...]
    state: str
    source: str
    departures: str
    example: str
    bytes_per_parameter: int


def card(name: str) -> Card:
    """The card of the rule of that name.

    Raises:
        BadInput: for an unknown name, with the closest one.

    Example:
        >>> card("sgd").bytes_per_parameter, card("sgd").source.split(";")[0]
        (20, 'Robbins & Monro 1951')
    """
    if name not in DROP_INS:
        raise BadInput("rule", "must be a known rule", name, closest(name, DROP_INS))
    rule = DROP_INS[name]
    purpose, sections = read_docstring(rule)
    return Card(
        name=name,
        drop_in=rule.__name__,
        purpose=purpose,
        equation=sections["Equation"],
        arguments=_arguments(rule, sections["Args"]),
        state=_flow(sections["State"]),
        source=_flow(sections["Source"]),
        departures=_flow(sections["Departures"]),
        example=sections["Example"],
        bytes_per_parameter=rule.bytes_per_parameter,
    )


def read_docstring(rule: type[DropIn]) -> tuple[str, dict[str, str]]:
    """(first sentence, text of each section); a section is a heading at the margin, ended by a colon."""
    lines = inspect.getdoc(rule) or ""
    purpose, _, body = lines.partition("\n")
    sections: dict[str, list[str]] = {}
    into: list[str] = []
    for line in body.splitlines():
        heading, colon, rest = line.partition(":")
        if colon and heading in SECTIONS:
            into = sections.setdefault(heading, [])
            line = rest.strip()
        into.append(line)
    return purpose, {name: _unindent(text) for name, text in sections.items()}


def _unindent(lines: list[str]) -> str:
    first, rest = lines[0], textwrap.dedent("\n".join(lines[1:]))
    return f"{first}\n{rest}".strip("\n")


def _flow(text: str) -> str:
    return " ".join(text.split())


def _arguments(rule: type[DropIn], text: str) -> tuple[Argument, ...]:
    """Meanings from the docstring, defaults from the signature, intervals from the declared bounds."""
    meanings: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line and not line.startswith(" "):
            name, _, said = line.partition(": ")
            meanings[name] = said
        else:
            meanings[name] += " " + line.strip()
    found = []
    for parameter in list(inspect.signature(rule).parameters.values()):
        default = "" if parameter.default is parameter.empty else repr(parameter.default)
        number = isinstance(parameter.default, float | int | tuple) and not isinstance(
            parameter.default, bool
        )
        interval = str(BOUNDS[parameter.name]) if number and parameter.name in BOUNDS else ""
        found.append(Argument(parameter.name, default, interval, meanings[parameter.name].strip()))
    return tuple(found)
