"""The sentences of the report: the same on the page, in Markdown and in the terminal."""

from datetime import UTC, datetime

from steepest.report.facts import Facts
from steepest.report.figures.baselines import contenders
from steepest.report.figures.curves import bands
from steepest.report.frame import reaches_one
from steepest.report.numbers import count, decimals_for, duration, finite, many, number, signed
from steepest.report.records import Curse, FrontRow

_HEADLINES = {
    "better": "Better than the default",
    "equivalent": "No better and no worse than the default",
    "worse": "Worse than the default",
    "unresolved": "Not decided yet",
}
_UNITS = {
    ("next-token", "log_loss"): "nats per token",
    ("multilabel", "log_loss"): "nats per label",
    ("classification", "log_loss"): "nats",
}
_NOUNS = {"image": "image", "series": "window", "text": "text"}
_MARKS = {"better": "▲", "equivalent": "≈", "worse": "▼", "unresolved": "?"}


def headline(facts: Facts) -> str:
    """The verdict in a few words."""
    if facts.verdict is not None:
        words = _HEADLINES.get(facts.verdict.kind, facts.verdict.kind.capitalize())
        return words.replace("the default", reference(facts))
    if facts.end_reason == "interrupted":
        return "Interrupted before a verdict"
    if facts.end_reason == "finished":
        return "Trained by a known recipe"
    if facts.members and not facts.of("search"):
        return f"Only {reference(facts).removesuffix(' recipe')} recipe was trained"
    return "No verdict yet"


def reference(facts: Facts) -> str:
    """What trial 0 is called, which the found recipe is compared with."""
    return "your recipe" if facts.study.begun_from else "the default"


def mark(facts: Facts) -> str:
    """The verdict as one sign, for lists and terminals."""
    return _MARKS.get(facts.verdict.kind, "?") if facts.verdict is not None else "…"


def lead(facts: Facts) -> str:
    """The verdict in a sentence, with its interval and number of replicates."""
    if facts.verdict is None:
        return facts.end_sentence or "The study has not come to its confirmation."
    if facts.verdict.sentence:
        return facts.verdict.sentence
    return f"Effect {effect(facts)}, n = {facts.verdict.n}."


def decimals(facts: Facts) -> int:
    """Decimals for scores: two digits of the noise, as the study measured it."""
    verdict, noise = facts.verdict, facts.calibration.sd if facts.calibration else None
    if verdict is not None and finite([verdict.low, verdict.high]) and verdict.low != verdict.high:
        noise = min(finite([noise, (verdict.high or 0) - (verdict.low or 0)]))
    scores = finite(m.score for m in facts.members)
    return decimals_for(noise, max(map(abs, scores), default=None))


def effect(facts: Facts) -> str:
    """The mean difference and its interval."""
    verdict, digits = facts.verdict, decimals(facts)
    if verdict is None or not finite([verdict.effect]):
        return number(None)
    text = signed(facts.study.shown(verdict.effect), digits)
    return f"{text} ({interval(facts)})" if interval(facts) else text


def interval(facts: Facts) -> str:
    """The interval of the mean difference."""
    verdict, digits = facts.verdict, decimals(facts)
    if verdict is None or len(finite([verdict.low, verdict.high])) < 2:
        return ""
    ends = sorted(map(facts.study.shown, finite([verdict.low, verdict.high])))
    low, high = (signed(end, digits) for end in ends)
    return f"{100 * verdict.level:.4g} % interval {low} to {high}"


def scored(facts: Facts, mean: float | None, sd: float | None = None) -> str:
    """A mean score and its standard deviation, as the measure itself."""
    digits = decimals(facts)
    return number(facts.study.shown(mean), digits) + (f" ± {number(sd, digits)}" if finite([sd]) else "")


def half(curse: Curse) -> float | None:
    """Half of the interval of the confirmed mean."""
    ends = finite([curse.confirmed_low, curse.confirmed_high])
    return (ends[1] - ends[0]) / 2 if len(ends) == 2 else None


