"""One thread per test process, and property tests that are the same on every run and on a slow machine."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from steepest.testing.cluster import Cluster

hypothesis.settings.register_profile("steepest", deadline=None, derandomize=True)
hypothesis.settings.load_profile("steepest")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """The tensors are small, and threads that spin for a core only get in each other's way."""
    import torch
    import tqdm

    torch.set_num_threads(1)
    tqdm.tqdm.monitor_interval = (
        0  # torch.compile's bars would leave a thread, and beside one nothing is forked
    )


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Decoded images are kept where the tests end, not in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEEPEST_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def cluster() -> Iterator["Cluster"]:
    """A PostgreSQL server of the tests' own; where none can be started, tests skip and say why."""
    from steepest.testing.cluster import Cluster, NoCluster

    with ExitStack() as until_the_end:
        try:
            yield until_the_end.enter_context(Cluster())
        except NoCluster as error:
            pytest.skip(f"PostgreSQL: {error}")
