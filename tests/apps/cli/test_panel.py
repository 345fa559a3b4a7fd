"""The panel shows what the snapshots hold, and leaves behind what a reader wants to keep."""

import io
import re

import pytest
from rich.console import Console

from steepest.apps.cli.panel import LivePanel
from steepest.base.progress import Progress

STAGES = ("read", "calibrate", "search", "write")


def terminal(width=80):
    return Console(
        file=io.StringIO(), force_terminal=True, width=width, color_system=None, legacy_windows=False
    )


def drawn(panel, console):
    with console.capture() as capture:
        console.print(panel._draw())
    return capture.get()


def searching(**changes):
    values = {
        "stage": "search",
        "elapsed": 20.0,
        "share": 0.5,
        "started": 412,
        "alive": 31,
        "steps_per_second": 17_900.0,
        "best": 0.9812,
        "bar": 0.9694,
        "score_name": "accuracy",
        "seconds_left": 25.0,
    }
    return Progress(**{**values, **changes})


def test_the_panel_shows_stage_members_speed_score_bar_and_time():
    console = terminal()
    panel = LivePanel(console, "digits", STAGES, "Ctrl-C stops")
    panel.progress(searching())
    text = drawn(panel, console)
    for fragment in ("✓ calibrate", "● search", "○ write", "50%", "25 s left", "31 training of 412 started"):
        assert fragment in text
    for fragment in (
        "17,900 member-steps/s",
        "0.9812 best so far",
        "above the bar by 0.0118",
        "Ctrl-C stops",
    ):
        assert fragment in text


def test_a_bar_that_is_not_cleared_is_said_so():
    console = terminal()
    panel = LivePanel(console, "digits", STAGES, "")
    panel.progress(searching(best=0.95))
    assert "below the bar by 0.0194" in drawn(panel, console)


def test_a_budget_of_members_shows_time_taken_instead_of_time_left():
    console = terminal()
    panel = LivePanel(console, "digits", STAGES, "")
    panel.progress(searching(seconds_left=None))
    assert "20 s so far" in drawn(panel, console)


def test_before_the_first_snapshot_it_says_that_it_loads():
    console = terminal()
    assert "loading" in drawn(LivePanel(console, "digits", STAGES, ""), console)


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_wider_than_the_terminal_or_80_columns(width):
    console = terminal(width)
    panel = LivePanel(console, "a-data-set-with-quite-a-long-name.csv", STAGES, "Ctrl-C ends the search")
    panel.progress(searching())
    assert max(len(line) for line in drawn(panel, console).splitlines()) <= min(width, 80)


def test_finished_stages_and_sentences_stay_on_the_screen():
    console = terminal()
    with LivePanel(console, "digits", STAGES, "") as panel:
        panel.say("column [id] is left out")
        panel.progress(Progress("calibrate", 1.0, 0.1))
        panel.progress(searching())
        panel.progress(searching(stage="write", elapsed=41.0))
    text = " ".join(re.sub(r"\x1b\[[\d?]*\w", "", console.file.getvalue()).split())
    assert "column [id] is left out" in text
    assert "✓ calibrate 20 s bar to clear: accuracy 0.9694" in text
    assert "✓ search 21 s 412 members, best accuracy 0.9812" in text
    assert "✓ write" in text


def test_an_unexpected_stage_is_shown_all_the_same():
    console = terminal()
    panel = LivePanel(console, "digits", STAGES, "")
    panel.progress(searching(stage="polish"))
    assert "● polish" in drawn(panel, console)


def test_after_the_last_stage_nothing_is_left_to_finish():
    console = terminal()
    with LivePanel(console, "digits", STAGES, "") as panel:
        panel.progress(searching(stage="write"))
        panel.progress(searching(stage="done"))
    assert console.file.getvalue().count("✓ write") == 1
    assert "done" not in console.file.getvalue()


def test_an_error_leaves_no_finished_stage_behind():
    console = terminal()
    panel = LivePanel(console, "digits", STAGES, "")

    def interrupted():
        with panel:
            panel.progress(searching())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "● search" in console.file.getvalue()
    assert "✓ search" not in console.file.getvalue()
