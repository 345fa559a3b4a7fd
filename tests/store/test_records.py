import dataclasses

import pytest

from steepest.store import Document, Outcome


def test_records_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Outcome(0, "finished", "", 0.5, 1.0, 1.0).score = 1.0  # type: ignore[misc]


def test_an_unknown_status_is_refused():
    with pytest.raises(ValueError, match="status must be one of"):
        Outcome(0, "exploded", "", None, 0.0, 0.0)  # type: ignore[arg-type]


def test_a_document_knows_when_it_was_written():
    assert Document("end", {}).time > 1.7e9
