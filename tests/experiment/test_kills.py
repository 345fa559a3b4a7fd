"""A study killed at any moment ends as one that was never killed, bit for bit."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).with_name("kill_studies.py")
KILLS = int(os.environ.get("STEEPEST_KILLS", "40"))
"""In all, with no worker process and with two, and by budgets of members and of operations."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork processes")


def killed(kills: int, workers: int, data: str, budget: str) -> dict[str, Any]:
    asked = [str(kills), str(workers), data, budget]
    done = subprocess.run([sys.executable, str(SCRIPT), *asked], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("workers", "data", "budget", "share"),
    [
        (0, "iris", "14trials", 0.75),
        (2, "diabetes", "10trials", 0.25),
        (0, "wine", "3e8flops", 0.25),
        (2, "iris", "90trials", 0.1),  # enough for pioneers
    ],
)
def test_killed_studies_end_as_if_they_had_not_been(
    workers: int, data: str, budget: str, share: float
) -> None:
    kills = round(KILLS * share)
    found = killed(kills, workers, data, budget)
    assert found["differ"] == []
    assert found["kills"] >= kills
