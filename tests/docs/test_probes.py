"""The page of probes says what their declarations say."""

import importlib.util
import re
from pathlib import Path

from steepest.training.probes.declared import PROBES
from steepest.training.probes.gradients import NUMBERS, ROWS, STEPS
from steepest.training.probes.watch import BETWEEN

DOCS = Path(__file__).parents[2] / "docs"
spec = importlib.util.spec_from_file_location("probes_build", DOCS / "probes_build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
PAGE = (DOCS / "probes.md").read_text(encoding="utf-8")


def test_the_tables_are_current():
    assert build.page() == PAGE, "run python docs/probes_build.py"


def test_every_probe_has_one_row():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]+ \| [^|]+ \|$", PAGE, re.MULTILINE)
    assert sorted(rows) == sorted(PROBES)


def test_numbers_in_the_text_are_those_of_the_code():
    assert f"At\nleast {BETWEEN} steps" in PAGE
    assert f"⌈{BETWEEN}/n⌉" in PAGE
    assert f"first n = {STEPS} mini-batches" in PAGE
    assert f"about\n{NUMBERS} numbers and at least {ROWS} rows" in PAGE
