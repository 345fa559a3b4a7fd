"""Names of columns: that they differ, and how they are listed."""

from collections.abc import Sequence

from steepest.base.errors import BadData


def refuse_equal_names(names: Sequence[str], where: str) -> None:
    """Two columns of one name could not be told apart.

    Args:
        names: of the columns.
        where: the table, for errors.

    Raises:
        BadData: a name that is there twice.

    Example:
        >>> refuse_equal_names(["a", "b"], "the table")
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            found, remedy = f"{name!r} twice", "Rename one of them."
            raise BadData(where, "must have column names that differ", found, remedy)
        seen.add(name)


def listed(names: Sequence[str]) -> str:
    """The first eight names, quoted, and how many there are besides.

    Example:
        >>> listed(["a", "b"]), listed(list("abcdefghij"))[-14:]
        ("'a', 'b'", "'h' and 2 more")
    """
    shown = ", ".join(map(repr, names[:8]))
    return f"{shown} and {len(names) - 8} more" if len(names) > 8 else shown
