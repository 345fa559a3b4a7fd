"""Trials written into Optuna's SQLite tables, many in one transaction.

The tables are those of Optuna 3.2 and later. Whether a storage has them is asked before anything is written.
"""

import functools
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json
from optuna.trial import FrozenTrial

TABLES = {
    "trials": ("trial_id", "number", "study_id", "state", "datetime_start", "datetime_complete"),
    "trial_params": ("param_id", "trial_id", "param_name", "param_value", "distribution_json"),
    "trial_values": ("trial_value_id", "trial_id", "objective", "value", "value_type"),
    "trial_intermediate_values": (
        "trial_intermediate_value_id", "trial_id", "step", "intermediate_value", "intermediate_value_type",
    ),
    "trial_user_attributes": ("trial_user_attribute_id", "trial_id", "key", "value_json"),
}  # fmt: skip


class Trials:
    """The trials of one of Optuna's studies, written and kept up to date.

    Args:
        connection: to the storage; every method is one transaction.
        study: the study's number in it.
    """

    def __init__(self, connection: sqlite3.Connection, study: int) -> None:
        self._connection, self._study = connection, study
        self._written: dict[int, tuple[int, FrozenTrial]] = {}
        self._free: list[int] = []
        self._highest = self._highest_there()

    def __len__(self) -> int:
        return len(self._written)

    def clear(self) -> None:
        """Remove all trials that are there; later ones take their identities: open pages stay right."""
        query = "SELECT trial_id FROM trials WHERE study_id = ? ORDER BY number DESC"
        with self._transaction():
            self._free = [row[0] for row in self._connection.execute(query, (self._study,))]
            self._remove(self._free)

    def update(self, trials: Mapping[int, FrozenTrial]) -> int:
        """Write trials that are new or have changed; returns how many.

        Args:
            trials: by any number of their own; their order is that of Optuna's numbers, and later
                calls only add at its end.
        """
        with self._transaction():
            highest = max(self._highest, self._highest_there())  # other studies may have cleared theirs
            changed: dict[int, tuple[int, FrozenTrial]] = {}
            for own, trial in trials.items():
                place, before = self._written.get(own, (0, None))
                if before is not None and _same(before, trial):
                    continue
                if before is None and self._free:
                    place = self._free.pop()
                elif before is None:
                    place = highest = highest + 1
                changed[own] = (place, trial)
            self._remove([place for own, (place, _) in changed.items() if own in self._written])
            number = {own: number for number, own in enumerate(trials)}
            self._insert({number[own]: row for own, row in changed.items()})
        self._written |= changed
        return len(changed)

    def _highest_there(self) -> int:
        return int(self._connection.execute("SELECT coalesce(max(trial_id), 0) FROM trials").fetchone()[0])

    def _insert(self, trials: Mapping[int, tuple[int, FrozenTrial]]) -> None:
        rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in TABLES}
        for number, (place, trial) in trials.items():
            began, ended = _moment(trial.datetime_start), _moment(trial.datetime_complete)
            rows["trials"].append((place, number, self._study, trial.state.name, began, ended))
            for name, row in _parts(place, trial):
                rows[name].append(row)
        for name, found in rows.items():
            columns = TABLES[name] if name == "trials" else TABLES[name][1:]
            marks = ", ".join("?" * len(columns))
            self._connection.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", found)

    def _remove(self, places: Sequence[int]) -> None:
        for table in reversed(TABLES):
            query = f"DELETE FROM {table} WHERE trial_id = ?"
            self._connection.executemany(query, [(place,) for place in places])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise


def known(connection: sqlite3.Connection) -> bool:
    """Whether Optuna's tables are as this file knows them."""
    return all(
        {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} == set(columns)
        for name, columns in TABLES.items()
    )


def _same(before: FrozenTrial, after: FrozenTrial) -> bool:
    """Whether nothing has come to a trial; as text, because a NaN equals no other."""
    return before.state == after.state and all(
        repr(getattr(before, part)) == repr(getattr(after, part))
        for part in ("intermediate_values", "user_attrs", "params")
    )


def _parts(place: int, trial: FrozenTrial) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """(table, row) of everything that hangs on a trial, as Optuna's storage writes it."""
    for name, value in trial.params.items():
        where = trial.distributions[name]
        yield "trial_params", (place, name, where.to_internal_repr(value), _as_json(where))
    if trial.value is not None:
        yield "trial_values", (place, 0, *_number(trial.value))
    for step, value in trial.intermediate_values.items():
        yield "trial_intermediate_values", (place, step, *_number(value))
    for key, value in trial.user_attrs.items():
        yield "trial_user_attributes", (place, key, json.dumps(value))


@functools.cache
def _as_json(where: BaseDistribution) -> str:
    return distribution_to_json(where)


def _number(value: float) -> tuple[float | None, str]:
    """A number and its kind: SQLite keeps neither NaN nor, for Optuna, the infinities."""
    if math.isfinite(value):
        return value, "FINITE"
    return None, "NAN" if math.isnan(value) else "INF_POS" if value > 0 else "INF_NEG"


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%d %H:%M:%S.%f")
