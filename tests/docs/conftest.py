"""Commands of a page, read by the command line itself and stopped before anything is trained."""

import shlex
from collections.abc import Callable

import pytest

from steepest.apps import going_on
from steepest.apps.cli.main import main
from steepest.base.progress import Listener
from steepest.data.dataset import DataSet
from steepest.data.split import outer_split
from steepest.experiment.settings import Settings
from steepest.experiment.starting import space_of, suited
from steepest.training.metrics import objective_for


class Found(Exception):
    """The data set that a command reads."""

    def __init__(self, data: DataSet) -> None:
        self.data = data


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], DataSet]:
    """What a command `steepest tune …` reads, once all else that it asks for is found to suit it."""

    def begin(read_data: Callable[[], DataSet], settings: Settings, _: Listener) -> None:
        data = read_data()
        objective_for(data.task, settings.objective)
        known = suited(settings, data)
        assert space_of(known, data, known.start).names
        outer_split(data, settings.seed)
        raise Found(data)

    monkeypatch.setattr(going_on, "begin", begin)

    def read(command: str) -> DataSet:
        program, *arguments = shlex.split(command)
        assert program == "steepest"
        with pytest.raises(Found) as found:
            main([*arguments, "--quiet"])
        return found.value.data

    return read
