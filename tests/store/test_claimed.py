"""Who has a study in hand can be asked without taking it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from steepest.store import open_journal
from steepest.store.claim import whoami

HOLD = """
import sys, time
from steepest.store import open_journal
journal = open_journal(sys.argv[1])
journal.claim()
print("held", flush=True)
time.sleep(60)
"""


def test_nobody_then_this_process_then_nobody(tmp_path: Path) -> None:
    with open_journal(tmp_path, create=True) as journal:
        assert journal.claimed() == whoami()
    with open_journal(tmp_path) as journal:
        assert journal.claimed() == ""
        with open_journal(tmp_path) as second:
            second.claim()
            assert journal.claimed() == whoami()
        assert journal.claimed() == ""


def test_another_process_until_it_is_killed(tmp_path: Path) -> None:
    open_journal(tmp_path, create=True).close()
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with open_journal(tmp_path) as journal:
            assert journal.claimed().startswith(f"process {other.pid} on ")
            os.kill(other.pid, signal.SIGKILL)
            other.wait()
            assert journal.claimed() == ""  # though the file of the lock is still there
            journal.claim()
