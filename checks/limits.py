"""Refuse what makes a code base hard to read: long files, long functions, vague rooms, hidden imports.

    python checks/limits.py [FOLDER …]     (default: src)

A file has at most 500 lines; a function at most 60, its docstring not counted; no file or folder is called
utils, helpers, common or manager; no function imports a room of steepest, except in the command line, whose
commands load the heavy rooms when they run, so that `steepest --help` is instant.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_LINES = 500
FUNCTION_LINES = 60
VAGUE = {"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"}
LAZY = "apps/cli/"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_lines(function: Function) -> int:
    """Lines of a function from `def` to its end, the docstring left out."""
    first = function.body[0]
    documented = ast.get_docstring(function, clean=False) is not None
    docstring = (first.end_lineno or first.lineno) - first.lineno + 1 if documented else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - docstring


def hidden_imports(function: Function) -> Iterator[tuple[int, str]]:
    """Line and name of each import of a room of steepest inside the function."""
    for node in ast.walk(function):
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "steepest")


def offences(path: Path, shown: str) -> Iterator[str]:
    """Everything one file does against the limits, worded."""
    vague = VAGUE.intersection((*Path(shown).parts, path.stem))
    if vague:
        yield f"{shown}: {vague.pop()!r} says nothing; name the idea the file holds"
    text = path.read_text(encoding="utf-8")
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{shown}: {lines} lines, at most {FILE_LINES}; split it by idea"
    for node in ast.walk(ast.parse(text, filename=shown)):
        if not isinstance(node, Function):
            continue
        length = function_lines(node)
        if length > FUNCTION_LINES:
            yield f"{shown}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}"
        if LAZY not in shown:
            for line, name in hidden_imports(node):
                yield f"{shown}:{line}: {node.name} imports {name}; imports stand at the top"


def main(folders: list[str]) -> int:
    """Print every offence under the folders; 1 if there is any."""
    found = [
        offence
        for folder in folders
        for path in sorted(Path(folder).rglob("*.py"))
        for offence in offences(path, path.as_posix())
    ]
    print("\n".join(dict.fromkeys(found)) or f"limits: nothing too long in {', '.join(folders)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["src"]))
