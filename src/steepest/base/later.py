"""Libraries that take a moment to import, and that a study's beginning does not need."""

import importlib
from typing import Any


def load(*names: str) -> None:
    """Import modules now, such as while others are at work.

    Example:
        >>> load("math", "cmath")
    """
    for name in names:
        importlib.import_module(name)


class Later:
    """A module that is imported when something of it is first asked for.

    A file names it at its top, where its other imports stand, and shows type checkers the module itself:

        if TYPE_CHECKING:
            from scipy import stats
        else:
            stats = Later("scipy.stats")

    Args:
        name: the module's full name.

    Example:
        >>> from math import sqrt
        >>> Later("math").sqrt is sqrt
        True
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)
