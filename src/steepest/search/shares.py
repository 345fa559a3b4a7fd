"""How our search divides its budget; every share is a choice that replays of recorded curves can judge."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shares:
    """What goes where.

    Args:
        first: of the search's budget, to the first wave.
        portfolio: of the first wave, known recipes at most.
        prior: of the first wave's points, from the prior; the others are uniform.
        model, local: of a later wave, from the model, and from mutations and the prior together, which
            `trust.trust` divides; the others are uniform.
        luck: of a rung's slots, to members drawn from those that did not earn one.
        ties: standard deviations of the default's score within which two scores are equal: √2 is the standard
            deviation of the difference of two.
        sparing: whether waves stop short of the last rung as long as the last two agree on the ranking.
        patient: whether the search goes on where two waves have not improved its best by one such deviation.
    """

    first: float = 0.6
    portfolio: float = 0.125
    prior: float = 0.6
    model: float = 0.4
    local: float = 0.35
    luck: float = 0.1
    ties: float = math.sqrt(2)
    sparing: bool = False
    patient: bool = True


SHARES = Shares()
