import dataclasses
import math

import pytest

from steepest.report.facts import Facts, read_facts
from steepest.report.records import LOSSES, Study, Way
from steepest.store import CurvePoint, Document, MemberPlan, open_journal
from steepest.training.metrics import OBJECTIVES


def test_everything_written_is_read(story):
    facts = read_facts(story())
    assert facts.study.data == "digits"
    assert facts.study.classes == tuple("0123456789")
    assert len(facts.members) == 8 + 200 + 3 * 8
    assert len(facts.of("search")) == 200
    assert len(facts.of("confirm", "default")) == 8
    assert facts.winner_label == "finalist 1"
    assert facts.verdict is not None
    assert facts.verdict.kind == "better"
    assert sum(facts.verdict.differences) / 8 == pytest.approx(facts.verdict.effect)
    assert facts.test is not None
    assert facts.test.winner is not None
    assert facts.test.winner.n == 8
    assert [row.name for row in facts.test.baselines] == ["linear model", "gradient-boosted trees"]
    assert [stage.name for stage in facts.stages] == ["calibrate", "search", "confirm"]
    assert facts.total_seconds == 58.4


def test_a_diverged_member_keeps_its_cause(story):
    diverged = [m for m in read_facts(story()).members if m.status == "diverged"]
    assert diverged
    assert all(m.score is None and "NaN at step 9" in m.cause for m in diverged)


def test_the_last_of_the_ways_count(tmp_path):
    known = {
        "kind": "dense",
        "words": "stacked, 16 members",
        "why": "9 steps a second",
        "way": {"members": 16},
    }
    more = {"kind": "cnn", "words": "one by one", "why": "4 steps a second", "measured": []}
    with open_journal(tmp_path, create=True) as journal:
        for choices in ([known], [known, more]):
            journal.record(documents=[Document("ways", {"choices": choices})])
        assert read_facts(journal).ways == (
            Way("dense", "stacked, 16 members", "9 steps a second"),
            Way("cnn", "one by one", "4 steps a second"),
        )


def test_an_empty_journal_has_facts_too(tmp_path):
    with open_journal(tmp_path, create=True) as journal:
        assert read_facts(journal) == Facts(study=dataclasses.replace(read_facts(journal).study))
        assert read_facts(journal).verdict is None


def test_a_member_without_an_outcome_shows_how_far_it_got(tmp_path):
    with open_journal(tmp_path, create=True) as journal:
        journal.plan([MemberPlan(0, "search", "", {"lr": 0.1}, 0, 0, 0, 10, "prior")])
        journal.record([CurvePoint(0, 1.0, 5, 0.3, 0.4, 0.8), CurvePoint(0, 3.0, 15, 0.2, 0.3, 0.9)])
        (member,) = read_facts(journal).members
    assert (member.status, member.score, member.epochs) == ("unfinished", 0.9, 3.0)


def test_documents_may_leave_out_and_add_fields(tmp_path):
    with open_journal(tmp_path, create=True) as journal:
        journal.record(
            documents=[
                Document("study", {"data": "mine", "classes": 3, "from_the_future": 1}),
                Document("verdict", {"kind": "unresolved", "effect": math.nan, "n": 1}),
                Document("baselines", {}),
                Document("test", {"winner": {"mean": 0.5}, "metrics": {"accuracy": None}}),
            ]
        )
        facts = read_facts(journal)
    assert facts.study.classes == ("0", "1", "2")
    assert facts.verdict is not None
    assert facts.verdict.effect is None
    assert facts.baselines == ()
    assert facts.test is not None
    assert facts.test.metrics == {}


@pytest.mark.parametrize(
    ("score_name", "words"),
    [("accuracy", "accuracy"), ("r2", "R²"), ("log_loss", "log loss"), ("rmse", "RMSE")],
)
def test_measures_have_names_for_people(score_name, words):
    assert Study(score_name=score_name).measure == words


def test_a_loss_is_shown_as_itself():
    assert {name for metrics in OBJECTIVES.values() for name, sign in metrics.items() if sign < 0} <= LOSSES
    assert Study(score_name="perplexity").shown(-12.5) == 12.5
    assert Study(score_name="accuracy").shown(0.5) == 0.5
    assert Study(score_name="mae").shown(None) is None


def test_the_default_is_what_is_handed_back_where_nothing_changed(story):
    facts = read_facts(story())
    assert facts.recipe is not None
    same = dataclasses.replace(facts.recipe, key="another", changed=())
    assert dataclasses.replace(facts, recipe=same).winner_label == "default"
