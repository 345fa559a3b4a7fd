"""One thread per test process: the tensors are small, and spinning threads only get in each other's way."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)
