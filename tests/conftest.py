"""One thread per test process, and property tests that are the same on every run and on a slow machine."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
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


@pytest.fixture(scope="session")
def benchmark_script() -> Callable[[str], ModuleType]:
    """Imports a script of `benchmarks/` that needs no other, by its name."""

    def script(name: str) -> ModuleType:
        path = Path(__file__).parents[1] / "benchmarks" / f"{name}.py"
        spec = importlib.util.spec_from_file_location(f"{name}_script", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module  # dataclasses look their module up
        spec.loader.exec_module(module)
        return module

    return script
