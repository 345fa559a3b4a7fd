"""Options that several commands share, each declared once."""

from pathlib import Path
from typing import Annotated, Any

import typer

DATA = "The data"
SEARCH = "The work"
OUTPUT = "What is written and shown"


def work(metavar: str, text: str, *names: str, shows: bool = False) -> Any:
    """An option about the work.

    Args:
        metavar: what its value is called.
        text: what it does, and what holds where it is not given.
        names: on the command line; the parameter's own if none are given.
        shows: whether its default is shown.
    """
    return typer.Option(*names, metavar=metavar, help=text, show_default=shows, rich_help_panel=SEARCH)


_DATA: Any = typer.Argument(
    metavar="DATA",
    help="A built-in name (digits, wine, breast_cancer, iris, diabetes, …); a table (CSV, TSV, Parquet) "
    "with --target or --forecast; images (Parquet, a folder or archive of class folders); texts (the "
    "same, or one .txt); arrays x and y in .npz.",
    show_default=False,
)
Data = Annotated[str, _DATA]
DataIfAny = Annotated[str | None, _DATA]
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
    str | None, work("FILE", "Existing parameters that training starts from: .safetensors, .pt or .pth.")
]
BeginFrom = Annotated[
    str | None,
    work(
        "FILE",
        "A recipe (.yaml, .json) or an earlier run's folder: its recipe is trial 0 and the middle of the "
        "search. Or existing parameters that training starts from: .safetensors, .pt or .pth.",
        "--start-from",
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
    str | None, work("SCORE", "Score to maximise: accuracy for classes, r2 for numbers if not given.")
]
Fix = Annotated[
    list[str] | None,
    work("KNOB=VALUE", "Hold a knob at this value. May be given several times.", "--fix"),
]
Set = Annotated[
    list[str] | None,
    work(
        "KNOB=RANGE",
        "Where to search a knob: lr=1e-4..1e-1:log, optimizer=adamw,sgd, 'dropout=0|0.05..0.5', or for one "
        "optimizer alone lr[optimizer=sgd]=0.01..1. May be given several times.",
        "--set",
    ),
]
SpaceFile = Annotated[
    Path | None,
    work("FILE", "The same in a YAML file, one knob a line; --set and --fix go before it.", "--space"),
]
Limits = Annotated[
    list[str] | None,
    work(
        "QUANTITY<=MOST",
        "What a recipe must not exceed: parameters<=100k, latency<=5ms (of one example, on one thread), "
        "flops<=1e6. May be given several times.",
        "--limit",
    ),
]
Keep = Annotated[
    str,
    typer.Option(
        metavar="WHAT",
        help="best: the network that is handed out, with its optimizer's state. finalists: a checkpoint of "
        "every finalist's replicates too. ensemble: the recipe's replicates as one network, and its gain.",
        rich_help_panel=OUTPUT,
    ),
]
Precision = Annotated[
    str,
    work(
        "NAME",
        "auto rounds to bfloat16 where that is measured to be faster and to change little; "
        "float32 never does.",
        shows=True,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N", min=0, help="Fixes everything random: splits, weights, order.", rich_help_panel=SEARCH
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=0,
        help="Processes to train in, 0 for none beside this one. One per core if not given.",
        show_default=False,
        rich_help_panel=SEARCH,
    ),
]
Folds = Annotated[int, work("N", "Parts the rows are dealt into.", shows=True)]
Seeds = Annotated[
    int, work("N", "Rounds of cross-validation, each with folds and starts of its own.", shows=True)
]
Epochs = Annotated[float | None, work("N", "Epochs of every training. The recipe's own if not given.")]
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
