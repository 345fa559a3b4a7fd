"""What a user begins from: a recipe file, or the run folder of an earlier study with its finalists."""

from dataclasses import dataclass
from pathlib import Path

from steepest.base.errors import BadRecipe
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.experiment.folder import RECIPE, STUDY
from steepest.store.opening import open_journal

SUFFIXES = (".yaml", ".yml", ".json")


@dataclass(frozen=True, slots=True)
class Earlier:
    """A recipe to begin from, and where it comes from.

    Args:
        place: the file or folder.
        recipe: trial 0, and the middle of the priors.
        others: further good recipes of the same study, its finalists, which are tried first.
        task, form: of the data it was found on; "" where the file does not say.
    """

    place: str
    recipe: Recipe
    others: tuple[Recipe, ...] = ()
    task: str = ""
    form: str = ""

    def refuse_other_data(self, data: DataSet) -> None:
        """Refuse a recipe that was found for another task or form of data.

        Raises:
            BadRecipe: with both.
        """
        for what, own, here in (("task", self.task, data.task), ("form", self.form, data.form)):
            if own and own != here:
                remedy = "Begin from a recipe of such data, or without one."
                raise BadRecipe(self.place, f"must be of the {what} of {data.name}, {here}", own, remedy)

    def families(self, named: tuple[str, ...], suited: tuple[str, ...]) -> tuple[str, ...]:
        """The families that compete, the recipe's first.

        Args:
            named: those the user names; () for none.
            suited: those that suit the data.

        Raises:
            BadRecipe: where the recipe's is none of those named.
        """
        own = self.recipe.network
        if named and own not in named:
            remedy = f"Let {own} compete too, or leave the recipe out."
            raise BadRecipe(self.place, f"must be of a family that competes: {', '.join(named)}", own, remedy)
        others = named or (() if own == "own" else suited)
        return (own, *(family for family in others if family != own))

    def words(self, horizon_fixed: bool) -> str:
        """What a study says of it."""
        count = len(self.others)
        more = f"; {count} more of its finalists {'is' if count == 1 else 'are'} tried first" if count else ""
        epochs = "" if horizon_fixed else ", its epochs as the budget allows (--fix epochs=… holds them)"
        return f"trial 0 is the recipe of {self.place}{epochs}{more}"


def is_recipe(place: str | Path) -> bool:
    """Whether a file to start from is a recipe, or a run folder with one, and no file of parameters.

    Example:
        >>> is_recipe("recipe.yaml"), is_recipe("model.safetensors")
        (True, False)
    """
    return Path(place).is_dir() or Path(place).suffix.lower() in SUFFIXES


def read_earlier(place: str | Path) -> Earlier:
    """Read a recipe file, or the run folder of an earlier study.

    Raises:
        BadRecipe: for a folder without a recipe, and a file that is none.
        StoreError: for a journal that cannot be read.
    """
    path = Path(place)
    if not path.is_dir():
        return Earlier(str(place), Recipe.load(path))
    if not (path / RECIPE).exists():
        remedy = "Name the folder of a finished study, or a recipe file."
        raise BadRecipe("start_from", f"must hold a {RECIPE}", str(place), remedy)
    recipe = Recipe.load(path / RECIPE)
    if not (path / STUDY).exists():
        return Earlier(str(place), recipe)
    with open_journal(path) as journal:
        study = journal.document("study")
        plans = [p for p in journal.members() if p.stage == "confirm" and p.label.startswith("finalist")]
    found: dict[str, Recipe] = {}
    for plan in plans:
        try:
            other = Recipe.make(**plan.recipe)
        except BadRecipe:  # of another version, with knobs that are no more
            continue
        found.setdefault(other.key(), other)
    found.pop(recipe.key(), None)
    about = study.body if study is not None else {}
    return Earlier(str(place), recipe, tuple(found.values()), about.get("task", ""), about.get("form", ""))
