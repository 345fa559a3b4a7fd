"""Where a result comes from: versions, machine, data, command."""

import datetime
import importlib.metadata
import platform
import re
from typing import Any

import steepest
from steepest.data.dataset import Column
from steepest.experiment.settings import Settings
from steepest.experiment.study import Study
from steepest.experiment.workers import cores
from steepest.search.grammar import words

_LIBRARIES = ("torch", "optuna", "numpy", "scipy", "scikit-learn", "pandas")


def study_document(study: Study) -> dict[str, Any]:
    """The "study" document: what was asked, of what data, on what machine."""
    data, settings = study.data, study.settings
    return {
        "data": data.name,
        "task": data.task,
        "target": data.target,
        "classes": list(data.classes),
        "rows": data.rows,
        "features": data.x.shape[1],
        "form": data.form,
        "shape": list(data.shape),
        "tokens": len(data.vocabulary),
        "steps_ahead": data.outputs if data.task == "forecasting" else 0,
        "naive_name": data.naive_name,
        "oriented": data.oriented,
        "fingerprint": data.fingerprint,
        "notes": list(data.notes),
        "columns": [[c.name, kind_words(c), c.note] for c in data.columns],
        "command": without_password(settings.command),
        "budget": settings.budget.text,
        "seed": settings.seed,
        "precision": settings.precision,
        "score_name": study.objective,
        "score_unit": "",
        "rounds_per_epoch": study.rounds,
        "fixed": dict(settings.fixed),
        "limits": list(settings.limits),
        "begun_from": settings.earlier.place if settings.earlier else "",
        "asked": {key: words(given) for key, given in settings.asked.items()},
        **{name: value for name, value in provenance(settings).items() if name != "command"},
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "development_rows": len(study.outer.train),
        "test_rows": len(study.outer.held_out),
    }


def without_password(text: str) -> str:
    """A command that is fit to be kept.

    Example:
        >>> without_password("steepest tune iris --storage postgresql://ada:secret@db/studies?study=iris")
        'steepest tune iris --storage postgresql://ada@db/studies?study=iris'
    """
    return re.sub(r"(\w+://[^:/@\s]*):[^@\s]*@", r"\1@", text)


def provenance(settings: Settings) -> dict[str, Any]:
    """Who is at work in a sitting: code, libraries, machine, command."""
    return {
        "command": without_password(settings.command),
        "versions": {"steepest": steepest.__version__, "python": platform.python_version(), **_versions()},
        "machine": {
            "system": platform.system(),
            "processor": platform.processor() or platform.machine(),
            "cores": cores(),
            "workers": settings.workers,
        },
    }


def kind_words(column: Column) -> str:
    """What a column became, in a few words.

    Example:
        >>> kind_words(Column("day", "date", parts=("time of day",)))
        'date, with its time of day'
    """
    words: str = column.kind
    if column.kind == "category":
        words += f" of {len(column.values):,} values" + " and others" * column.other
    if column.kind == "code":
        words = f"category of {len(column.values):,} values, embedded"
    if column.parts:
        words += f", with its {' and '.join(column.parts)}"
    return words + ", with gaps" * column.gaps


def _versions() -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in _LIBRARIES}
