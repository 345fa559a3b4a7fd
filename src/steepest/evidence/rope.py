"""The smallest difference that matters: the region of practical equivalence (ROPE)."""

import numpy as np
import numpy.typing as npt


def seed_noise(*contenders: npt.ArrayLike) -> float:
    """Seed SD: the root of the contenders' mean variance over their finite replicates; 0 if none has two.

    Example:
        >>> round(seed_noise([1.0, 3.0], [2.0, 2.0]), 3)
        1.0
    """
    columns = [np.asarray(c, dtype=np.float64) for c in contenders]
    finite = [c[np.isfinite(c)] for c in columns]
    variances = [float(c.var(ddof=1)) for c in finite if c.size > 1]
    return float(np.sqrt(np.mean(variances))) if variances else 0.0


def region(margin: float | None, noise: float) -> float:
    """Half-width of the region of practical equivalence: the user's margin, but never below the seed noise.

    A difference of one seed SD means that A beats B in about 76 of 100 unpaired runs, near the 75 that
    Bouthillier et al. (2021) call meaningful; less is lost in the luck of the seed.

    Example:
        >>> region(0.002, noise=0.005), region(0.01, noise=0.005), region(None, noise=0.005)
        (0.005, 0.01, 0.005)
    """
    return max(margin or 0.0, noise)
