"""Is A better than B? One word, with effect, interval, n, and a sentence a practitioner can act on.

    better       the interval lies above 0 and the exact test agrees: the sign of the difference is known
    worse        the same below 0
    equivalent   the interval lies inside ±rope: whatever difference there is does not matter
    unresolved   neither; `n_needed` says what would settle it

An interval may lie above 0 and inside ±rope at once. Then the verdict is "better", `trivial` is true and the
sentence adds "by less than what matters": the sign is a fact, its use another matter.

Two conditions for "better" because each covers the other's weakness: the sign-flip test is exact whatever the
distribution, so two runs of one recipe are told apart in at most a share α of comparisons by theorem; the
interval says how large the difference is.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.evidence import looks as looking
from steepest.evidence.diverged import fill
from steepest.evidence.paired import (
    BOOTSTRAP_FROM,
    EXACT_UP_TO,
    Floats,
    Interval,
    differences,
    mean_interval,
    pairing_correlation,
    proportion,
    sign_flip,
    superiority,
)
from steepest.evidence.power import replicates_needed
from steepest.evidence.resampled import resampled_t
from steepest.evidence.rope import seed_noise

Kind = Literal["better", "equivalent", "worse", "unresolved"]
FEWEST = 6  # replicates; with five the smallest exact p is 0.0625


@dataclass(frozen=True)
class Verdict:
    """A against B, higher is better, in the metric's own unit. NaN where a number does not exist.

    Args:
        kind: better, equivalent, worse or unresolved.
        effect: mean of a − b.
        low, high: interval of the effect at `level`.
        level: confidence of every interval here, 0.95 unless looks or a family ask for more.
        n: paired replicates.
        n_needed: replicates that would settle it with chance 0.8, if effect and spread are as observed;
            None when resolved, or when no practical number would.
        rope: half-width of the region of practical equivalence.
        p_value: of the exact sign-flip test; with overlapping splits the larger of that and the t test's.
        p_superior, p_superior_low, p_superior_high: chance that A wins a fresh pair.
        correlation: of the pairs whose runs both ended well.
        method: which interval and which test.
        look: number of the look, None without a plan of looks.
        diverged_a, diverged_b: runs that ended in NaN; each counted as the worst of the comparison.
        sentence: all of it in words.
    """

    kind: Kind
    effect: float
    low: float
    high: float
    level: float
    n: int
    n_needed: int | None
    rope: float
    p_value: float
    p_superior: float
    p_superior_low: float
    p_superior_high: float
    correlation: float
    method: str
    look: int | None = None
    diverged_a: int = 0
    diverged_b: int = 0
    sentence: str = ""

    @property
    def trivial(self) -> bool:
        """Whether a known difference is smaller than what matters."""
        return self.kind in ("better", "worse") and -self.rope < self.low and self.high < self.rope

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        return {
            k: None if isinstance(v, float) and v != v else v for k, v in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Verdict":
        """The verdict that `to_dict` wrote."""
        names = {f.name: f.type for f in dataclasses.fields(cls)}
        if set(values) != set(names) or values["kind"] not in get_args(Kind):
            raise BadInput("verdict", "must hold the fields of a Verdict", sorted(values), "Use to_dict().")
        filled: dict[str, Any] = {
            name: float("nan") if value is None and names[name] is float else value
            for name, value in values.items()
        }
        return cls(**filled)


def judge(
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    *,
    rope: float | None = None,
    alpha: float = 0.05,
    overlap: float | None = None,
    looks: Sequence[int] | None = None,
    look: int | None = None,
    shape: float = looking.POCOCK,
    seed: int = 0,
    floor: float | None = None,
    metric: str = "score",
    against: str = "the reference",
    lower: bool = False,
) -> Verdict:
    """Compare A with B on paired replicates.

    The interval is Student's below 10 replicates, from 10 the hull of Student's and the BCa bootstrap, and
    Nadeau and Bengio's corrected t where splits overlap. The test is the exact sign-flip test, by random
    signs beyond 30 replicates.

    Args:
        a, b: scores, higher better, shape (n,), one per replicate in the same order; NaN means diverged.
        rope: half-width of the region where differences do not matter; see `rope.region`. None takes the seed
            noise of the two contenders.
        alpha: chance of a false "better" or "worse" allowed, over all looks together.
        overlap: n_test/n_train where the replicates' splits share rows, else None.
        looks: replicates at which the result is looked at, as planned; None for one look at the end.
        look: which of them this is, counted from 1; None finds it from n.
        shape: how the looks share alpha; see `looks.look_levels`.
        seed: fixes the bootstrap.
        floor: score of a useless network, given to diverged runs; see `diverged.fill`.
        metric, against: words for the sentence.
        lower: scores are the negatives of a metric that should be low; the sentence gives the metric itself.

    Example:
        >>> tuned = [0.971, 0.975, 0.969, 0.978, 0.973, 0.972, 0.970, 0.976]
        >>> default = [0.961, 0.969, 0.958, 0.965, 0.966, 0.960, 0.963, 0.964]
        >>> print(judge(tuned, default, rope=0.002, metric="accuracy", against="the default").sentence)
        better than the default: +0.0098 accuracy [+0.0075, +0.0120] (95 %),
        8 paired replicates, P(better) 1.00

    Raises:
        BadInput: unequal lengths, a level outside (0, 1), a negative rope, more replicates than planned.
    """
    filled = fill(a, b, floor)
    size = np.size(a)
    if size != np.size(b):
        raise BadInput("b", f"must have as many replicates as a ({size})", np.size(b), "Pair the runs.")
    if rope is not None and not (np.isfinite(rope) and rope >= 0):
        raise BadInput("rope", "must be a width in the metric's unit, 0 or more", rope, "Try the seed noise.")
    level = proportion("alpha", alpha)
    place = _place(size, looks, look, alpha, shape)
    if place is not None:
        level = place.alpha
    if not filled.a.size:
        verdict = _all_diverged(size, level, filled.diverged_a, filled.diverged_b, place)
    else:
        both = np.isfinite(np.asarray(a, dtype=float)) & np.isfinite(np.asarray(b, dtype=float))
        width = seed_noise(a, b) if rope is None else rope
        verdict = dataclasses.replace(
            _decide(differences(filled.a, filled.b), width, level, overlap, seed),
            correlation=pairing_correlation(filled.a[both], filled.b[both]) if both.any() else float("nan"),
            look=place.number if place else None,
            diverged_a=filled.diverged_a,
            diverged_b=filled.diverged_b,
        )
    planned = place.planned if place else None
    return dataclasses.replace(verdict, sentence=_sentence(verdict, metric, against, planned, lower))


def _place(
    n: int, looks: Sequence[int] | None, look: int | None, alpha: float, shape: float
) -> looking.Look | None:
    if looks is None:
        if look is not None:
            raise BadInput("look", "needs the plan of looks", look, "Pass looks=[8, 14, 20].")
        return None
    found = looking.place(n, looks, alpha, shape)
    if look is not None and look != found.number:
        raise BadInput("look", f"must be {found.number} at {n} replicates of {list(looks)}", look, "Omit it.")
    return found


def _lead(d: Floats, alpha: float, overlap: float | None, seed: int) -> tuple[Interval, float, str]:
    """The leading interval, the p that goes with it, and their names."""
    flip = sign_flip(d, seed)
    test = "exact sign-flip" if d.size <= EXACT_UP_TO else "Monte Carlo sign-flip"
    if overlap is not None:
        corrected = resampled_t(d, overlap, alpha)
        # fmax: with one replicate there is no t
        return corrected.interval, float(np.fmax(flip, corrected.p_value)), f"Nadeau-Bengio t, {test}"
    name = "Student t" if d.size < BOOTSTRAP_FROM else "Student t and BCa bootstrap"
    return mean_interval(d, alpha, seed), flip, f"{name}, {test}"


def _decide(d: Floats, rope: float, alpha: float, overlap: float | None, seed: int) -> Verdict:
    n, effect = d.size, float(d.mean())
    interval, p_value, method = _lead(d, alpha, overlap, seed)
    kind: Kind = "unresolved"
    if n >= FEWEST:
        if p_value <= alpha and interval.low > 0:
            kind = "better"
        elif p_value <= alpha and interval.high < 0:
            kind = "worse"
        elif (-rope < interval.low and interval.high < rope) or not np.any(d):
            kind = "equivalent"
    needed = None
    if kind == "unresolved" and n > 1:
        spread = float(d.std(ddof=1))
        needed = replicates_needed(
            effect, spread, rope=rope, alpha=alpha, overlap=overlap or 0.0, at_least=max(n + 1, FEWEST)
        )
    chance = superiority(d, alpha)
    return Verdict(
        kind, effect, *interval, 1 - alpha, n, needed, rope, p_value, *chance, float("nan"), method
    )  # fmt: skip


def _all_diverged(n: int, alpha: float, a: int, b: int, place: looking.Look | None) -> Verdict:
    nan = float("nan")
    number = place.number if place else None
    numbers = (nan, nan, nan, 1 - alpha, n, None, nan, nan, 0.5, nan, nan, nan)
    return Verdict("unresolved", *numbers, "none: every run diverged", number, a, b)


def _sentence(v: Verdict, metric: str, against: str, planned: int | None, lower: bool) -> str:
    """The verdict in words; two significant digits of the interval's half-width decide the decimals."""
    broken = ""
    if v.diverged_a or v.diverged_b:
        broken = (
            f"; diverged and counted as the worst: {v.diverged_a} of {v.n}, {against} {v.diverged_b} of {v.n}"
        )
    if np.isnan(v.effect):
        return f"unresolved against {against}: every run diverged{broken}"
    small = f", but by less than what matters (±{v.rope:.2g})" if v.trivial else ""
    head = {
        "better": f"better than {against}{small}",
        "worse": f"worse than {against}{small}",
        "equivalent": f"equivalent to {against}, within ±{v.rope:.2g} {metric}",
        "unresolved": f"unresolved against {against}",
    }[v.kind]
    if v.n < FEWEST:
        head = f"too few replicates to decide against {against}"
    scale = (v.high - v.low) / 2
    scale = scale if np.isfinite(scale) and scale > 0 else abs(v.effect)
    decimals = int(np.clip(1 - np.floor(np.log10(scale)), 0, 12)) if scale > 0 else 2
    effect, low, high = (-v.effect, -v.high, -v.low) if lower else (v.effect, v.low, v.high)
    shown = f"{effect:+.{decimals}f} {metric}"
    if np.isfinite(v.low):
        where = f", look {v.look} of {planned}" if planned else ""
        shown += f" [{low:+.{decimals}f}, {high:+.{decimals}f}] ({100 * v.level:.3g} %{where})"
    count = f"{v.n} paired replicate{'s' if v.n > 1 else ''}"
    advice = ""
    if v.kind == "unresolved" and v.n > 1:
        more = (
            f"about {v.n_needed} replicates would"
            if v.n_needed
            else "no practical number of replicates would"
        )
        advice = f"; {more} settle it if effect and spread stay as seen"
    return f"{head}: {shown}, {count}, P(better) {v.p_superior:.2f}{broken}{advice}"
