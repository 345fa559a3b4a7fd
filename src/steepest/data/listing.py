"""What every column of a table became, one line each."""

from steepest.data.dataset import Column, DataSet

MOST_LINES = 40
_SHOWN = 4


def column_lines(data: DataSet, most: int = MOST_LINES) -> list[str]:
    """Name, kind, and values or gaps of each column; what is left out says why.

    Args:
        data: any data set; one without columns gives no lines.
        most: lines at most; one more counts the rest.

    Example:
        >>> from steepest.data.read import read
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"id": range(20), "size": ["S", "L"] * 10, "ill": ["y", "n"] * 10})
        >>> print("\\n".join(column_lines(read(frame, "ill"))))
        id    left out  it only numbers the rows
        size  category  2 values: L, S
    """
    shown = data.columns[:most]
    names = max((len(column.name) for column in shown), default=0)
    kinds = max((len(column.kind) for column in shown), default=0)
    lines = [
        f"{column.name:<{names}}  {column.kind:<{kinds}}  {_details(column)}".rstrip() for column in shown
    ]
    rest = len(data.columns) - len(shown)
    return [*lines, f"… and {rest:,} more"] if rest else lines


def _details(column: Column) -> str:
    if column.kind == "left out":
        return column.note
    said = [column.note]
    if column.kind in ("category", "code"):
        values = ", ".join(column.values[:_SHOWN]) + (", …" if len(column.values) > _SHOWN else "")
        rest = ", rarer ones share one input" if column.other else ""
        said.append(f"{len(column.values):,} values: {values}{rest}")
    if column.parts:
        said.append(f"with {', '.join(column.parts)}")
    if column.gaps:
        said.append("has gaps")
    return "; ".join(filter(None, said))
