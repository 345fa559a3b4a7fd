"""Libraries that are imported on first use."""

import subprocess
import sys

import pytest

from steepest.base.later import Later

LATE = ("scipy.stats", "sklearn")


def test_a_module_is_imported_by_the_first_question() -> None:
    later = Later("steepest.base.seeds")
    assert later.derive(1, "a") == later.derive(1, "a")
    with pytest.raises(AttributeError, match="no_such_name"):
        later.no_such_name  # noqa: B018


def test_a_study_begins_without_what_it_needs_later() -> None:
    """Each takes half a second to import, before anything is trained."""
    code = f"import sys, steepest.apps.api; print([n for n in {LATE} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
