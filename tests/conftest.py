"""One thread per test process, and property tests that are the same on every run and on a slow machine."""

import hypothesis
import pytest

hypothesis.settings.register_profile("steepest", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steepest")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """The tensors are small, and threads that spin for a core only get in each other's way."""
    import torch

    torch.set_num_threads(1)
