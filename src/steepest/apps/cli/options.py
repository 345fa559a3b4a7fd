"""Options that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated

import typer

DATA = "The data"
SEARCH = "The work"
OUTPUT = "What is written and shown"

Data = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A built-in name (digits, wine, breast_cancer, iris, diabetes, …) or a file: "
        "CSV, TSV or Parquet with --target, or .npz with arrays x and y.",
        show_default=False,
    ),
]
Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="Column to predict: its name, or its place (0 is the first, -1 the last).",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line names the columns. Decided from the file if not given.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="classification or regression. Decided from the target if not given.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
Objective = Annotated[
    str | None,
    typer.Option(
        metavar="SCORE",
        help="Score to maximise: accuracy for classes, r2 for numbers if not given.",
        show_default=False,
        rich_help_panel=SEARCH,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, help="Fixes everything random: splits, weights, order.", rich_help_panel=SEARCH
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Run folder to write. A new one under runs/ if not given.",
        show_default=False,
        rich_help_panel=OUTPUT,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress, only the result.", rich_help_panel=OUTPUT),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="The result as one JSON object on standard output, progress as JSON lines on standard error.",
        rich_help_panel=OUTPUT,
    ),
]
