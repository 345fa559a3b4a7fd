"""steepest, through its public face: one call, all members in stacks."""

from collections.abc import Sequence

import steepest as st
from work import BATCH, SIZES, measure

Recipe, sweep = st.Recipe, st.sweep  # loads them: steepest imports on first use


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """Sweep the learning rates on the built-in digits, which steepest reads and divides itself."""
    shape = {"depth": 2, "width": SIZES[1], "taper": SIZES[2] / SIZES[1]}
    recipes = [Recipe(**shape, lr=rate, epochs=epochs, batch_size=BATCH) for rate in rates]
    return [found.score for found in sweep("digits", recipes)]


if __name__ == "__main__":
    measure(train)
