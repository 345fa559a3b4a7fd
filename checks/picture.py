"""Draw a picture (SVG) of a real command in a real terminal, for the documents.

    python checks/picture.py PICTURE.svg SECONDS COMMAND …
    python checks/picture.py docs/images/tune.svg 30 .venv/bin/steepest tune digits

The command runs in a tmux session of its own, 82 columns wide; after SECONDS, or when it ends, the screen is
kept with its colours. Needs tmux.
"""

import io
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

COLUMNS, LINES = 82, 60
SESSION = "steepest-picture"


def tmux(*arguments: str) -> str:
    """What tmux answers."""
    return subprocess.run(["tmux", *arguments], check=True, capture_output=True, text=True).stdout


def screen(command: list[str], seconds: float) -> str:
    """The terminal's contents, colours as escape codes, after `seconds` or at the end of the command."""
    line = f"clear; {shlex.join(command)}; tmux wait-for -S {SESSION}; sleep 60"
    tmux("new-session", "-d", "-s", SESSION, "-x", str(COLUMNS), "-y", str(LINES), line)
    try:
        waiting = subprocess.Popen(["tmux", "wait-for", SESSION])
        try:
            waiting.wait(timeout=seconds)
            time.sleep(0.3)  # the last lines are still being drawn
        except subprocess.TimeoutExpired:
            waiting.kill()
        return tmux("capture-pane", "-p", "-e", "-t", SESSION).rstrip()
    finally:
        tmux("kill-session", "-t", SESSION)


def draw(ansi: str, title: str) -> str:
    """The screen as SVG that asks no other computer for fonts."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(ansi), soft_wrap=True)
    svg = console.export_svg(title=title, theme=MONOKAI)
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)


def main(arguments: list[str]) -> int:
    """Run the command, keep its screen."""
    if len(arguments) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    target, seconds, command = Path(arguments[0]), float(arguments[1]), arguments[2:]
    target.parent.mkdir(parents=True, exist_ok=True)
    shown = shlex.join([Path(command[0]).name, *command[1:]])
    target.write_text(draw(screen(command, seconds), shown), encoding="utf-8")
    print(f"{target}: {target.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
