"""What a user writes of a knob becomes the range or choice meant; its words read back as the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.errors import BadRecipe
from steepest.base.knobs import Choice, Range
from steepest.base.recipe import KNOBS
from steepest.search.grammar import read, words


def asked(name: str, given: Any) -> Range | Choice:
    return read(given, name, name, KNOBS[name])


@pytest.mark.parametrize(
    ("name", "text", "meant"),
    [
        ("lr", "1e-4..1e-1", Range(1e-4, 0.1, scale="log")),
        ("lr", "0..1:linear", Range(0.0, 1.0)),
        ("lr", "1e-4..1e-1:log@1e-2", Range(1e-4, 0.1, center=0.01, scale="log")),
        ("lr", "1e-4..1e-1@1e-2", Range(1e-4, 0.1, center=0.01, scale="log")),
        ("dropout", "0|0.05..0.5", Range(0.05, 0.5, off=0.0)),
        ("dropout", "off|.05...5", Range(0.05, 0.5, off=0.0)),
        ("dropout", "0.05..0.5", Range(0.05, 0.5)),
        ("weight_decay", "off|1e-5..1", Range(1e-5, 1.0, scale="log", off=0.0)),
        ("width", " 16 .. 512 : log ", Range(16.0, 512.0, scale="log", whole=True)),
        ("mixup", "0.1..1", Range(0.1, 1.0)),
        ("optimizer", "adamw*3, sgd", Choice(("adamw", "sgd"), (0.75, 0.25))),
        ("optimizer", "adamw,sgd", Choice(("adamw", "sgd"))),
        ("residual", "true,false", Choice((True, False))),
        ("dropout", [0, "1e-1", 0.3], Choice((0.0, 0.1, 0.3))),
        ("width", Range(8, 64), Range(8, 64, whole=True)),
        ("stem", "half", Choice(("half",))),
    ],
)
def test_text_means(name: str, text: Any, meant: Range | Choice) -> None:
    assert asked(name, text) == meant


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("lr", "1..1", "lower to a higher.*To fix the knob, write 1"),
        ("lr", "2..1", "lower to a higher.*Write 1..2"),
        ("lr", "0..1", "above 0 on a logarithmic scale.*0..1:linear"),
        ("lr", "-1..1:log", "above 0 on a logarithmic scale"),
        ("lr", "a..b", "must be a range of numbers"),
        ("lr", "1..inf", "must be a range of numbers"),
        ("lr", "1..2:lgo", "Did you mean 'log'"),
        ("lr", "1e-3..1@2", "centre inside its range"),
        ("dropout", "0..3", "dropout must lie in"),
        ("dropout", "-1|0.1..0.2", "dropout must lie in"),
        ("depth", "1.5,2", "whole number"),
        ("depth", "1.5..2.5", "whole number"),
        ("optimizer", "adamv,sgd", "Did you mean 'adam"),
        ("optimizer", "adam,adam", "each once"),
        ("optimizer", "adam,", "values with commas"),
        ("optimizer", "adam*0,sgd", "weights above 0"),
        ("optimizer", [], "at least one value"),
        ("optimizer", "1..2", "optimizer"),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, text: Any, message: str) -> None:
    with pytest.raises(BadRecipe, match=message):
        asked(name, text)


RANGES = st.builds(
    lambda low, more, scale, off, at: Range(
        low, low + more, center=low + at * more if at else None, scale=scale, off=off
    ),
    st.floats(1e-6, 10),
    st.floats(1e-3, 100),
    st.sampled_from(["log", "linear"]),
    st.sampled_from([None, 0.0]),
    st.sampled_from([0.0, 0.25, 1.0]),
)


@given(RANGES)
@settings(max_examples=60, deadline=None)
def test_words_of_a_range_read_back_as_it(where: Range) -> None:
    assert asked("lr", words(where)) == where


def test_words_of_a_choice_read_back_as_it() -> None:
    for where in (Choice(("adamw", "sgd")), Choice(("adamw", "sgd"), (0.75, 0.25))):
        assert asked("optimizer", words(where)) == where
