"""Which settings of several switches to train, so that each pair's interaction can be told from the others.

All 2^m settings while m is small; beyond, a fraction of resolution V. There no main effect and no
interaction of two switches is confounded with another of these; they are with interactions of three, which
are taken to be small. Screening designs of resolution III, such as Plackett and Burman's, confound pairs with
single switches, so they cannot show a conflict.
"""

import itertools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput

FULL_UP_TO = 6  # switches: 64 settings
MOST = 11  # switches: 128 settings


@dataclass(frozen=True, eq=False)
class TwoLevel:
    """A two-level design.

    Args:
        on: whether switch j is on in setting i, [settings, m]; the first setting has all off.
        resolution: length of the shortest confounding word; 0 for all settings, which confound nothing.
        generators: how the further switches follow from the first ones: "G = ABCD".
    """

    on: npt.NDArray[np.bool_]
    resolution: int = 0
    generators: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The design in words.

        Example:
            >>> two_level(2).words
            'all 4 settings of 2 switches'
            >>> two_level(8).words
            '64 of the 256 settings of 8 switches: a fraction of resolution V (G = ABCDE, H = ABCF)'
        """
        settings, m = self.on.shape
        if not self.resolution:
            return f"all {settings} settings of {m} switches"
        numeral = {5: "V", 6: "VI", 7: "VII"}.get(self.resolution, str(self.resolution))
        by = ", ".join(self.generators)
        return f"{settings} of the {2**m} settings of {m} switches: a fraction of resolution {numeral} ({by})"


def two_level(m: int) -> TwoLevel:
    """All settings of up to 6 switches, or a fraction of resolution V or more.

    The base switches take all their settings; a further one is on where an odd number of the base switches of
    its word are on. Words are found one by one, the longest first: each must not be the sum of three or fewer
    of the columns before it. So no word of the defining relation has fewer than 5 letters.

    Args:
        m: switches, 2 to 11.

    Example:
        >>> two_level(3).on.astype(int).tolist()[:4]
        [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0]]
        >>> [(m, len(two_level(m).on), two_level(m).resolution) for m in (6, 7, 8, 9, 11)]
        [(6, 64, 0), (7, 64, 7), (8, 64, 5), (9, 128, 5), (11, 128, 5)]

    Raises:
        BadInput: for fewer than 2 or more than 11 switches.

    References:
        Box & Hunter (1961), The 2^(k−p) fractional factorial designs, Technometrics 3.
    """
    if not 2 <= m <= MOST:
        raise BadInput("switches", f"must be 2 to {MOST}", m, "Try the others in a second run.")
    if m <= FULL_UP_TO:
        return TwoLevel(_settings(m, [1 << j for j in range(m)]))
    base, columns = next((k, found) for k in itertools.count(FULL_UP_TO) if (found := _columns(k, m)))
    names = [chr(ord("A") + j) for j in range(m)]
    generators = tuple(
        f"{names[j]} = {''.join(names[b] for b in range(base) if columns[j] >> b & 1)}"
        for j in range(base, m)
    )
    return TwoLevel(_settings(base, columns), _resolution(columns, base), generators)


def _settings(base: int, columns: list[int]) -> npt.NDArray[np.bool_]:
    runs = np.arange(2**base)
    return np.array([[(run & column).bit_count() & 1 for column in columns] for run in runs], dtype=np.bool_)


def _columns(base: int, m: int) -> list[int]:
    """m columns over `base` switches of which no four or fewer sum to nothing; [] if none are found."""
    columns = [1 << j for j in range(base)]
    if m == base + 1:
        return [*columns, 2**base - 1]  # the strongest half
    order = sorted(range(1, 2**base), key=lambda word: (-word.bit_count(), word))
    for start in range(len(order)):
        found = list(columns)
        sums = {0, *found, *(a ^ b for a, b in itertools.combinations(found, 2))}
        for word in order[start:]:
            if all(word ^ other not in sums for other in (0, *found)) and len(found) < m:
                sums |= {word, *(word ^ other for other in found)}
                found.append(word)
        if len(found) == m:
            return found
    return []


def _resolution(columns: list[int], base: int) -> int:
    """Letters in the shortest word of the defining relation."""
    further = columns[base:]
    shortest = len(columns) + 1
    for count in range(1, len(further) + 1):
        for chosen in itertools.combinations(further, count):
            word = 0
            for column in chosen:
                word ^= column
            shortest = min(shortest, count + word.bit_count())
    return shortest
