"""What may be asked of a comparison."""

from typing import Any

import pytest

from steepest.base.budget import Budget
from steepest.base.errors import BadInput
from steepest.experiment.question import Question


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"folds": 1}, "folds must be a whole number, 2 or more, but got 1"),
        ({"folds": 2.5}, "folds must be a whole number"),
        ({"folds": True}, "folds must be a whole number"),
        ({"seeds": 0}, "seeds must be a whole number, 1 or more, but got 0"),
        ({"seed": -1}, "seed must be a whole number, 0 or more"),
        ({"workers": -1}, "workers must be a whole number, 0 or more"),
        ({"rates": "tunde"}, "Did you mean 'tuned'?"),
        ({"knob": "depth", "rates": "scaled"}, "rates must be 'scaled' for batch_size only, but got 'depth'"),
        ({"budget": Budget.parse("20trials")}, "budget must be a time, but got '20trials'"),
    ],
)
def test_what_cannot_be_asked_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput) as refused:
        Question(**{"knob": "batch_size", "values": (16, 32), **given})
    assert says in str(refused.value)


def test_rates_are_tuned_unless_the_rate_is_what_is_compared() -> None:
    assert Question("batch_size", (16, 32)).way == "tuned"
    assert Question("batch_size", (16, 32), rates="scaled").way == "scaled"
    assert Question("lr", (0.1, 0.2)).way == "same"
    assert Question("lr", (0.1, 0.2), rates="tuned").way == "same"
