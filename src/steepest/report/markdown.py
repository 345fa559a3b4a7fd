"""The report in Markdown, for a pull request, a notebook or an e-mail."""

from collections.abc import Iterator, Sequence

from steepest.report import conflicts, examples, explanation, importance, wording
from steepest.report.facts import Facts
from steepest.report.figures.baselines import contenders
from steepest.report.numbers import NONE, duration, knob

COLUMNS = 40  # columns of the data set that are listed


def to_markdown(facts: Facts) -> str:
    """Verdict first, then scores, finalists, baselines, recipe, data, provenance.

    Example:
        >>> from steepest.report.facts import Facts
        >>> from steepest.report.records import Study
        >>> to_markdown(Facts(Study(data="digits"))).splitlines()[0]
        '# digits: no verdict yet'
    """
    about = wording.about_data(facts)
    blocks = [f"# {_plain(facts.study.data)}: {wording.headline(facts).lower()}", _plain(wording.lead(facts))]
    blocks += [f"*{_plain(about)}*"] if about else []
    for section in (
        _finalists,
        _baselines,
        _search,
        _importance,
        _front,
        _recipe,
        _explanation,
        _conflicts,
        _augmentation,
        _data,
        _provenance,
    ):
        blocks += section(facts)
    return "\n\n".join(blocks) + "\n"


def _finalists(facts: Facts) -> Iterator[str]:
    if facts.verdict is not None and facts.verdict.effect is not None:
        yield f"**{wording.effect(facts)}** {_plain(wording.measured(facts))}, n = {facts.verdict.n}."
    if facts.curse is not None and facts.curse.sentence:
        yield _plain(facts.curse.sentence)
    if facts.finalists:
        yield "## Finalists, retrained on fresh seeds"
        yield _table(
            ["recipe", "search", "confirmed", "n", "verdict"],
            [
                [
                    row.label,
                    wording.scored(facts, row.search_score),
                    wording.scored(facts, row.confirmed_mean, row.confirmed_sd),
                    NONE if row.n is None else str(row.n),
                    row.verdict_sentence,
                ]
                for row in facts.finalists
            ],
        )


def _baselines(facts: Facts) -> Iterator[str]:
    where, entries = contenders(facts)
    if any(entry.kind == "baseline" for entry in entries):
        yield "## The bar to clear"
        rows = [[entry.name, wording.scored(facts, entry.score, entry.sd)] for entry in entries]
        yield _table(["", f"{where} {facts.study.measure}"], rows)


def _search(facts: Facts) -> Iterator[str]:
    if wording.tried(facts):
        yield "## What was tried"
        yield wording.tried(facts)
    if facts.obeying:
        yield f"{_plain(facts.obeying[0].upper() + facts.obeying[1:])}."
    if wording.searched(facts):
        yield f"Searched as asked: {_plain(wording.searched(facts))}."


def _importance(facts: Facts) -> Iterator[str]:
    said = importance.mattered(facts)
    if not said:
        return
    yield "## Which knobs mattered"
    yield f"{_plain(said[0].upper() + said[1:])}."
    if importance.room(facts):
        yield f"Room: {importance.room(facts)}."
    rows = importance.shown(facts)
    if rows:
        yield _table(
            ["knob", "share", "p", "later", "forest", "best value"],
            [
                [
                    f"`{row.knob}`",
                    importance.shares(row),
                    importance.chance(row),
                    importance.shares(row.later),
                    f"{100 * row.forest:.0f} %",
                    importance.best_value(facts, row),
                ]
                for row in rows
            ],
        )
        yield _plain(importance.how(facts))


def _front(facts: Facts) -> Iterator[str]:
    if facts.front:
        yield "## Score against cost"
        yield "\n".join(f"- {_plain(wording.front_row(facts, row))}" for row in facts.front)


def _recipe(facts: Facts) -> Iterator[str]:
    recipe = facts.recipe
    if recipe is None:
        return
    yield "## The recipe"
    if not recipe.changed:
        yield "Every knob as in your recipe." if facts.study.begun_from else "Every knob at its default."
        return
    rows = [
        [f"`{name}`", knob(recipe.values.get(name)), knob(recipe.default.get(name))]
        for name in recipe.changed
    ]
    yield _table(["changed", "value", "default"], rows)


def _explanation(facts: Facts) -> Iterator[str]:
    if facts.explanation is not None:
        said = explanation.sentence(facts)
        yield "## Why it won"
        yield f"{_plain(said[0].upper() + said[1:])}."
        yield _table(explanation.heads(facts), explanation.rows(facts))
        yield _plain(explanation.how(facts))


def _conflicts(facts: Facts) -> Iterator[str]:
    found = conflicts.of_study(facts)
    if found is not None:
        yield "## Which strategies go together"
        yield _plain(f"{conflicts.headline(found)}. {conflicts.lead(found)}")
        yield _table(conflicts.columns(), [cells for _, cells in conflicts.cells(found)])
        yield _table(
            ["mean with", *conflicts.mean_columns()[1:]], [cells for _, cells in conflicts.mean_cells(found)]
        )
        yield _plain(f"{conflicts.meaning()} {conflicts.how(found)}")


def _augmentation(facts: Facts) -> Iterator[str]:
    strengths = examples.strengths_words(facts)
    if strengths:
        yield f"Augmentation: {_plain(strengths)}. {_plain(examples.augmentation(facts))}"


def _data(facts: Facts) -> Iterator[str]:
    study = facts.study
    if not (study.rows or study.notes or study.columns or study.fingerprint):
        return
    yield "## The data"
    if study.rows:
        yield f"{_plain(wording.size(facts))}, {_plain(wording.measured(facts))}."
    if wording.naive(facts):
        yield f"Naive forecast: {_plain(wording.naive(facts))}."
    if study.notes:
        yield "\n".join(f"- {_plain(note)}" for note in study.notes)
    if study.columns:
        names = [f"`{column[0]}`" for column in study.columns[:COLUMNS]]
        yield "Columns: " + ", ".join(names) + (", …" if len(study.columns) > COLUMNS else "")
    if study.fingerprint:
        yield f"Fingerprint: `{study.fingerprint}`"


def _provenance(facts: Facts) -> Iterator[str]:
    study = facts.study
    yield "## How this was made"
    if study.command:
        yield f"```\n{study.command}\n```"
    lines = [
        facts.end_sentence,
        f"Not done {wording.missed(facts)}" if facts.missed else "",
        f"Started {wording.when(facts)}" if wording.when(facts) else "",
        f"Seed {study.seed}" if study.seed is not None else "",
        f"Spent {wording.spent(facts)}" if facts.members else "",
        *(f"{stage.name}: {duration(stage.seconds)}" for stage in facts.stages),
        "Versions: " + ", ".join(f"{k} {v}" for k, v in study.versions.items()) if study.versions else "",
        "Machine: " + ", ".join(f"{k} {v}" for k, v in study.machine.items()) if study.machine else "",
    ]
    kept = [f"- {_plain(line)}" for line in lines if line]
    if kept:
        yield "\n".join(kept)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _plain(text: str) -> str:
    """Names from a data set are words, not markup."""
    for sign in "\\`*_<>#":
        text = text.replace(sign, "\\" + sign)
    return text
