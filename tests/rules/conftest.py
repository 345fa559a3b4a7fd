"""The compiled loop, where this machine has a C compiler."""

import pytest

from steepest.rules.native import Loop, NotBuilt, build


@pytest.fixture(scope="session")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    try:
        return Loop(build(tmp_path_factory.mktemp("library"), "tests"))
    except NotBuilt as error:
        pytest.skip(str(error))
