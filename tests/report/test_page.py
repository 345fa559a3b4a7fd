"""The page in every state a study can be in: it parses, stands alone, and says the right thing first."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from steepest.report.facts import Facts, read_facts
from steepest.report.page import to_html, write_page
from steepest.report.records import Study, Way

STATES = {
    "better": ({}, "Better than the default"),
    "worse": ({"kind": "worse", "gain": -0.012}, "Worse than the default"),
    "equivalent": ({"kind": "equivalent", "gain": 0.0}, "No better and no worse than the default"),
    "too few": ({"kind": "unresolved", "replicates": 3, "gain": 0.004}, "Not decided yet"),
    "one replicate": ({"kind": "unresolved", "replicates": 1}, "Not decided yet"),
    "regression": ({"regression": True}, "Better than the default"),
    "unproved": ({"until": "confirm"}, "Interrupted before a verdict"),
    "interrupted": ({"until": "search"}, "Interrupted before a verdict"),
    "only the default": ({"until": "calibrate"}, "Interrupted before a verdict"),
    "nothing yet": ({"until": "start"}, "Interrupted before a verdict"),
    "a thousand members": ({"members": 1000}, "Better than the default"),
}
VOID = {"meta", "br", "link", "img", "hr", "input"}


class Balance(HTMLParser):
    """Every tag that opens closes, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):  # noqa: ARG002
        self.seen.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(params=STATES)
def page(request, story):
    options, title = STATES[request.param]
    return to_html(read_facts(story(**options))), title


def test_the_verdict_comes_first(page):
    html, title = page
    assert re.search(r"<h1>(.*?)</h1>", html)[1] == title


def test_it_parses_and_stands_alone(page):
    html, _ = page
    balance = Balance()
    balance.feed(html)
    assert balance.open == []
    assert not {"script", "link", "img", "iframe"} & balance.seen
    assert not re.search(r"(src|href)=|url\(|@import", html)
    assert len(html) < 500_000


def test_every_picture_is_well_formed_and_finite(page):
    html, _ = page
    for svg in re.findall(r"<svg viewBox.*?</svg>(?=</div>|</li>)", html, flags=re.DOTALL):
        root = ElementTree.fromstring(svg)
        assert root.attrib["aria-label"]
        assert root.attrib["role"] == "img"
        numbers = " ".join(
            v for node in root.iter() for k, v in node.attrib.items() if k not in ("class", "aria-label")
        )
        assert "nan" not in numbers
        assert "inf" not in numbers


def test_words_have_no_holes(page):
    html, _ = page
    words = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)
    assert not re.search(r"\bNone\b|\bnan\b|Undefined|\{\{|\}\}", words)


def test_a_full_study_shows_every_section(story):
    html = to_html(read_facts(story()))
    sections = re.findall(r"<h2>(.*?)</h2>", html)
    assert sections == [
        "How they learn",
        "What was tried",
        "The bar to clear",
        "The recipe",
        "The data",
        "How this was made",
    ]
    for fact in (
        "b2:9f31c07ad2e84b16",
        "steepest tune digits --budget 60s --seed 0",
        "torch 2.13.0",
        "8 diverged",
    ):
        assert fact in html


def test_changed_knobs_are_marked_and_irrelevant_ones_left_out(story):
    html = to_html(read_facts(story()))
    changed = re.findall(r'<tr class="changed"><th scope="row">(\w+)</th>', html)
    assert set(changed) == {
        "optimizer",
        "lr",
        "schedule",
        "width",
        "activation",
        "dropout",
        "weight_decay",
        "label_smoothing",
    }
    assert '<th scope="row">momentum</th>' not in html  # AdamW's sort have no such knob
    assert '<th scope="row">beta2</th>' in html


@pytest.mark.parametrize("precision", ["auto", "float32"])
def test_how_networks_were_trained_stands_folded_at_the_end(precision):
    way = Way("dense, norm none", "stacked, 16 members", "6,406 steps a second")
    html = to_html(Facts(Study(precision=precision), ways=(way,)))
    table = html.partition("<summary>How networks were trained</summary>")[2].partition("</details>")[0]
    for fragment in (way.kind, way.words, way.why):
        assert fragment in table
    assert ("Rounding to bfloat16 was forbidden" in table) == (precision == "float32")
    assert "How networks were trained" not in to_html(Facts(Study()))


def test_names_from_the_data_are_not_markup():
    evil = "<script>alert(1)</script>"
    study = Study(data=evil, target=evil, notes=(evil,), columns=((evil, "text", evil),), score_name=evil)
    html = to_html(Facts(study))
    assert "<script" not in html
    assert html.count("&lt;script&gt;") >= 5


def test_the_page_is_a_file(story, tmp_path):
    facts = read_facts(story())
    write_page(facts, tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == to_html(facts)
