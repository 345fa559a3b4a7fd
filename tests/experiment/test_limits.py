"""Limits are read, hold for all that is tried and for what is handed out, and say what is out of reach."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from steepest.apps import api
from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.base.knobs import Choice
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.experiment.gauging import Gauge
from steepest.experiment.limits import Limit, excess, read_limits, refuse_unreachable, smallest, within
from steepest.experiment.settings import Settings
from steepest.experiment.starting import space_of, suited
from steepest.search.policy import Policy
from steepest.search.space import Space
from steepest.store.opening import open_journal
from steepest.training.source import ports_of

IRIS = read("iris")
PORTS = ports_of(IRIS)


def space(**asked: Any) -> Space:
    settings = suited(Settings(Budget.parse("20trials"), 0, Path(), **asked), IRIS)
    return space_of(settings, IRIS, settings.start)


def test_what_is_read() -> None:
    assert read_limits(["parameters <= 100k", "latency<=5ms", "flops<=1e6"]) == (
        Limit("parameters", 100_000),
        Limit("latency", 0.005),
        Limit("flops", 1e6),
    )
    assert read_limits("latency<=2000ms") == read_limits("latency<=2 s")
    assert read_limits("flops<=2M")[0].most == 2e6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("parameters=1k", "must read quantity<=most"),
        ("parameter<=1k", "Did you mean 'parameters'"),
        ("parameters<=-3", "limit parameters must be a whole number"),
        ("latency<=5", "limit latency must be a positive time, such as 5ms, but got '5'"),
        ("latency<=5parsec", "positive time"),
        ("flops<=abc", "limit flops must be a positive number, but got 'abc'"),
        ("flops<=0", "positive number"),
    ],
)
def test_what_cannot_be_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        read_limits([text])


def test_one_quantity_has_one_limit() -> None:
    with pytest.raises(BadInput, match="must name parameters once"):
        read_limits(["parameters<=1k", "parameters<=2k"])


def test_a_time_is_measured_once_and_heard() -> None:
    heard: dict[str, float] = {}
    gauge = Gauge(PORTS, {}, heard.__setitem__)
    threads = torch.get_num_threads()
    first = gauge("latency", Recipe(width=16))
    assert first > 0
    assert gauge("latency", Recipe(width=16, lr=0.1)) == first
    assert list(heard.values()) == [first]
    assert torch.get_num_threads() == threads
    known = dict.fromkeys(heard, 7.0)
    assert Gauge(PORTS, known)("latency", Recipe(width=16)) == 7.0
    assert Gauge(PORTS)("latency", Recipe(network="mlp", width=2048, depth=8)) > first


def test_every_proposal_obeys_and_there_are_enough() -> None:
    limits, gauge = read_limits("parameters<=400"), Gauge(PORTS)
    narrow = within(space(), limits, gauge)
    where = narrow.where("width", narrow.base.dotted())
    assert where == Choice((32,), (1.0,)) or where.options == (32,)  # type: ignore[union-attr]
    policy = Policy(replace(narrow, allowed=lambda r: excess(r, limits, gauge) <= 1), seed=0)
    wave = policy.first_wave(30) + policy.model_wave(20, [], 1)
    assert len(wave) == 50
    assert all(gauge("parameters", p.recipe) <= 400 for p in wave)


def test_what_cannot_be_reached_names_the_smallest() -> None:
    limits, gauge = read_limits(["parameters<=100", "flops<=1k"]), Gauge(PORTS)
    best, least = smallest(space(), limits, gauge)
    assert (best.width, best.depth) == (32, 1)
    assert least == pytest.approx(259 / 100)
    with pytest.raises(
        BadInput, match=r"at most 100 parameters, at most 1,000 flops.*259 parameters, 448 flops"
    ):
        refuse_unreachable(space(), limits, gauge)
    refuse_unreachable(space(asked={"width": "4,8"}), limits, gauge)


def test_limits_that_nothing_obeys_leave_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="must leave a network to try"):
        api.tune("iris", budget="9trials", limits="parameters<=10", workers=0, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_default_that_exceeds_is_trained_but_not_handed_out(tmp_path: Path) -> None:
    out = tmp_path / "run"
    result = api.tune(
        "iris", budget="9trials", limits=["parameters<=400"], fix={"epochs": 2}, workers=0, out=out
    )
    with open_journal(out) as journal:
        plans = journal.members()
        limits = journal.document("limits")
    by_stage = {stage: {p.parameters for p in plans if p.stage == stage} for stage in ("calibrate", "search")}
    assert min(by_stage["calibrate"]) > 400 >= max(by_stage["search"])
    assert sum(p.numel() for p in result.network.parameters()) <= 400
    assert limits is not None
    assert limits.body["rows"][0]["winner"] <= 400 < limits.body["rows"][0]["default"]
