"""How our search divides its budget; every share is a choice that replays of recorded curves can judge.

Measured by `benchmarks/search.py --shares`: gains between a pool's median recipe (0) and its best (1), nine
pools, ten repeats, budgets of 6 and of 12 full trainings, 95 % intervals. No share's gain at the end is told
from chance; what speaks for each value is written beside it.
"""

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

    first: float = 0.3
    portfolio: float = 0.125
    prior: float = 0.6
    model: float = 0.4
    local: float = 0.35
    luck: float = 0.1
    ties: float = math.sqrt(2)
    sparing: bool = True
    patient: bool = True


SHARES = Shares()
"""What replays say, the gain at the end against another value, at 6 and at 12 trainings:

- first 0.3, sparing: against 0.6 and always to the end +0.06 (-0.06 to +0.19) and +0.09 (-0.02 to +0.21), on
  fresh seeds +0.09 (-0.03 to +0.22) and -0.04 (-0.18 to +0.13); half-way through 12 it has 0.55 against 0.40.
- model and local: against uniform points alone +0.07 (0.00 to +0.16) and +0.04 (-0.06 to +0.13) where the
  first wave had 0.6. More for the model, 0.7, changed +0.05 and +0.02.
- portfolio: against none 0.00 and -0.03 (-0.13 to +0.06): it is kept for budgets too small to learn in.
- prior: against 0.3 +0.03 and -0.02, against 0.9 +0.04 and -0.06.
- luck: against none -0.02 and 0.00: it costs nothing, and keeps some of the data unbiased.
- ties: against none -0.01 (-0.07 to +0.05) and -0.07 (-0.18 to +0.01).
- patient: never told apart in budgets of this size.
"""
