"""Small studies for experiment tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from steepest.base.budget import Budget, Clock
from steepest.base.progress import Silent
from steepest.base.recipe import Recipe
from steepest.data.read import read
from steepest.data.split import inner_split, outer_split
from steepest.experiment.settings import Settings
from steepest.experiment.study import Study
from steepest.experiment.workers import Workers
from steepest.store.opening import open_journal
from steepest.training.metrics import objective_for
from steepest.training.source import Source

MakeStudy = Callable[..., Study]


@pytest.fixture
def make_study(tmp_path: Path) -> Iterator[MakeStudy]:
    """A study in this process, with three folds and the test fold, that has not trained anything yet."""
    with ExitStack() as stack:
        made = 0

        def make(name: Any = "iris", budget: str = "60s", start: Recipe | None = None) -> Study:
            nonlocal made
            made += 1
            folder = tmp_path / f"study-{made}"
            data = read(name)
            settings = Settings(Budget.parse(budget), 0, folder, start=start or Recipe(width=8, depth=1))
            outer = outer_split(data, 0)
            journal = stack.enter_context(open_journal(folder, create=True))
            workers = stack.enter_context(Workers(0))
            objective = objective_for(data.task, None)
            study = Study(settings, data, outer, objective, journal, workers, Silent(), Clock())
            splits = [inner_split(data, outer.train, 0, i) for i in range(3)]
            study.serve(Source.of(data, [*splits, outer]))
            return study

        yield make
