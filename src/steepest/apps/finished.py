"""A finished study of which more is asked: its recipes, its settings, its data once more."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.progress import Listener
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.experiment.part import ended_parts
from steepest.experiment.resuming import check_same_data, found_again, settings_of
from steepest.experiment.settings import Settings
from steepest.store.journal import Journal
from steepest.training.metrics import objective_for


@dataclass(frozen=True)
class Finished:
    """What a study found.

    Args:
        place: its run folder.
        settings: it was begun with.
        default, winner: recipes.
        key: of the recipe that is handed out.
        objective: the score.
        shares: importance of knobs, where known.
    """

    place: Path
    settings: Settings
    default: Recipe
    winner: Recipe
    key: str
    objective: str
    shares: Mapping[str, float]

    @classmethod
    def read(cls, journal: Journal, place: Path) -> "Finished":
        """From the study's journal.

        Raises:
            BadInput: it has not ended, or its network is of a script.
        """
        known = {kind: journal.document(kind) for kind in ("study", "recipe", "importance")}
        bodies = {kind: document.body if document else {} for kind, document in known.items()}
        if not ended_parts(journal) or not bodies["recipe"]:
            remedy = f"Finish it first: steepest tune --resume {place}."
            raise BadInput("run", "must be a finished study", f"{place}, unfinished", remedy)
        settings = settings_of(journal, folder=place, workers=0)
        if str(settings.fixed.get("factory", "")).startswith("__main__:"):
            remedy = "Put its function into a file of its own, and tune with network='file:function'."
            raise BadInput("network", "must be one that can be imported", settings.fixed["factory"], remedy)
        return cls(
            place=place,
            settings=settings,
            default=Recipe.make(**bodies["recipe"]["default"]),
            winner=Recipe.make(**bodies["recipe"]["values"]),
            key=bodies["recipe"]["key"],
            objective=objective_for(bodies["study"]["task"], settings.objective),
            shares={row["knob"]: row["share"] for row in bodies["importance"].get("rows") or ()},
        )

    def data(
        self,
        journal: Journal,
        listener: Listener,
        again: Any = None,
        how: Mapping[str, Any] | None = None,
        remedy: str = "",
    ) -> DataSet:
        """The study's data, read once more, and known to be the same.

        Args:
            journal: the study's.
            listener: hears what they are.
            again: where they have moved, or were objects in memory.
            how: those are read, where it differs from then.
            remedy: for data that cannot be found.

        Raises:
            BadInput: they are others, or cannot be found.
        """
        known = self.settings.source.get("how", {})
        if again is None:
            try:
                again = found_again(self.settings.source, self.place)
            except BadInput as error:
                if error.argument != "data" or self.settings.source:
                    raise
                raise BadInput("data", error.constraint, error.value, remedy) from None
        found = read(again, **{**known, **(how or {})})
        check_same_data(journal, found)
        listener.say(found.summary)
        return found