def luck(facts: Facts) -> str:
    """How far the search had flattered its winner, and how far it would flatter one of equals.

    Example:
        >>> from steepest.report.records import Study
        >>> curse = Curse(0.99, 0.98, candidates=160, expected_flattery=2.67, sentence="search 0.99 → …")
        >>> luck(Facts(Study(score_name="accuracy"), curse=curse))
        'the search score was 0.0100 above the confirmed one; the best of 160 equal candidates is flattered by
        2.7 seed SD'
    """
    curse = facts.curse
    if curse is None or len(finite([curse.search_score, curse.confirmed_mean])) < 2:
        return ""
    assert curse.search_score is not None
    assert curse.confirmed_mean is not None
    gap = curse.search_score - curse.confirmed_mean
    side = "better than" if facts.study.lower else "above"
    if gap <= 0:
        text = "the search score was no higher than the confirmed one"
        text = "the search score was no better than the confirmed one" if facts.study.lower else text
    else:
        text = f"the search score was {number(gap, decimals(facts))} {side} the confirmed one"
    if curse.expected_flattery is None or curse.candidates is None:
        return text
    usual = f"the best of {curse.candidates:,} equal candidates is flattered by"
    return f"{text}; {usual} {curse.expected_flattery:.1f} seed SD"


def unit(facts: Facts) -> str:
    """What the study's measure counts in; "" for a pure number."""
    study = facts.study
    if study.score_name in ("mae", "rmse") and study.target:
        return f"in the unit of {study.target}"
    name = study.score_unit or _UNITS.get((study.task, study.score_name), "")
    return f"in {name}" if name else ""


def measured(facts: Facts) -> str:
    """The study's measure with its unit, and that less is better where that is so.

    Example:
        >>> from steepest.report.records import Study
        >>> measured(Facts(Study(score_name="log_loss", task="next-token")))
        'log loss in nats per token, lower is better'
    """
    name = " ".join(part for part in (facts.study.measure, unit(facts)) if part)
    return f"{name}, lower is better" if facts.study.lower else name


def bar(facts: Facts) -> str:
    """Whether the found recipe clears the best baseline, on the same rows."""
    where, entries = contenders(facts)
    best = next((entry.name for entry in entries if entry.kind == "baseline"), "")
    if not best:
        return ""
    verb = {True: "cleared: ", False: "not cleared: ", None: ""}[cleared(facts)]
    return f"{verb}{best} on the {where} {noun(facts)}s"


def cleared(facts: Facts) -> bool | None:
    """Whether the found recipe scores above the best baseline; None before both are known."""
    entries = contenders(facts)[1]
    found = next((entry.score for entry in entries if entry.kind == "found"), None)
    best = next((entry.score for entry in entries if entry.kind == "baseline"), None)
    return None if found is None or best is None else found > best


def task(facts: Facts) -> str:
    """The task as a phrase."""
    names = {"next-token": "prediction of the next token", "multilabel": "multi-label classification"}
    return names.get(facts.study.task, facts.study.task)


def about_data(facts: Facts) -> str:
    """The data set in a line: task, size, split."""
    study = facts.study
    parts = [task(facts)]
    if study.classes and study.task != "next-token":
        kinds = ("label",) if study.task == "multilabel" else ("class", "classes")
        parts.append(many(len(study.classes), *kinds))
    if study.rows is not None:
        parts.append(size(facts))
    if study.test_rows:
        parts.append(f"{count(study.test_rows)} kept for the test")
    return " · ".join(part for part in parts if part)


def noun(facts: Facts) -> str:
    """What one example is called."""
    study = facts.study
    return "sequence" if study.task == "next-token" else _NOUNS.get(study.form, "row")


def size(facts: Facts) -> str:
    """How many examples there are, and how large one is.

    Example:
        >>> from steepest.report.records import Study
        >>> size(Facts(Study(form="image", shape=(3, 32, 32), rows=60_000)))
        '60,000 images of 3×32×32'
    """
    study = facts.study
    examples = many(study.rows or 0, noun(facts))
    match study.form, study.shape:
        case "image", shape if shape:
            return f"{examples} of {'×'.join(map(str, shape))}"
        case "series", (steps, inputs):
            ahead = f", {many(study.steps_ahead, 'step')} ahead" if study.steps_ahead else ""
            return f"{examples} of {many(steps, 'step')} × {many(inputs, 'input')}{ahead}"
        case "text", (steps,):
            most = "" if study.task == "next-token" else "up to "
            different = f", {study.tokens:,} different ones" if study.tokens else ""
            return f"{examples} of {most}{many(steps, 'token')}{different}"
    columns = f" × {many(study.features, 'column')}" if study.features is not None else ""
    return examples + columns


def naive(facts: Facts) -> str:
    """What the naive forecast scores beside the network; "" where there is none."""
    where, entries = contenders(facts)
    rows = [entry for entry in entries if entry.name.startswith("naive forecast")]
    if not rows or not facts.study.naive_name:
        return ""
    text = f"{facts.study.naive_name}: {facts.study.measure} {scored(facts, rows[0].score)}"
    found = [entry for entry in entries if entry.kind == "found"]
    text += f", the network {scored(facts, found[0].score)}" if found else ""
    return f"{text} on the {where} windows"


