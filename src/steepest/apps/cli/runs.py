"""`steepest runs`: what earlier studies left; list, show, compare, prune and export run folders."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from steepest.apps.cli import options
from steepest.apps.cli.cost import size
from steepest.apps.cli.lines import to_json
from steepest.base.errors import BadInput

if TYPE_CHECKING:
    from steepest.apps.pruning import Pruned

ABOUT = "List, show, compare, prune and export the run folders that earlier studies left."

LIST_EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest runs list[/cyan]

  [cyan]steepest runs list /data/studies --json | jq '.runs[].name'[/cyan]

States: running; finished; interrupted (Ctrl-C ended its search early); unfinished (it can be resumed).
"""
SHOW_EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest runs show people[/cyan]  [dim]runs/people[/dim]

  [cyan]steepest runs show runs/people --top 30[/cyan]

  [cyan]steepest runs show runs/people --member 17[/cyan]
"""
COMPARE_EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest runs compare people people-2[/cyan]

  [cyan]steepest runs compare runs/people* --json[/cyan]
"""
PRUNE_EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest runs prune --older-than 30d --dry-run[/cyan]

  [cyan]steepest runs prune runs --keep-best 3 --whole[/cyan]

  [cyan]steepest runs prune people people-2[/cyan]

Without --whole only what can be made again goes: kept states of members, and half-written files. With
--networks finalists and ensembles that --keep left go too; the network that was handed out stays.
"""
EXPORT_EXAMPLES = """
[bold]Examples[/bold]

  [cyan]steepest runs export people --to csv[/cyan]

  [cyan]steepest runs export people --to parquet --out tables[/cyan]

  [cyan]steepest runs export people --optuna[/cyan]  [dim]then: optuna-dashboard sqlite:///runs/people/optuna.db[/dim]

  [cyan]steepest runs export people --optuna --follow[/cyan]  [dim]while it runs[/dim]
