"""Objectives are read; a study with costs hands back a front whose rows agree with its members."""

from itertools import combinations
from pathlib import Path

import pytest

from steepest.apps import api
from steepest.base.errors import BadInput
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.gauging import Gauge
from steepest.experiment.tradeoffs import read_objectives
from steepest.report.page import to_html
from steepest.report.text import to_text
from steepest.training.source import ports_of


def test_objectives_are_a_score_and_costs() -> None:
    assert read_objectives("accuracy") == ("accuracy", ())
    assert read_objectives(" accuracy , flops,latency ") == ("accuracy", ("flops", "latency"))
    assert read_objectives(["r2", "parameters"]) == ("r2", ("parameters",))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parameters", "must begin with a score"),
        ("accuracy,parameter", "Did you mean 'parameters'"),
        ("accuracy,flops,flops", "must name flops once"),
        ("accuracy,", "must name what is kept low"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_objectives(text)


def test_a_study_hands_back_its_front(tmp_path: Path) -> None:
    result = api.tune(
        "iris", budget="12trials", objective="accuracy,parameters", fix={"epochs": 2}, workers=0, out=tmp_path
    )
    rows, gauge = result.front, Gauge(ports_of(read("iris")))
    assert rows
    assert result.facts.front_costs == ("parameters",)
    for row in rows:
        assert row.costs == (gauge("parameters", Recipe.make(**row.recipe)),)
        member = result.facts.members[row.member]
        assert (member.score, member.parameters) == (row.score, row.costs[0])
    for a, b in combinations(rows, 2):  # best score first, and so ever smaller
        assert a.score is not None
        assert b.score is not None
        assert (a.score > b.score and a.costs > b.costs) or (a.score, a.costs) == (b.score, b.costs)
    assert f"{rows[0].costs[0]:,.0f} parameters" in to_text(result.facts)
    assert "<h3>Score against cost</h3>" in to_html(result.facts)
