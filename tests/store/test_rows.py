import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.errors import BadInput
from steepest.store import CurvePoint, Document, Outcome, rows
from steepest.testing.stores import plan

floats = st.floats(allow_nan=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | floats | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.integers(0, 2**62), floats, floats)
def test_points_round_trip(step, epoch, score):
    point = CurvePoint(3, epoch, step, score, epoch, score)
    assert rows.to_point(rows.from_point(point)) == point


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_documents_and_recipes_round_trip(body):
    assert rows.to_document(rows.from_document(Document("rung", body, 1.0))) == Document("rung", body, 1.0)
    assert rows.to_plan(rows.from_plan(plan(0, recipe=body))) == plan(0, recipe=body)


def test_numpy_numbers_become_plain_ones():
    point = rows.from_point(CurvePoint(np.int64(1), np.float32(0.5), np.int32(7), *np.zeros(3)))
    assert [type(value) for value in point] == [int, float, int, float, float, float, int]
    outcome = rows.from_outcome(Outcome(np.int64(1), "finished", "", np.float32(0.5), 1, 1))
    assert [type(value) for value in outcome] == [int, str, str, float, float, float, int]
    document = Document("test", {"scores": np.array([0.5, 1.0]), "n": np.int64(2)}, 0.0)
    assert rows.to_document(rows.from_document(document)).body == {"scores": [0.5, 1.0], "n": 2}


def test_a_body_that_is_not_json_is_refused():
    with pytest.raises(BadInput, match="the document 'end' must be made of plain JSON values"):
        rows.from_document(Document("end", {"thing": object()}))