"""

Run = Annotated[
    str,
    typer.Argument(metavar="RUN", help="A run folder, or the name of one under runs/.", show_default=False),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON object, numbers in full.", rich_help_panel=options.OUTPUT)
]


def list_runs(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Holds run folders.")] = Path("runs"),
    as_json: Json = False,
) -> None:
    """List the runs of FOLDER, newest first: data, budget, state, members, confirmed score, verdict."""
    from steepest.apps import run_folders  # here and below, to keep `steepest --help` instant

    found = run_folders.runs(folder)
    typer.echo(to_json(found.to_dict(), indent=2) if as_json else run_folders.listed(found))


def show(
    run: Run,
    member: Annotated[
        int | None, options.work("N", "Show this member alone: its recipe, its curve, how it ended.")
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="K", min=0, help="Leaders to show.", rich_help_panel=options.OUTPUT)
    ] = 10,
    as_json: Json = False,
) -> None:
    """Show a run: its summary, stages, what became of its members, and who leads; also while it runs."""
    from steepest.apps import run_folders
    from steepest.report.export import to_dict

    folder = run_folders.find(run)
    if not as_json:
        typer.echo(run_folders.show_run(folder, member=member, top=top))
        return
    facts = to_dict(run_folders.facts_at(folder))
    if member is not None:
        facts["members"] = [each for each in facts["members"] if each["number"] == member]
    typer.echo(to_json({**run_folders.run_at(folder).to_dict(), "facts": facts}, indent=2))


def compare(
    names: Annotated[
        list[str],
        typer.Argument(metavar="RUN RUN…", help="Two run folders or more, or names.", show_default=False),
    ],
    as_json: Json = False,
) -> None:
    """Compare runs: what was asked, what each found, and whether their scores may be compared."""
    from steepest.apps import run_folders
    from steepest.report import runs_compared

    found = run_folders.some([run_folders.find(name) for name in names])
    typer.echo(
        to_json(runs_compared.to_dict(found), indent=2) if as_json else runs_compared.to_text(found, 80)
    )


def prune(
    places: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FOLDER | RUN…]",
            help="A folder of runs, or runs. runs/ if not given.",
            show_default=False,
        ),
    ] = None,
    older_than: Annotated[
        str | None, options.work("TIME", "Runs that began longer ago: 12h, 30d, 8w.")
    ] = None,
    keep_best: Annotated[
        int | None,
        options.work("N", "All but the N with the best confirmed score, for each data set and measure."),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Remove whole run folders.", rich_help_panel=options.SEARCH)
    ] = False,
    networks: Annotated[
        bool, typer.Option("--networks", help="Also kept networks.", rich_help_panel=options.SEARCH)
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", help="Do not ask before --whole or --networks.", rich_help_panel=options.SEARCH
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would go.", rich_help_panel=options.SEARCH)
    ] = False,
) -> None:
    """Free room: remove what can be made again, or with --whole whole runs. A running study is left alone."""
    from steepest.apps import pruning, run_folders

    home = Path(places[0]) if places and len(places) == 1 else Path(run_folders.HOME)
    a_folder = not places or (len(places) == 1 and home.is_dir() and not run_folders.is_run(home))
    chosen = (
        list(run_folders.runs(home))
        if a_folder
        else [run_folders.run_at(run_folders.find(place)) for place in places or ()]
    )
    planned = pruning.prune(
        chosen, not a_folder, older_than, keep_best, whole=whole, networks=networks, dry_run=True
    )
    going = [each for each in planned if each.paths]
    for each in planned:
        typer.echo(_told(each))
    freed = size(sum(each.bytes for each in going))
    what = f"{freed} in {len(going)} run{'s' * (len(going) != 1)}"
    if dry_run or not going:
        typer.echo(f"\nWould free {what}." if going else "\nNothing to free.")
        return
    if (whole or networks) and not yes:
        folders = f"{len(going)} whole run folder{'s' * (len(going) != 1)}"
        _confirm("--whole" if whole else "--networks", folders if whole else what)
    pruning.prune([each.run for each in going], True, whole=whole, networks=networks)
    typer.echo(f"\nFreed {what}.")


def _confirm(given: str, what: str) -> None:
    """Ask before something goes that cannot be made again."""
    if not sys.stdin.isatty():
        raise BadInput(given, "must be confirmed", "no --yes", "Look with --dry-run, then add --yes.")
    typer.confirm(f"\nRemove {what}?", abort=True)


def _told(pruned: "Pruned") -> str:
    """One line on what pruning does to a run."""
    from steepest.apps.pruning import bytes_of

    def sizes(paths: Sequence[Path]) -> str:
        return ", ".join(f"{path.name} {size(bytes_of(path))}" for path in paths)

    folder = pruned.run.folder
    stays = f"; {sizes(pruned.stay)}: only with --networks" if pruned.stay else ""
    if not pruned.paths:
        return f"  {folder}: kept, {pruned.kept}{stays}"
    if pruned.paths == (folder,):
        return f"  {folder}: {size(pruned.bytes)}, the whole folder"
    return f"  {folder}: {size(pruned.bytes)}, {sizes(pruned.paths)}{stays}"


def export(
    run: Run,
    to: Annotated[str | None, options.work("FORM", "csv, parquet, json or optuna. csv if not given.")] = None,
    optuna: Annotated[
        bool, typer.Option("--optuna", help="The same as --to optuna.", rich_help_panel=options.SEARCH)
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="A folder for csv and parquet, a file for json and optuna. The run folder if not given.",
            show_default=False,
            rich_help_panel=options.OUTPUT,
        ),
    ] = None,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", help="For optuna: go on while the study runs.", rich_help_panel=options.SEARCH
        ),
    ] = False,
) -> None:
    """Export a run: members and curves as CSV or Parquet, every fact as JSON, or a storage for Optuna."""
    if optuna and to not in (None, "optuna"):
        raise BadInput("--to", "must not contradict --optuna", to, "Leave one of them out.")
    from steepest.apps import run_folders

    folder = run_folders.find(run)
    from steepest.apps import run_export  # brings Optuna and Parquet

    form = "optuna" if optuna else to or "csv"
    try:
        paths = run_export.export_run(
            folder, form, out, follow=follow, say=lambda line: typer.echo(line, err=True)
        )
    except KeyboardInterrupt:
        if not follow:
            raise
        typer.echo("Stopped; the storage holds what was written.", err=True)
        return
    for path in paths:
        typer.echo(path)
    if form == "optuna":
        typer.echo(f"optuna-dashboard sqlite:///{paths[0]}")
