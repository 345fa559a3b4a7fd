"""Rows as a Parquet file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from steepest.report.tables import Row, one_kind


def write_parquet(rows: Sequence[Row], path: Path, about: Mapping[str, str]) -> None:
    """Write rows with one column per name.

    Args:
        rows: with the same names each.
        path: of the file.
        about: kept in the file's metadata.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_parquet([{"member": 0, "lr": 1}, {"member": 1, "lr": 0.5}], Path(folder) / "a", {})
        ...     pq.read_table(Path(folder) / "a").to_pydict()
        {'member': [0, 1], 'lr': [1.0, 0.5]}
    """
    columns = {name: one_kind([row[name] for row in rows]) for name in rows[0]}
    table = pa.table(columns).replace_schema_metadata(dict(about))
    pq.write_table(table, path)
