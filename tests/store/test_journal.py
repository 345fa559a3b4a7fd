"""The contract, on every back end there is."""

from pathlib import Path

import pytest

from steepest.testing.stores import CHECKS, Backend


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_back_end_keeps_the_contract(check, backend: Backend, tmp_path: Path) -> None:
    check(backend, tmp_path)
