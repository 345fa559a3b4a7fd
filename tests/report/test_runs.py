"""Runs for a terminal: at a glance, whole, one member, side by side; never wider than they may be."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from steepest.report import run_list, runs_compared
from steepest.report.facts import read_facts
from steepest.report.member_text import outcome, show_member
from steepest.report.run_text import ranked, show
from steepest.report.runs import Run, Unread, read_run

TODAY = datetime(2026, 12, 1)


def run_of(journal, name: str = "digits-1") -> Run:
    return replace(read_run(Path("runs") / name, journal), holder="")


def whole(journal, name: str = "digits-1"):
    return run_of(journal, name), read_facts(journal)


@pytest.mark.parametrize("until", ["start", "calibrate", "search", "confirm", "end"])
@pytest.mark.parametrize("regression", [False, True])
def test_a_study_however_far_it_came(story, until, regression):
    run, facts = whole(story(until=until, regression=regression))
    text = show(run, facts)
    assert f"runs/digits-1: {'finished' if until == 'end' else 'interrupted'}" in text
    assert ("Members" in text) == (until != "start")
    assert ("Stages" in text) == (until == "end")
    assert ("Leaders of the search" in text) == (until in ("search", "confirm", "end"))
    assert max(map(len, text.splitlines())) <= 80


def test_the_counts_of_members_add_up(story):
    run, facts = whole(story())
    assert run.members == len(facts.members) == 232
    lines = show(run, facts).split("Members\n")[1].split("\n\n")[0].splitlines()
    assert lines[0].split() == ["origin", "started", "finished", "dropped", "diverged"]
    cells = [[int(c.replace("–", "0")) for c in line.split()[1:]] for line in lines[1:]]
    assert [sum(column) for column in zip(*cells[:-1], strict=True)] == cells[-1]
    assert all(row[0] == sum(row[1:]) for row in cells)


def test_leaders_came_furthest_and_are_the_best_of_these(story):
    run, facts = whole(story())
    order = [(m.epochs, m.score) for m in ranked(facts)]
    assert order == sorted(order, reverse=True)
    text = show(run, facts, top=3)
    shown = [int(line.split()[0]) for line in text.split("from the default\n")[1].splitlines()]
    assert shown == [m.number for m in ranked(facts)[:3]]


@pytest.mark.parametrize("number", [0, 8, 13, 51, 210])
def test_one_member_in_words(story, number):
    facts = read_facts(story())
    text = show_member(facts, facts.members[number])
    assert text.startswith(f"Member {number} of digits")
    assert f"seed {1000 + number}" in text
    assert max(map(len, text.splitlines())) <= 80


def test_how_members_ended(story):
    facts = read_facts(story())
    diverged = next(m for m in facts.members if m.status == "diverged")
    assert outcome(facts, diverged) == "It diverged after 0.4 epochs: the training loss was NaN at step 9."
    dropped = next(m for m in facts.members if m.status == "dropped" and m.epochs == 1)
    assert outcome(facts, dropped).startswith("It left after 1 epoch with accuracy 0.")


def test_the_confirmed_score_is_that_of_the_recipe_handed_back(story):
    assert run_of(story()).confirmed == read_facts(story()).curse.confirmed_mean
    assert run_of(story(until="search")).confirmed is None
    first, back = run_of(story()), run_of(story())
    handed_back = replace(back.facts, recipe=replace(back.facts.recipe, changed=(), key="another"))
    assert replace(back, facts=handed_back).confirmed < first.confirmed  # the default's


@pytest.mark.parametrize("width", [80, 90, 100, 120, None])
def test_the_table_keeps_to_the_terminal(story, width):
    name = "customers-of-the-northern-region-2026-09"
    runs = [
        run_of(story(), name),
        run_of(story(kind="unresolved", regression=True)),
        run_of(story(until="search")),
    ]
    lines = run_list.to_text(runs, width=width, today=TODAY).splitlines()
    assert [line.split()[0] for line in lines[:1]] == ["run"]
    assert len({line.rindex(runs[i].state) for i, line in enumerate(lines[1:4])}) == 1
    if width is None:
        assert name in lines[1]
        assert "accuracy" in lines[1]
    else:
        assert max(map(len, lines)) <= width


def test_what_could_not_be_read_stands_below(story):
    text = run_list.to_text([run_of(story())], [Unread(Path("runs/broken"), "it is damaged " * 9)], 80, TODAY)
    assert "\n\nNot read\n  broken: it is damaged" in text
    assert max(map(len, text.splitlines())) <= 80
    assert run_list.to_text([], [Unread(Path("runs/broken"), "why")]) == "Not read\n  broken: why"


def test_moments_of_another_year_are_shown_with_it(story):
    assert "14 Aug 09:31" in run_list.to_text([run_of(story())], today=TODAY)
    assert "14 Aug 2026" in run_list.to_text([run_of(story())], today=datetime(2027, 1, 1))


def test_runs_that_compare(story):
    runs = [run_of(story()), run_of(story(gain=0.001, kind="equivalent"), "digits-2")]
    text = runs_compared.to_text(runs)
    assert "Scores may be held against each other" in text
    assert "What was asked is the same" in text
    assert "\n  interval" in text
    assert runs_compared.to_dict(runs)["comparable"] is True


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fingerprint": "another"}, "their data differs"),
        ({"score_name": "log_loss"}, "different measures"),
        ({"seed": 3}, "other rows may have been kept for the test"),
        ({"test_rows": 10}, "different numbers of rows for the test"),
    ],
)
def test_runs_that_do_not_compare(story, changes, reason):
    one = run_of(story())
    other = replace(one, facts=replace(one.facts, study=replace(one.facts.study, **changes)))
    (why,) = runs_compared.why_not_comparable([one, other])
    assert reason in why
    assert "Scores may not be held against each other" in runs_compared.to_text([one, other])


def test_only_knobs_that_differ_are_shown_and_idle_ones_left_out(story):
    one = run_of(story())
    values = {**one.facts.recipe.values, "optimizer": "sgd", "lr": 0.1}
    other = replace(one, facts=replace(one.facts, recipe=replace(one.facts.recipe, values=values)))
    rows = runs_compared.recipes([one, other])
    assert rows["optimizer"] == ["nadamw", "sgd"]
    assert rows["beta2"] == [0.999, None]
    assert "width" not in rows


@pytest.mark.parametrize("count", [2, 3, 4, 7])
def test_many_runs_follow_below_each_other(story, count):
    runs = [run_of(story(), f"a-study-with-a-long-name-{i}") for i in range(count)]
    lines = runs_compared.to_text(runs).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.count("60s") for line in lines if line.startswith("budget")) == count
