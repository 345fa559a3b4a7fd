"""The house stands as docs/architecture.md draws it, and imports point down."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "src" / "steepest"
HEAVY = ("torch", "pandas", "sklearn", "optuna", "scipy", "plotly", "statsmodels", "pyarrow")
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "pyyaml", "markupsafe": "jinja2"}


def rooms() -> list[str]:
    return sorted(p.name for p in HOUSE.iterdir() if (p / "__init__.py").is_file())


def public_modules() -> list[str]:
    files = sorted(HOUSE.rglob("*.py"))
    return [
        ".".join(p.relative_to(HOUSE.parent).with_suffix("").parts).removesuffix(".__init__") for p in files
    ]


def loaded_by(program: str) -> set[str]:
    code = f"import sys\n{program}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL
    )
    return set(run.stdout.splitlines()[-1].split())


def test_every_room_is_described_and_every_described_room_exists():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.split("## Rooms", 1)[1].split("\n## ", 1)[0]
    described = re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)
    assert sorted(described) == rooms()


def test_every_room_says_what_it_is():
    for room in rooms():
        tree = ast.parse((HOUSE / room / "__init__.py").read_text(encoding="utf-8"))
        assert ast.get_docstring(tree), f"steepest.{room} has no docstring"


def test_imports_keep_the_contracts():
    lint = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([str(lint), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("check", ["limits", "docstrings"])
def test_the_checks_catch_what_they_are_for(check, tmp_path):
    body = "\n".join(f"    x = {i}" for i in range(70))
    (tmp_path / "utils.py").write_text(f"def endless():\n    import steepest.base\n{body}\n")
    command = [sys.executable, str(ROOT / "checks" / f"{check}.py"), str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    wanted = {
        "limits": ["'utils' says nothing", "endless has 72 lines", "endless imports steepest.base"],
        "docstrings": ["utils has no docstring", "endless has no docstring"],
    }
    for fragment in wanted[check]:
        assert fragment in run.stdout


@pytest.mark.parametrize("module", public_modules())
def test_exported_names_exist_once(module):
    """Their order is ruff's to check (RUF022): constants, classes, functions, each by name."""
    loaded = importlib.import_module(module)
    exported = getattr(loaded, "__all__", ())
    assert len(set(exported)) == len(exported)
    assert [name for name in exported if not hasattr(loaded, name)] == []


@pytest.mark.parametrize("room", rooms())
def test_a_room_exports_all_that_its_front_door_imports(room):
    """What `__init__` takes from the room's own files is public, so it stands in `__all__`."""
    tree = ast.parse((HOUSE / room / "__init__.py").read_text(encoding="utf-8"))
    offered = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"steepest.{room}")
        for alias in node.names
        if not alias.name.startswith("_")
    }
    exported = set(getattr(importlib.import_module(f"steepest.{room}"), "__all__", ()))
    assert offered <= exported, f"steepest.{room}.__all__ lacks {sorted(offered - exported)}"


@pytest.mark.parametrize(
    "program",
    [
        "import steepest",
        "from steepest.apps.cli.main import main; main(['--help'])",
        "from steepest.apps.cli.main import main; main(['tune', '--help'])",
        "from steepest.apps.cli.main import main; main(['tune', 'digits', '--budget', 'banana'])",
        "from steepest.apps.cli.main import main; main(['report', 'nowhere'])",
        "from steepest.apps.cli.main import main; main(['train', 'digits', '--recipe', 'nowhere.yaml'])",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(program):
    assert not loaded_by(program).intersection(HEAVY)


def test_every_library_that_is_imported_has_its_reason_in_the_document():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([\w, -]+) \|", text.split("## Dependencies", 1)[1], flags=re.MULTILINE)
    reasoned = {name for row in rows for name in row.split(", ")}
    imported = set()
    for path in HOUSE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    foreign = imported - sys.stdlib_module_names - {"steepest"}
    assert {DISTRIBUTIONS.get(name, name) for name in foreign} - reasoned == set()


@pytest.mark.parametrize("document", ["docs/architecture.md", "CONTRIBUTING.md"])
def test_every_file_a_document_names_exists(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`([\w./-]+/[\w./-]+\.\w+)`", text)
    assert named
    assert [name for name in named if not any((place / name).exists() for place in (ROOT, HOUSE))] == []
