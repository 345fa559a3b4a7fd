import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from steepest.report.scales import Bands, Scale, span

reals = st.floats(-1e6, 1e6)


@given(reals, reals, st.integers(2, 10))
def test_ticks_lie_inside_and_their_labels_are_true(low, high, about):
    assume(high - low > 1e-6 * max(abs(low), abs(high), 1e-6))
    ticks = Scale(low, high, 0, 100).ticks(about)
    room = (high - low) * 1e-6
    assert len(ticks) <= about + 1
    assert all(low - room <= value <= high + room for value, _ in ticks)
    for value, label in ticks:
        assert float(label.replace("−", "-").replace(",", "")) == pytest.approx(value, rel=1e-9, abs=1e-9)
    assert len({label for _, label in ticks}) == len(ticks)


@given(st.floats(1e-8, 1e3), st.floats(1.5, 1e6))
def test_logarithmic_ticks_lie_inside(low, factor):
    ticks = Scale(low, low * factor, 0, 100, log=True).ticks()
    assert len(ticks) >= 2
    assert all(low * 0.99 <= value <= low * factor * 1.01 for value, _ in ticks)
    assert len({label for _, label in ticks}) == len(ticks)


@pytest.mark.parametrize(
    "scale",
    [Scale(0, 1, 10, 90), Scale(1e-5, 1, 10, 90, log=True), Scale(0.1, 0.995, 10, 90, top=1.0)],
)
def test_scales_rise_and_stop_at_their_ends(scale):
    values = [scale.low + i / 50 * (scale.high - scale.low) for i in range(51)]
    places = [scale(value) for value in values]
    assert places == sorted(places)
    assert places[0] == pytest.approx(10)
    assert places[-1] == pytest.approx(90)
    assert scale(scale.low - 5) == 10
    assert scale(scale.high + 5) == 90


def test_equal_factors_of_the_error_take_equal_room():
    scale = Scale(0.9, 0.9999, 0, 300, top=1.0)
    assert scale(0.99) == pytest.approx(100)
    assert scale(0.999) == pytest.approx(200)


def test_bands_share_the_axis():
    bands = Bands(("a", "b", "c", "d"), 0, 100)
    assert [bands(option) for option in "abcd"] == [12.5, 37.5, 62.5, 87.5]


def test_a_span_of_one_value_or_none_still_has_room():
    for values in ([], [0.0], [0.9, 0.9]):
        low, high = span(values)
        assert low < high
        assert math.isfinite(low)
