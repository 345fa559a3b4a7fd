"""A PostgreSQL server for the tests of this folder; where none can be started they skip and say why."""

from collections.abc import Iterator

import pytest

from steepest.testing.cluster import Cluster, NoCluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    try:
        started = Cluster().__enter__()
    except NoCluster as error:
        pytest.skip(f"PostgreSQL: {error}")
    with started as made:
        yield made
