"""Of other files' text: the definitions that are asked for, with all they need; and a script's imports."""

import ast
import builtins
import functools
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

_LEFT_OUT = ("Example:", "Examples:", "Departure:", "Departures:")
_HEADERS = (*_LEFT_OUT, "Args:", "Returns:", "Raises:", "References:")


class Excerpt(NamedTuple):
    """Args:
    text: the definitions in the order of the files.
    names: what they define.
    """

    text: str
    names: frozenset[str]


class _Part(NamedTuple):
    names: tuple[str, ...]
    text: str
    uses: frozenset[str]
    block: bool


def excerpt(sources: Sequence[str], wanted: Iterable[str], known: Iterable[str] = ()) -> Excerpt:
    """The functions, classes and constants called `wanted`, and those that they need in turn.

    Examples and departures are left out of docstrings.

    Args:
        sources: texts of Python files, those that others need first. What several files define alike, their
            imports excepted, is taken from the first.
        wanted: names of definitions.
        known: names that the script has already.

    Raises:
        KeyError: for a name that no file defines.

    Example:
        >>> excerpt(["A = 1\\nB = A + 1\\nC = 3\\n", "def f():\\n    return B\\n"], ["f"]).text
        'A = 1\\nB = A + 1\\n\\n\\ndef f():\\n    return B'
    """
    parts = [part for source in sources for part in _parts(source)]
    defined: dict[str, _Part] = {}
    for part in parts:
        for name in part.names:
            defined.setdefault(name, part)
    reached, waiting, settled = [], [name for name in wanted if name not in set(known)], set(known)
    while waiting:
        part = defined[waiting.pop()]
        if part not in reached:
            reached.append(part)
            waiting += [name for name in part.uses if name in defined and name not in settled]
    kept = [part for part in dict.fromkeys(parts) if part in reached]
    return Excerpt(_joined(kept), frozenset(name for part in kept for name in part.names))


def import_lines(body: str, sources: Sequence[str]) -> list[str]:
    """The import lines that a script needs, sorted, a blank line between the standard library and the rest.

    Args:
        body: the script without them.
        sources: texts of Python files, whose imports say where names come from.

    Example:
        >>> import_lines("x = np.ones(3)\\nroot = math.sqrt(2)", ["import math\\nimport numpy as np"])
        ['import math', '', 'import numpy as np']
    """
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    plain: set[tuple[str, str]] = set()
    members: dict[str, set[str]] = {}
    for source in sources:
        for node in ast.parse(source).body:
            if isinstance(node, ast.Import):
                plain |= {(a.name, a.asname or "") for a in node.names if (a.asname or a.name) in used}
            elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith("steepest"):
                found = [a for a in node.names if (a.asname or a.name) in used]
                names = {f"{a.name} as {a.asname}" if a.asname else a.name for a in found}
                members.setdefault(node.module or "", set()).update(names)
    lines = [(name, f"import {name}{f' as {other}' if other else ''}") for name, other in sorted(plain)]
    lines += [
        (module, f"from {module} import {', '.join(sorted(names, key=_place))}")
        for module, names in sorted(members.items())
        if names
    ]
    library = [line for module, line in lines if _is_library(module)]
    return [*library, "", *(line for module, line in lines if not _is_library(module))]


def unresolved(script: str) -> set[str]:
    """Names that a script reads and never defines; for tests of what is written.

    Example:
        >>> unresolved("import math\\nx = math.pi * y")
        {'y'}
    """
    tree, read = ast.parse(script), set[str]()
    bound = {*dir(builtins), "__file__"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {a.asname or a.name.split(".")[0] for a in node.names}
    return read - bound


@functools.lru_cache(maxsize=32)
def _parts(source: str) -> tuple[_Part, ...]:
    """The definitions of a file; a text beneath a constant belongs to it."""
    lines, found = source.splitlines(), list[_Part]()
    body = ast.parse(source).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        names = _names(node)
        if not names:
            continue
        first, last = node.lineno, node.end_lineno or node.lineno
        block = isinstance(node, ast.FunctionDef | ast.ClassDef)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            first = min([first, *(each.lineno for each in node.decorator_list)])
        elif isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            last = after.end_lineno or last
        uses = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)} - set(names)
        text = "\n".join(lines[first - 1 : last])
        found.append(_Part(names, _shortened(text, node, first) if block else text, frozenset(uses), block))
    return tuple(found)


def _names(node: ast.stmt) -> tuple[str, ...]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return (node.name,)
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return tuple(each.id for t in targets for each in ast.walk(t) if isinstance(each, ast.Name))


def _shortened(text: str, node: ast.stmt, first: int) -> str:
    """A definition whose docstrings have lost their examples and departures."""
    lines = text.split("\n")
    owners = [n for n in ast.walk(node) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    for owner in sorted(owners, key=lambda n: -n.lineno):  # from the end, so that line numbers hold
        opening = owner.body[0]
        if ast.get_docstring(owner) is None:
            continue
        start, end = opening.lineno - first, (opening.end_lineno or opening.lineno) - first
        if end > start:
            lines[start : end + 1] = _docstring(lines[start : end + 1])
    return "\n".join(lines)


def _docstring(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    leaving = False
    for line in lines[:-1]:
        if line.strip() in _HEADERS:
            leaving = line.strip() in _LEFT_OUT
        if not leaving:
            kept.append(line)
    while not kept[-1].strip():
        kept.pop()
    return [f'{kept[0]}"""'] if len(kept) == 1 else [*kept, lines[-1]]


def _joined(parts: Sequence[_Part]) -> str:
    text = parts[0].text if parts else ""
    for before, part in pairwise(parts):
        text += "\n\n\n" if before.block or part.block else "\n"
        text += part.text
    return text


def _is_library(module: str) -> bool:
    return module.split(".")[0] in sys.stdlib_module_names


def _place(name: str) -> tuple[int, str]:
    """Constants, classes, then the rest, as import sorters have it."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2), name
