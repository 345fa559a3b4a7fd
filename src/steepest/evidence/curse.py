"""The winner's curse: the best of many noisy scores is mostly the luckiest.

Among N candidates of equal quality, the best search score lies above the truth by the expected maximum of N
normals: 2.5 seed SD for 100 candidates, 3.2 for 1000. The faster the search, the worse its winner is
flattered.
"""

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from steepest.base.errors import BadInput
from steepest.base.later import Later
from steepest.evidence.paired import column, t_interval

if TYPE_CHECKING:
    from scipy import stats
else:
    stats = Later("scipy.stats")


@lru_cache(maxsize=1024)
def expected_maximum(candidates: int) -> float:
    """Expected maximum of N independent standard normals: E_N = ∫ x·N·φ(x)·Φ(x)^(N−1) dx.

    Gauss-Legendre on the range that holds the mass; logarithms keep Φ^(N−1) exact up to N = 10⁹.

    Args:
        candidates: N ≥ 1.

    Example:
        >>> round(expected_maximum(2), 6), round(expected_maximum(100), 4)  # the first is 1/√π
        (0.56419, 2.5076)

    References:
        Tippett (1925), On the extreme individuals, Biometrika 17; tables: Harter (1961), Biometrika 48.
    """
    if candidates < 1:
        raise BadInput("candidates", "must be at least 1", candidates, "Count the trials that were scored.")
    nodes, weights = np.polynomial.legendre.leggauss(400)
    x = 10.0 * nodes
    log_density = np.log(candidates) + stats.norm.logpdf(x) + (candidates - 1) * stats.norm.logcdf(x)
    return float(10.0 * np.sum(weights * x * np.exp(log_density)))


def expected_flattery(candidates: int, noise: float = 1.0, spread: float = 0.0) -> float:
    """How far the best of N search scores is expected to lie above its own true quality.

    Scores are quality + noise, quality normal with SD `spread` over candidates. The best score lies E_N·√(σ²
    + τ²) above the average, of which the share σ²/(σ² + τ²) is luck:

        E_N · σ² / √(σ² + τ²)

    Args:
        candidates: N, the number compared.
        noise: σ, the seed SD of one score. 1 gives the answer in seed SD.
        spread: τ, SD of the candidates' true quality, same unit. 0, all equal, is the worst case.

    Example:
        >>> round(expected_flattery(100), 2), round(expected_flattery(100, noise=1.0, spread=2.0), 2)
        (2.51, 1.12)

    References:
        Efron (2011), Tweedie's formula and selection bias, JASA 106 (normal prior).
    """
    if not (noise >= 0 and spread >= 0):
        raise BadInput(
            "noise and spread", "must be 0 or more", (noise, spread), "Both are standard deviations."
        )
    total = float(np.hypot(noise, spread))
    return expected_maximum(candidates) * noise**2 / total if total > 0 else 0.0


@dataclass(frozen=True)
class Shrinkage:
    """What became of a search score on fresh seeds.

    Args:
        search: the winner's score in the search.
        confirmed: mean of its scores on fresh replicates.
        low, high: interval of that mean at `level`; NaN with one replicate.
        level: confidence.
        n: fresh replicates that ended well.
        diverged: fresh replicates that ended in NaN; not in the mean.
        flattery: search − confirmed.
        flattery_sd: the same in seed SD; NaN if the fresh scores do not vary.
        candidates: how many were compared.
        expected_sd: flattery expected in seed SD for that many equal candidates.
        sentence: all of it in words.
    """

    search: float
    confirmed: float
    low: float
    high: float
    level: float
    n: int
    diverged: int
    flattery: float
    flattery_sd: float
    candidates: int
    expected_sd: float
    sentence: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON; NaN becomes None."""
        return {
            k: None if isinstance(v, float) and v != v else v for k, v in dataclasses.asdict(self).items()
        }


def shrinkage(
    search_score: float,
    confirmed_scores: npt.ArrayLike,
    *,
    candidates: int,
    alpha: float = 0.05,
    metric: str = "score",
    lower: bool = False,
) -> Shrinkage:
    """Compare the winner's search score with its scores on fresh seeds.

    Args:
        search_score: finite, higher better.
        confirmed_scores: scores of fresh replicates, shape (n,); NaN means diverged and is counted apart.
        candidates: how many the winner was picked from.
        alpha: share of intervals allowed to miss the truth.
        metric: word for the sentence.
        lower: scores are the negatives of a metric that should be low; the sentence gives the metric itself.

    Example:
        >>> print(shrinkage(0.985, [0.974, 0.978, 0.976, 0.979], candidates=100, metric="accuracy").sentence)
        search 0.9850 → confirmed 0.9768 ± 0.0035 accuracy (95 %, 4 fresh runs): flattered by 3.7 seed SD,
        where the best of 100 equal candidates is flattered by 2.5
    """
    if not np.isfinite(search_score):
        raise BadInput("search_score", "must be finite", search_score, "Pass the winner's score.")
    fresh = column("confirmed_scores", confirmed_scores, finite=False)
    kept = fresh[np.isfinite(fresh)]
    if not kept.size:
        raise BadInput(
            "confirmed_scores", "must hold a finite score", fresh.tolist(), "Every fresh run diverged."
        )
    interval, mean = t_interval(kept, alpha), float(kept.mean())
    sd = float(kept.std(ddof=1)) if kept.size > 1 else 0.0
    flattery = float(search_score) - mean
    record = Shrinkage(
        search=float(search_score),
        confirmed=mean,
        low=interval.low,
        high=interval.high,
        level=1 - alpha,
        n=int(kept.size),
        diverged=int(fresh.size - kept.size),
        flattery=flattery,
        flattery_sd=flattery / sd if sd > 0 else float("nan"),
        candidates=candidates,
        expected_sd=expected_flattery(candidates),
    )
    return dataclasses.replace(record, sentence=_sentence(record, metric, -1 if lower else 1))


def _sentence(r: Shrinkage, metric: str, sign: int) -> str:
    half = (r.high - r.low) / 2
    scale = half if np.isfinite(half) and half > 0 else abs(r.flattery)
    decimals = int(np.clip(1 - np.floor(np.log10(scale)), 0, 12)) if scale > 0 else 4
    error = f" ± {half:.{decimals}f}" if np.isfinite(half) else ""
    runs = f"{r.n} fresh run{'s' if r.n > 1 else ''}" + (f", {r.diverged} diverged" if r.diverged else "")
    level = f"{100 * r.level:.3g} %, " if error else ""
    confirmed = f"confirmed {sign * r.confirmed:.{decimals}f}{error} {metric} ({level}{runs})"
    text = f"search {sign * r.search:.{decimals}f} → {confirmed}"
    if np.isnan(r.flattery_sd):
        return text
    verb = f"flattered by {r.flattery_sd:.1f} seed SD" if r.flattery_sd > 0 else "not flattered"
    usual = f"the best of {r.candidates} equal candidates is flattered by {r.expected_sd:.1f}"
    return f"{text}: {verb}, where {usual}"
