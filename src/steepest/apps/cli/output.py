"""How a command shows itself: which listener follows the work, and how the result is printed.

Progress goes to standard error, the result to standard output, so that `steepest tune … > result.txt` and
`steepest tune … --json | jq` do what they should while the panel stays on the screen.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from steepest.apps.cli.lines import JsonLines, PlainLines, to_json
from steepest.apps.cli.panel import LivePanel
from steepest.base.progress import Listener, Silent


class Result(Protocol):
    """What a command hands back."""

    @property
    def folder(self) -> Path:
        """The run folder."""

    def report(self) -> Path:
        """The page to read."""

    def summary(self) -> str:
        """The result for a person, several lines of at most 80 columns."""

    def to_dict(self) -> dict[str, Any]:
        """The result for a machine."""


@contextmanager
def listening(
    title: str, stages: Sequence[str], *, quiet: bool, as_json: bool, hint: str = ""
) -> Iterator[Listener]:
    """The listener that fits: silent, JSON lines, a live panel in a terminal, or plain lines elsewhere."""
    if quiet:
        yield Silent()
    elif as_json:
        yield JsonLines(sys.stderr)
    else:
        console = Console(stderr=True)
        if console.is_terminal and not console.is_dumb_terminal:
            with LivePanel(console, Path(title).name or title, stages, hint) as panel:
                yield panel
        else:
            yield PlainLines(sys.stderr)


def show(result: Result, *, as_json: bool) -> None:
    """Print the result on standard output, and where its files are."""
    if as_json:
        print(to_json({**result.to_dict(), "folder": str(result.folder)}, indent=2))
    else:
        print(f"{result.summary()}\n\n  page      {result.report()}")
