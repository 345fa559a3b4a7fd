"""The examples on the page: pictures, lines, words, numbers; and what is said of augmentation."""

import base64
import re

import pytest

from steepest.report import examples as says
from steepest.report import wording
from steepest.report.examples import augmentation, has_augmentation
from steepest.report.export import to_dict
from steepest.report.facts import Facts
from steepest.report.figures import draw_forecast
from steepest.report.markdown import to_markdown
from steepest.report.page import to_html
from steepest.report.records import Calibration, Changed, Examples, OuterTest, Scores, Shown, Study
from steepest.report.text import to_text

PNG = base64.b64encode(b"\x89PNG not really").decode()
NOTE = "Classes are single letters or digits, whose mirror images differ, so images are not flipped."


def _images(oriented=True, strengths=None):
    study = Study(
        task="classification", form="image", shape=(3, 8, 8), rows=60_000, classes=("cat", "<dog>"),
        notes=(NOTE,), oriented=oriented, test_rows=100,
    )  # fmt: skip
    found = Examples(
        form="image",
        strengths={"shift": 0.1} if strengths is None else strengths,
        changed=(Changed("cat", PNG, (PNG, PNG)),),
        shown=(Shown("cat", PNG),),
        wrong=(Shown("cat", PNG, "<dog>"),),
        looked_at=100,
    )
    return Facts(study, examples=found)


def test_pictures_stand_in_the_page_itself():
    html = to_html(_images())
    assert html.count("<img ") == 5
    assert set(re.findall(r'src="([^"]{22})', html)) == {"data:image/png;base64,"}
    assert "taken for &lt;dog&gt;" in html
    assert "1 error of the network that is handed out, among all 100 test images." in html
    assert "60,000 images of 3×8×8" in html
    assert "largest shift of an image" in html


def test_why_flips_were_off_is_said():
    assert augmentation(_images()).endswith(f"Flips were off: {NOTE}")
    assert "never changed" in augmentation(_images())
    assert "Flips" not in augmentation(_images(oriented=False))
    assert "Flips" not in augmentation(_images(strengths={"flip": 0.5}))
    assert augmentation(_images(strengths={})).startswith("The recipe trains on images as they are.")


def test_without_augmentation_only_pictures_speak_of_it():
    assert has_augmentation(_images(strengths={}))
    assert not has_augmentation(Facts(Study(), examples=Examples(form="table")))
    assert not has_augmentation(Facts(Study()))


def test_dropped_words_are_struck_out():
    row = Changed("good", ("a", "fine", "film"), (("a", None, "film"),))
    html = to_html(Facts(Study(form="text"), examples=Examples("text", (), {"token_dropout": 0.1}, (row,))))
    assert "a <del>fine</del> film" in html


def test_a_row_of_a_table_before_and_after():
    row = Changed("", (1.0, None), ((1.25, 0.5),))
    facts = Facts(Study(), examples=Examples("table", ("age", "pay"), {"input_noise": 0.1}, (row,)))
    html = to_html(facts)
    assert '<th scope="col" class="num">age</th>' in html
    assert '<td class="num">1.250</td>' in html
    assert "input\\_noise 0.1" in to_markdown(facts)


@pytest.mark.parametrize("ahead", [1, 3])
def test_forecasts_are_lines_and_a_single_step_is_a_dot(ahead):
    lines = {"past": (1.0, None, 2.0, 3.0), "truth": (2.0,) * ahead, "forecast": (2.5,) * ahead}
    svg = str(draw_forecast(lines))
    assert ("forecast-line-dot" in svg) == (ahead == 1)
    assert ('class="forecast-line"' in svg) == (ahead > 1)
    study = Study(task="forecasting", form="series", naive_name="the value 7 days before")
    html = to_html(Facts(study, examples=Examples("series", shown=(Shown("", lines),))))
    assert "the value 7 days before (dashed)" in html


def test_pictures_are_left_out_of_the_exported_facts():
    found = to_dict(_images())["examples"]
    assert PNG not in str(found)
    assert found["wrong"][0]["predicted"] == "<dog>"


def _forecasting():
    test = OuterTest(
        winner=Scores(score=-1.5, sd=0.1, n=3),
        baselines=(Scores("naive forecast: the value 7 days before", -2.25, n=1),),
    )
    study = Study(
        data="sales", task="forecasting", target="sold", form="series", shape=(28, 5), steps_ahead=7,
        rows=900, test_rows=180, score_name="mae", naive_name="the value 7 days before",
    )  # fmt: skip
    return Facts(study, test=test, bar=-2.2, calibration=Calibration(sd=0.05))


def test_errors_are_positive_and_lower_is_better():
    facts = _forecasting()
    text, html = to_text(facts), re.sub(r"<style>.*?</style>", "", to_html(facts), flags=re.DOTALL)
    assert "test 1.500 ± 0.100 MAE in the unit of sold, lower is better" in " ".join(text.split())
    assert "−" not in text
    assert "−" not in html
    assert "the value 7 days before: MAE 2.250, the network 1.500 on the test windows" in html
    assert wording.size(facts) == "900 windows of 28 steps × 5 inputs, 7 steps ahead"
    assert wording.cleared(facts) is True


@pytest.mark.parametrize(
    ("study", "size", "measured"),
    [
        (
            Study(task="next-token", form="text", shape=(64,), tokens=65, rows=1200, score_name="log_loss"),
            "1,200 sequences of 64 tokens, 65 different ones",
            "log loss in nats per token, lower is better",
        ),
        (
            Study(
                task="classification", form="text", shape=(100,), tokens=9000, rows=1, score_name="accuracy"
            ),
            "1 text of up to 100 tokens, 9,000 different ones",
            "accuracy",
        ),
        (
            Study(task="multilabel", form="table", rows=10, features=3, score_name="log_loss"),
            "10 rows × 3 columns",
            "log loss in nats per label, lower is better",
        ),
    ],
)
def test_sizes_and_measures_in_words(study, size, measured):
    assert wording.size(Facts(study)) == size
    assert wording.measured(Facts(study)) == measured


def test_nothing_wrong_is_said_as_such():
    facts = _images()
    none = Facts(facts.study, examples=Examples("image", looked_at=50))
    assert says.wrong(none).startswith("Nothing: of the first 50 test images")
