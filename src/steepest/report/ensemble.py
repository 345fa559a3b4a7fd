"""What an ensemble gains, and what of the networks was kept, in words."""

from collections.abc import Mapping

from steepest.report.facts import Facts
from steepest.report.numbers import decimals_for, finite, many, number, signed, size
from steepest.report.records import Ensemble, measure_name

_SHARES = ("accuracy", "balanced_accuracy", "exact_match", "macro_f1")
_POINTS = 100.0


def gained(facts: Facts) -> tuple[str, ...]:
    """Sentences about the ensemble: against a single replicate, and against the network handed out; or ().

    Example:
        >>> from steepest.report.records import Study
        >>> found = Ensemble(members=8, train_rows=80, all_rows=100, rows=25, score=0.98, loss=-0.1,
        ...     score_gain={"mean": 0.006, "low": 0.002, "high": 0.01}, loss_gain={"mean": 0.02})
        >>> facts = Facts(Study(score_name="accuracy", task="classification"), ensemble=found)
        >>> gained(facts)[0]
        '8 networks, test accuracy 0.980: +0.6 points over a single one [+0.2, +1.0]; log loss 0.1000: −0.02'
    """
    ensemble = facts.ensemble
    if ensemble is None:
        return ()
    if not ensemble.members:
        return (ensemble.sentence,)
    study, measure = facts.study, facts.study.measure
    shares = study.score_name in _SHARES
    digits = 3 if shares else decimals_for(None, ensemble.score)
    score = number(study.shown(ensemble.score), digits)
    over = f"{measure} {score}: {_difference(facts, ensemble.score_gain)} over a single one"
    text = f"{many(ensemble.members, 'network')}, test {over}{_interval(facts, ensemble.score_gain)}"
    return (f"{text}{_loss(facts, ensemble)}", *_whole(facts, ensemble), *_left_out(ensemble))


def spread(facts: Facts) -> str:
    """How single replicates score on the test rows, and how many of them the ensemble beats."""
    ensemble = facts.ensemble
    known = finite(ensemble.score_singles) if ensemble else []
    if ensemble is None or ensemble.score is None or len(known) < 2:
        return ""
    digits = 3 if facts.study.score_name in _SHARES else decimals_for(None, ensemble.score)
    ends = sorted(facts.study.shown(s) for s in known)
    beaten = sum(s < ensemble.score for s in known)
    low, high = (number(end, digits) for end in (ends[0], ends[-1]))
    return f"single ones score {low} to {high}; the ensemble beats {beaten} of {len(known)}"


def kept(facts: Facts) -> str:
    """The files that hold networks, with their sizes."""
    return ", ".join(f"{row.name} {size(row.bytes)}" for row in facts.kept)


def _loss(facts: Facts, ensemble: Ensemble) -> str:
    """The loss beside the measure, where that is another."""
    study, name = (
        facts.study,
        "log loss" if facts.study.classes or facts.study.task == "classification" else "",
    )
    if ensemble.loss is None or measure_name("log_loss") == study.measure or study.measure == "perplexity":
        return ""
    name = name or "squared error in deviations of the target"
    digits = decimals_for(None, ensemble.loss)
    low, high = ensemble.loss_gain.get("low"), ensemble.loss_gain.get("high")
    change = _negative(ensemble.loss_gain.get("mean"))
    few = decimals_for(None if low is None or high is None else high - low, change and 1000 * change)
    ends = f" [{signed(_negative(high), few)}, {signed(_negative(low), few)}]" if low is not None else ""
    return f"; {name} {number(-ensemble.loss, digits)}: {signed(change, few)}{ends}"


def _negative(value: float | None) -> float | None:
    return None if value is None else -value


def _whole(facts: Facts, ensemble: Ensemble) -> tuple[str, ...]:
    """Against networks that were trained, as the one that is handed out, on all development rows."""
    known = ensemble.score_whole_gain
    if not known:
        return ()
    rows = f"{ensemble.train_rows:,} rows each, a network handed out on all {ensemble.all_rows:,}"
    over = f"{_difference(facts, known)}{_interval(facts, known)}"
    return (f"its networks were trained on {rows}: {over} over such a one",)


def _left_out(ensemble: Ensemble) -> tuple[str, ...]:
    """Replicates that are not in it, and why."""
    rows = [f"member {row['member']} ({row['cause']})" for row in ensemble.left_out]
    return (f"left out: {', '.join(rows)}",) if rows else ()


def _difference(facts: Facts, found: Mapping[str, float]) -> str:
    shown = facts.study.shown(found.get("mean"))
    if facts.study.score_name in _SHARES:
        return f"{signed(None if shown is None else _POINTS * shown, 1)} points"
    return signed(shown, _digits(found))


def _interval(facts: Facts, found: Mapping[str, float]) -> str:
    if "low" not in found or "high" not in found:
        return ""
    shares = facts.study.score_name in _SHARES
    scale, digits = (_POINTS, 1) if shares else (1.0, _digits(found))
    low, high = sorted(scale * facts.study.shown(found[end]) for end in ("low", "high"))
    return f" [{signed(low, digits)}, {signed(high, digits)}]"


def _digits(found: Mapping[str, float]) -> int:
    low, high = found.get("low"), found.get("high")
    return decimals_for(None if low is None or high is None else high - low, found.get("mean"))
