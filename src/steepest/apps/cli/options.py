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
        help="A built-in name (digits, wine, breast_cancer, iris, diabetes, …); a table (CSV, TSV, Parquet) "
        "with --target or --forecast; images (Parquet, a folder or archive of class folders); texts (the "
        "same, or one .txt); arrays x and y in .npz.",
        show_default=False,
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="The data, where the argument names your own network: mymodule:make.",
        show_default=False,
        rich_help_panel=DATA,
    ),
]
StartFrom = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Existing parameters that training starts from: .safetensors, .pt or .pth.",
        show_default=False,
        rich_help_panel=SEARCH,
    ),
]
Matching = Annotated[
    bool,
    typer.Option(
        "--matching",
        help="Take the existing parameters whose name and shape match, not the whole.",
        rich_help_panel=SEARCH,
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
