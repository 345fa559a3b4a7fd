"""Refuse a public module, class, function or method without a docstring.

    python checks/docstrings.py [FOLDER …]     (default: src)

Public means that neither the name nor anything around it begins with an underscore. Methods marked
`@override`, `@overload` stubs and property setters may leave it out: theirs stands elsewhere.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def missing(node: ast.Module | Definition, name: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every public definition in `node` that has no docstring, `node` included."""
    if ast.get_docstring(node) is None:
        yield getattr(node, "lineno", 1), name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return  # what a function defines inside itself is nobody's business
    for child in node.body:
        if isinstance(child, Definition) and not child.name.startswith("_") and not _exempt(child):
            yield from missing(
                child, f"{name}.{child.name}" if isinstance(node, ast.ClassDef) else child.name
            )


def _exempt(node: Definition) -> bool:
    decorators = {ast.unparse(d).split(".")[-1] for d in node.decorator_list}
    return bool(decorators & {"overload", "override", "setter"})


def main(folders: list[str]) -> int:
    """Print every missing docstring under the folders; 1 if there is any."""
    found = []
    for folder in folders:
        for path in sorted(Path(folder).rglob("*.py")):
            if path.stem.startswith("_") and path.stem != "__init__":
                continue
            tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
            found += [f"{path}:{line}: {name} has no docstring" for line, name in missing(tree, path.stem)]
    print("\n".join(found) or f"docstrings: every public name in {', '.join(folders)} has one")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["src"]))
