"""Writes the page on Adam and SGD from trainings: `python docs/adam_or_sgd_build.py` (minutes).

With a folder that `steepest compare --suite small …` has written, it takes the numbers from there instead.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from steepest.apps.suite import FACTS, compare_suite
from steepest.report.suite import to_markdown

PAGE = Path(__file__).parent / "adam_or_sgd.md"
OPTIMIZERS = ("sgd", "nesterov", "adagrad", "rmsprop", "adam")
COMMAND = f"steepest compare --suite small optimizer={','.join(OPTIMIZERS)} --no-decays"

BEGIN = f"""# Does Adam beat SGD on small data?

Nine small data sets, five optimizers, each at learning rates of its own. This page is written by
`python docs/adam_or_sgd_build.py`, which does what

    {COMMAND}

does: on every data set each optimizer gets the same budget for its rate (a ladder of 5 rates over two
decades, longer where the best is at an end, in every fold), then 20 paired replicates: 4 rounds of 5-fold
cross-validation on the same folds, from the same seeds. The network is the default one for the data; only the
optimizer differs.

"""

END = """
## How to read this

- **A pair's p is what counts.** It asks whether one optimizer does better on data sets like these; nine of
  them are the fewest that can tell any two of five apart, and then only if they agree.
- **Ranks** say who came first how often, not by how much.
- **The last table** counts verdicts on single data sets, for rows beyond those at hand, against the default
  optimizer or the first of the list ([compare.md](compare.md) says how those are reached). Unresolved means
  that more rows are needed, or more runs: it is not a draw.
- It holds for small dense networks and 150 to 1,800 rows, at tuned rates.
"""


def answer(facts: dict[str, Any]) -> str:
    """The question of the page, answered by its pair alone."""
    pair = next(p for p in facts["pairs"] if {p["a"], p["b"]} == {"sgd", "adam"})
    won = pair["wins"] if pair["a"] == "adam" else pair["losses"]
    apart = pair["p_adjusted"] <= 0.05
    better = (pair["difference"] > 0) == (pair["a"] == "adam")
    verdict = ("Yes" if better else "No, the reverse") if apart else "Not shown"
    return (
        f"**{verdict}.** Adam has the higher mean on {won} of {len(facts['tasks'])} data sets, SGD on "
        f"{len(facts['tasks']) - won - pair['ties']}; Wilcoxon's p is {pair['p_value']:.3f}, and "
        f"{pair['p_adjusted']:.3f} after Holm's adjustment for all {len(facts['pairs'])} pairs.\n\n"
    )


def page(facts: dict[str, Any]) -> str:
    """The whole page."""
    return BEGIN + answer(facts) + to_markdown(facts) + END


def main() -> None:
    """Train, or read what was trained, and write the page."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1])
    else:
        folder = Path(tempfile.mkdtemp())
        compare_suite("small", optimizer=list(OPTIMIZERS), decays=False, out=folder)
    PAGE.write_text(page(json.loads((folder / FACTS).read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
