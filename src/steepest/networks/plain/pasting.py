"""The text of these files as one piece of a script."""

import ast
from collections.abc import Iterable
from importlib.resources import files
from typing import NamedTuple


class Pasted(NamedTuple):
    """Args:
    imports: the import lines, each once, sorted as they would stand at the top of a script.
    body: everything else, in the order of the files, without their docstrings.
    """

    imports: tuple[str, ...]
    body: str


def paste(names: Iterable[str]) -> Pasted:
    """Join files of this folder: imports apart, lines that import from steepest dropped.

    Args:
        names: of the files, those that others need first: "parts.py", "conv.py".

    Raises:
        FileNotFoundError: for a name that is not here.

    Example:
        >>> pasted = paste(["recurrent.py"])
        >>> pasted.imports
        ('import torch', 'from torch import Tensor, nn')
        >>> pasted.body[:30]
        'CELLS = {"lstm": nn.LSTM, "gru'
    """
    imports: set[str] = set()
    bodies = []
    for name in names:
        text = files(__package__).joinpath(name).read_text(encoding="utf-8")
        lines = text.splitlines()
        tree = ast.parse(text)
        found = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        imports |= {line for node in found if not (line := ast.unparse(node)).startswith("from steepest")}
        bodies.append("\n".join(lines[found[-1].end_lineno or 0 :]).strip())
    return Pasted(tuple(sorted(imports, key=_place)), "\n\n\n".join(bodies) + "\n")


def _place(line: str) -> tuple[bool, bool, str]:
    """Standard library before torch, `import` before `from`, then by name."""
    return line.split()[1].split(".")[0] == "torch", line.startswith("from"), line
