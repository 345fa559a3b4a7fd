from steepest.report import wording
from steepest.report.facts import Facts, read_facts
from steepest.report.records import Calibration, Member, Scores, Study, Verdict


def _member(stage):
    return Member(0, stage, "default", "default", 0, {}, 1, score=0.9)


def test_headlines_without_a_verdict():
    assert wording.headline(Facts(Study())) == "No verdict yet"
    assert wording.headline(Facts(Study(), (_member("calibrate"),))) == "Only the default recipe was trained"
    assert wording.headline(Facts(Study(), (_member("search"),))) == "No verdict yet"
    assert wording.headline(Facts(Study(), end_reason="interrupted")) == "Interrupted before a verdict"


def test_decimals_follow_the_noise():
    assert wording.decimals(Facts(Study(), calibration=Calibration(sd=0.0034))) == 4
    assert wording.decimals(Facts(Study(), calibration=Calibration(sd=12.0))) == 0
    assert wording.decimals(Facts(Study(), verdict=Verdict(low=-0.2, high=0.3))) == 2


def test_the_effect_names_its_interval():
    facts = Facts(Study(), verdict=Verdict("better", 0.012, 0.004, 0.02))
    assert wording.effect(facts) == "+0.012 (95 % interval +0.004 to +0.020)"
    assert wording.effect(Facts(Study(), verdict=Verdict("unresolved", 0.012))) == "+0.0120"


def test_the_bar_before_anything_is_confirmed():
    facts = Facts(Study(), baselines=(Scores("trees", 0.9), Scores("linear", 0.8)))
    assert wording.bar(facts) == "trees on the held-out rows"
    assert wording.cleared(facts) is None
    assert wording.bar_score(facts) == 0.9


def test_what_became_of_the_candidates(story):
    text = wording.tried(read_facts(story()))
    assert text.startswith("200 recipes tried: ")
    assert "7 trained to the end" in text
    assert "8 diverged" in text


def test_moments_are_words():
    assert wording.when(Facts(Study(started="2026-08-14T09:31:07+00:00"))) == "14 August 2026, 09:31"
    assert wording.when(Facts(Study(started=0.0))) == "1 January 1970, 00:00"
    assert wording.when(Facts(Study(started="yesterday"))) == "yesterday"
    assert wording.when(Facts(Study())) == ""
