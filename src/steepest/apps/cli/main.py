"""The entry point `steepest`: gathers the commands, words what goes wrong, sets the exit code.

Exit codes: 0 done; 2 something the user can put right, told in one message on standard error; 130 stopped by
Ctrl-C. A traceback means a bug in steepest.
"""

import errno
import inspect
import shlex
import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from steepest import __version__
from steepest.apps.cli import (
    compare,
    conflicts,
    cost,
    data,
    explain,
    plan,
    rates,
    report,
    rules,
    runs,
    train,
    tune,
)
from steepest.base.errors import SteepestError

STOPPED = 130
FULL = {errno.ENOSPC, errno.EDQUOT}

app = typer.Typer(
    rich_markup_mode="rich",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
    epilog="[dim]Start with[/dim]  [cyan]steepest tune digits[/cyan]  "
    "[dim]and read more with[/dim]  [cyan]steepest tune --help[/cyan]",
)


def _help(command: Callable[..., None]) -> str:
    """The command's docstring with every paragraph on one line, so that it fills the reader's terminal."""
    paragraphs = inspect.getdoc(command) or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs.split("\n\n"))


app.command("tune", help=_help(tune.tune), epilog=tune.EXAMPLES)(tune.tune)
app.command("train", help=_help(train.train), epilog=train.EXAMPLES)(train.train)
app.command("compare", help=_help(compare.compare), epilog=compare.EXAMPLES)(compare.compare)
app.command("conflicts", help=_help(conflicts.conflicts), epilog=conflicts.EXAMPLES)(conflicts.conflicts)
app.command("explain", help=_help(explain.explain), epilog=explain.EXAMPLES)(explain.explain)
app.command("data", help=_help(data.data), epilog=data.EXAMPLES)(data.data)
app.command("report", help=_help(report.report), epilog=report.EXAMPLES)(report.report)
app.command("rates", help=_help(rates.rates), epilog=rates.EXAMPLES)(rates.rates)
app.command("cost", help=_help(cost.cost), epilog=cost.EXAMPLES)(cost.cost)
app.command("plan", help=_help(plan.plan), epilog=plan.EXAMPLES)(plan.plan)
app.command("rules", help=_help(rules.rules), epilog=rules.EXAMPLES)(rules.rules)

studies = typer.Typer(
    rich_markup_mode="rich",
    no_args_is_help=True,
    help=runs.ABOUT,
    context_settings={"help_option_names": ["--help", "-h"]},
)
studies.command("list", help=_help(runs.list_runs), epilog=runs.LIST_EXAMPLES)(runs.list_runs)
studies.command("show", help=_help(runs.show), epilog=runs.SHOW_EXAMPLES)(runs.show)
studies.command("compare", help=_help(runs.compare), epilog=runs.COMPARE_EXAMPLES)(runs.compare)
studies.command("prune", help=_help(runs.prune), epilog=runs.PRUNE_EXAMPLES)(runs.prune)
studies.command("export", help=_help(runs.export), epilog=runs.EXPORT_EXAMPLES)(runs.export)
app.add_typer(studies, name="runs")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"steepest {__version__}")
        raise typer.Exit


@app.callback()
def steepest(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Finds the training recipe that works for your network on your data, within minutes, and proves it."""


def main(arguments: Sequence[str]) -> int:
    """Run the command line and hand back its exit code.

    Example:
        >>> main(["--version"])
        steepest ...
        0
    """
    try:
        typer.main.get_command(app)(
            args=list(arguments), prog_name="steepest", obj=shlex.join(["steepest", *arguments])
        )
    except SystemExit as end:
        if end.code == STOPPED:
            _complain(
                "stopped", "what a study had done is kept. The same command goes on with it; --resume too."
            )
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except SteepestError as error:
        _complain("error", str(error))
        return 2
    except OSError as error:
        if error.errno in FULL:
            _complain("error", "the disk is full. Make room and run the command again.")
        elif error.filename is not None:
            what = f"{error.filename} cannot be used: {error.strerror}."
            _complain("error", f"{what} Check the path and its rights.")
        else:
            raise  # not about a file of the user's: a bug deserves its traceback
        return 2
    return 0


def run() -> None:
    """What the installed command `steepest` calls."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without Unicode shows ?, not a traceback
    sys.exit(main(sys.argv[1:]))


def _complain(what: str, message: str) -> None:
    """One message on standard error, in words, without a traceback."""
    console = Console(stderr=True)
    text = Text.assemble((f"{what}: ", "bold red"), message)
    console.print(text, soft_wrap=not console.is_terminal)  # a log keeps the message in one line