def missed(facts: Facts) -> str:
    """What the study left undone because its budget did not reach; "" where that is nothing.

    Example:
        >>> from steepest.report.records import Study
        >>> missed(Facts(Study(budget="5s"), missed=("2 of 3 rounds of the play-off",)))
        'for want of time: 2 of 3 rounds of the play-off'
    """
    if not facts.missed:
        return ""
    want = "work" if "flops" in facts.study.budget else "time"
    return f"for want of {want}: {', '.join(facts.missed)}"


def when(facts: Facts) -> str:
    """The day the study started."""
    started = facts.study.started
    if isinstance(started, int | float):
        moment = datetime.fromtimestamp(started, tz=UTC)
    else:
        try:
            moment = datetime.fromisoformat(str(started))
        except ValueError:
            return str(started or "")
    return f"{moment.day} {moment:%B %Y, %H:%M}"


def tried(facts: Facts) -> str:
    """What the search did, in a sentence."""
    search, again = facts.of("search", ""), len(facts.of("search", "play-off"))
    if not search:
        return ""
    ended = {
        status: sum(m.status == status for m in search) for status in dict.fromkeys(m.status for m in search)
    }
    names = {
        "finished": "trained to the end",
        "dropped": "left at a rung",
        "unfinished": "cut short",
        "interrupted": "cut short",
        "lost": "lost with their worker process",
    }
    parts: dict[str, int] = {}
    for status, n in ended.items():
        word = names.get(status, status if status == "diverged" else f"ran {status}")
        parts[word] = parts.get(word, 0) + n
    return (
        f"{many(len(search), 'recipe')} tried: "
        + ", ".join(f"{n:,} {word}" for word, n in parts.items())
        + "."
        + f" The leaders met again in {many(again, 'play-off run')}." * bool(again)
    )


def front_row(facts: Facts, row: FrontRow) -> str:
    """A recipe of the front in a line: score, costs, whether it was confirmed."""
    costs = [
        f"{1000 * value:.3g} ms" if name == "latency" else f"{value:,.0f} {name}"
        for name, value in zip(facts.front_costs, row.costs, strict=True)
    ]
    end = f", confirmed {scored(facts, row.confirmed_mean, row.confirmed_sd)}" if row.confirmed else ""
    return f"{scored(facts, row.score)} with {' and '.join(costs)}{end} (member {row.member})"


def searched(facts: Facts) -> str:
    """What the user changed of the space, and its limits; "" where nothing was.

    Example:
        >>> from steepest.report.records import Study
        >>> searched(Facts(Study(asked={"lr": "0.01..1:log", "optimizer": "adamw,sgd"})))
        'lr 0.01..1:log; optimizer adamw,sgd'
    """
    return "; ".join([*(f"{key} {text}" for key, text in facts.study.asked.items()), *facts.study.limits])


def spent(facts: Facts) -> str:
    """Time and members."""
    members = many(len(facts.members), "member")
    return f"{duration(facts.total_seconds)}, {members}" if facts.total_seconds is not None else members


def bar_score(facts: Facts) -> float | None:
    """The best baseline's score, on the rows its contenders are shown on."""
    best = [entry.score for entry in contenders(facts)[1] if entry.kind == "baseline"]
    return best[0] if best else facts.bar


def curves_caption(facts: Facts) -> str:
    """What the learning curves show."""
    shown = {band.kind: band.runs for band in bands(facts)}
    if "found" not in shown:
        seeds = many(shown["default"], "seed")
        return f"The default recipe over {seeds}: the mean, and the lowest to the highest."
    steep = f"The steep {'fall' if facts.study.lower else 'rise'} at the start is cut off."
    if shown["found"] < 2:
        return f"One run of each, trained from scratch on a replicate that the search never saw. {steep}"
    return (
        f"Trained from scratch on {many(shown['found'], 'replicate')} each that the search never saw: "
        f"the mean, and the lowest to the highest. {steep}"
    )


def class_name(facts: Facts, index: int) -> str:
    """The name of a class, its number where it has none."""
    return facts.study.classes[index] if index < len(facts.study.classes) else str(index)


def stretched(facts: Facts) -> str:
    """How to read the scores of the search picture."""
    below = "Scores far below the rest lie at the foot of the picture."
    if facts.study.lower:
        return "Lower is better; those far above the rest lie at the top of the picture."
    return f"The axis is stretched towards 1. {below}" if reaches_one(facts) else below
