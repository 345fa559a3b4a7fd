import json
import math

import pytest

from steepest.report.export import to_dict, to_json
from steepest.report.facts import Facts, read_facts
from steepest.report.records import Calibration, Study


@pytest.mark.parametrize("options", [{}, {"until": "start"}, {"regression": True}])
def test_it_is_strict_json_and_holds_every_member(story, options):
    facts = read_facts(story(**options))

    def refuse(name):
        raise AssertionError(name)

    read = json.loads(to_json(facts), parse_constant=refuse)
    assert read == to_dict(facts)
    assert len(read["members"]) == len(facts.members)
    assert read["study"]["data"] == facts.study.data


def test_a_number_that_does_not_exist_is_null():
    exported = to_dict(Facts(Study(), calibration=Calibration(mean=math.nan, sd=math.inf)))
    assert exported["calibration"]["mean"] is None
    assert exported["calibration"]["sd"] is None
