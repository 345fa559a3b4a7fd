"""`steepest rules`: every rule in a line, one rule in full."""

import pytest

from steepest.apps.cli.rules import rules
from steepest.base.errors import BadInput
from steepest.rules.card import card
from steepest.rules.catalogue import DROP_INS


def test_every_rule_has_a_line_with_its_bytes(capsys):
    rules()
    lines = capsys.readouterr().out.splitlines()
    for name, line in zip(DROP_INS, lines, strict=False):
        assert line.startswith(name + " ")
        assert f"{card(name).bytes_per_parameter} B" in line


@pytest.mark.parametrize("name", DROP_INS)
def test_a_rule_in_full_shows_equation_defaults_source_and_bytes(name, capsys):
    rules(name)
    shown = capsys.readouterr().out
    facts = card(name)
    assert all(line.strip() in shown for line in facts.equation.splitlines())
    assert all(f"{a.name} = {a.default}" in shown for a in facts.arguments[1:])
    for said in (facts.source, facts.departures, f"{facts.bytes_per_parameter} bytes", facts.drop_in):
        assert said in shown


def test_a_mistyped_name_is_told_the_nearest():
    with pytest.raises(BadInput, match="Did you mean 'adamw'"):
        rules("adamww")
