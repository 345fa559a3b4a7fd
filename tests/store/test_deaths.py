"""Processes that write at once, and processes that are killed while they write, on every back end."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("what", ["killed", "orphaned", "together", "interrupted"])
def test_only_whole_records_are_left_and_the_study_is_free(what: str, place: str) -> None:
    program = Path(__file__).with_name("dying.py")
    done = subprocess.run(
        [sys.executable, str(program), what, place, "0"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not done.stderr
