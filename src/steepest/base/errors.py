"""Every error a user of steepest can cause, and how it is worded.

    SteepestError
    ├── BadInput        an argument, a file or a value that cannot be used
    │   ├── BadData     … in a data set: names the file, the row, the column
    │   ├── BadRecipe   … in a recipe or a search space
    │   └── BadBudget   … in a budget
    └── StoreError      a run folder or database that cannot be read or written

A message always answers four questions: which argument, what must hold, what was given, what to do.
The command line prints it and ends with exit code 2; nothing that was finished is lost.
"""

import difflib
from collections.abc import Iterable


class SteepestError(Exception):
    """Base of every error raised on purpose."""


class BadInput(SteepestError):
    """An argument that cannot be used.

    Args:
        argument: what the user would change: an option, a parameter, a file.
        constraint: what must hold, as a clause: "must be positive".
        value: what was given instead.
        remedy: what to do about it, as a sentence.

    Example:
        >>> print(BadInput("lr", "must be positive", -1.0, "Try 1e-3."))
        lr must be positive, but got -1.0. Try 1e-3.
    """

    def __init__(self, argument: str, constraint: str, value: object, remedy: str = "") -> None:
        self.argument, self.constraint, self.value, self.remedy = argument, constraint, value, remedy
        super().__init__(f"{argument} {constraint}, but got {value!r}. {remedy}".rstrip())


class BadData(BadInput):
    """A data set that cannot be used; `argument` names the file, row or column."""


class BadRecipe(BadInput):
    """A recipe or search space that cannot be used; `argument` names the knob."""


class BadBudget(BadInput):
    """A budget that cannot be used."""


class StoreError(SteepestError):
    """A run folder or database that cannot be read or written."""


def closest(name: str, options: Iterable[str]) -> str:
    """The remedy for a mistyped name: the nearest option, and all of them if they are few.

    Example:
        >>> closest("adm", ["sgd", "adam", "adamw"])
        "Did you mean 'adam'? Choose from: sgd, adam, adamw."
    """
    names = [str(option) for option in options]
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)
    if not near:  # letters in another case still count as a near miss
        lowered = {n.lower(): n for n in names}
        near = [lowered[m] for m in difflib.get_close_matches(str(name).lower(), lowered, n=1, cutoff=0.5)]
    guess = f"Did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
    return f"{guess}Choose from: {shown}."
