"""Refuse a public module, class, function or method without a docstring.

    python checks/docstrings.py [FOLDER …]     (default: src)

Public means that neither the name nor anything around it begins with an underscore. A method documented in a
base class of the same folders may leave it out, and so may `@overload` stubs and property setters.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
Classes = Mapping[str, ast.ClassDef]


def missing(node: ast.Module | Definition, name: str, classes: Classes) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every public definition in `node` that has no docstring, `node` included."""
    if ast.get_docstring(node) is None:
        yield getattr(node, "lineno", 1), name
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return  # what a function defines inside itself is nobody's business
    inherited = documented(node, classes) if isinstance(node, ast.ClassDef) else set()
    for child in node.body:
        if not isinstance(child, Definition) or child.name.startswith("_") or child.name in inherited:
            continue
        if not {ast.unparse(d).split(".")[-1] for d in child.decorator_list} & {"overload", "setter"}:
            inner = f"{name}.{child.name}" if isinstance(node, ast.ClassDef) else child.name
            yield from missing(child, inner, classes)


def documented(node: ast.ClassDef, classes: Classes) -> set[str]:
    """Names of the methods that some base class of `node` documents, bases of bases included."""
    found: set[str] = set()
    for base in (classes.get(ast.unparse(b).split(".")[-1].split("[")[0]) for b in node.bases):
        if base is not None and base is not node:
            found |= {d.name for d in base.body if isinstance(d, Definition) and ast.get_docstring(d)}
            found |= documented(base, classes)
    return found


def main(folders: list[str]) -> int:
    """Print every missing docstring under the folders; 1 if there is any."""
    paths = [p for folder in folders for p in sorted(Path(folder).rglob("*.py"))]
    trees = {path: ast.parse(path.read_text(encoding="utf-8"), filename=str(path)) for path in paths}
    classes = {n.name: n for tree in trees.values() for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    found = [
        f"{path}:{line}: {name} has no docstring"
        for path, tree in trees.items()
        if not path.stem.startswith("_") or path.stem == "__init__"
        for line, name in missing(tree, path.stem, classes)
    ]
    print("\n".join(found) or f"docstrings: every public name in {', '.join(folders)} has one")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["src"]))
