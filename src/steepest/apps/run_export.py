"""A run as files that other tools read: CSV, Parquet, JSON, an Optuna storage. In Python: `st.export_run`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

from steepest.apps.run_folders import facts_at, find, opened
from steepest.base.errors import BadInput, closest
from steepest.experiment.folder import write, write_text
from steepest.report.export import to_dict
from steepest.report.facts import Facts, read_facts
from steepest.report.parquet import write_parquet
from steepest.report.tables import curve_rows, member_rows, to_csv
from steepest.search.optuna_export import About, export_to_optuna

Form = Literal["csv", "parquet", "json", "optuna"]
FORMS: tuple[Form, ...] = get_args(Form)

Say = Callable[[str], None]


def export_run(
    run: str | Path, to: str = "csv", out: str | Path | None = None, *, follow: bool = False,
    say: Say = lambda _: None,
) -> list[Path]:  # fmt: skip
    """Write a run's members and curves for other tools.

    Args:
        run: a run folder, or the name of one under `runs/`.
        to: "csv" or "parquet" (members and curves, a file each), "json" (every fact in one file) or "optuna"
            (an SQLite storage for Optuna and its dashboard).
        out: a folder for CSV and Parquet, a file for the others. What is there is left alone, but an Optuna
            storage, to which the study is added. If not given, files are written into the run folder, and
            replace those of an earlier export.
        follow: for "optuna": go on while the study runs, until it ends or Ctrl-C.
        say: hears how it goes.

    Returns:
        The files.

    Raises:
        BadInput: no such run or form, nothing to export, or something is there already.

    Example:
        >>> import tempfile
        >>> from steepest.store import MemberPlan, open_journal
        >>> folder = tempfile.mkdtemp()
        >>> with open_journal(folder, create=True) as journal:
        ...     journal.plan([MemberPlan(0, "search", "", {"lr": 0.1}, 1, 0, 0, 12, "prior")])
        >>> [file.name for file in export_run(folder)]
        ['members.csv', 'curves.csv']
    """
    form = checked(to, follow)
    folder = find(run)
    if form == "optuna":
        return [_optuna(folder, Path(out) if out is not None else folder / "optuna.db", follow, say)]
    facts = facts_at(folder)
    if not facts.members:
        raise BadInput(
            "run", "must hold members", f"{run} (none yet)", "Nothing was trained that could be exported."
        )
    if form == "json":
        path = _free(Path(out), "file") if out is not None else folder / "run.json"
        body: dict[str, Any] = {"run": folder.resolve().name, **to_dict(facts)}
        write_text(path, json.dumps(body, ensure_ascii=False, allow_nan=False, indent=1))
        return [path]
    place = folder if out is None else Path(out)
    paths = [place / f"{name}.{form}" for name in ("members", "curves")]
    if out is not None:
        _make(place)
        for path in paths:
            _free(path, "folder")
    for path, rows in zip(paths, (member_rows(facts), curve_rows(facts)), strict=True):
        _write(path, rows, form, facts)
    return paths


def checked(to: str, follow: bool) -> Form:
    """The form of that name.

    Raises:
        BadInput: there is none, or it cannot be followed.
    """
    for form in FORMS:
        if form == to.lower():
            if follow and form != "optuna":
                raise BadInput(
                    "follow", "must go with --to optuna", f"--to {to}", "Export when the study has ended."
                )
            return form
    raise BadInput("to", "must be a known form", to, closest(to, FORMS))


def _write(path: Path, rows: list[dict[str, Any]], form: Form, facts: Facts) -> None:
    columns = (
        "member",
        "epoch",
        "step",
        "train_loss",
        "held_out_loss",
        "score",
    )  # of curves that have no points
    known = rows or [dict.fromkeys(columns)]
    if form == "csv":
        text = to_csv(known)
        write(
            path, lambda part: part.write_text(text if rows else text.split("\r\n")[0] + "\r\n", newline="")
        )
    else:
        about = {"data": facts.study.data, "measure": facts.study.score_name, "command": facts.study.command}
        write(path, lambda part: write_parquet(known, part, about))


def _optuna(folder: Path, path: Path, follow: bool, say: Say) -> Path:
    with opened(folder) as journal:
        facts = read_facts(journal, members=False)
        if not follow and not journal.members():
            given = f"{folder} (none yet)"
            raise BadInput("run", "must hold members", given, "Nothing was trained that could be exported.")
        study = facts.study
        more = {
            "data": study.data, "fingerprint": study.fingerprint, "command": study.command,
            "budget": study.budget, "seed": study.seed, "versions": dict(study.versions),
        }  # fmt: skip
        about = About(folder.resolve().name, study.measure, study.lower, more)
        path.parent.mkdir(parents=True, exist_ok=True)
        if follow and not journal.claimed():
            say("No process is at work on this study: it is exported as it stands.")
        count = export_to_optuna(journal, path, about, follow=follow, say=say)
        say(f"{count:,} trials in {path}")
    return path


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        remedy = "CSV and Parquet are two files: name a folder."
        raise BadInput("out", "must be a folder", f"{folder} (a file)", remedy)
    folder.mkdir(parents=True, exist_ok=True)


def _free(path: Path, what: str) -> Path:
    if path.exists():
        remedy = f"Name another {what}, or remove this one first."
        raise BadInput("out", "must not be there already: nothing is overwritten", str(path), remedy)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
