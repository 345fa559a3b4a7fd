"""The page on Adam and SGD is what its script writes, and says no more than its tables."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from steepest.experiment.suite import SUITES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("adam_or_sgd_build", DOCS / "adam_or_sgd_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_the_scripts_with_every_data_set_and_optimizer(build: ModuleType) -> None:
    text = build.PAGE.read_text(encoding="utf-8")
    assert text.startswith(build.BEGIN)
    assert text.endswith(build.END)
    assert all(f"| {name} |" in text for name in (*SUITES["small"], *build.OPTIMIZERS))
    assert build.COMMAND in text
