"""What the exported script is made from."""

from dataclasses import dataclass
from typing import Literal

from steepest.base.recipe import KNOBS, Recipe

Task = Literal["classification", "regression", "multilabel", "forecasting", "next-token"]
Form = Literal["table", "image", "series", "text"]


@dataclass(frozen=True)
class OwnFactory:
    """The user's own function that makes the network.

    Args:
        module: where it is imported from; "" where it has no importable name.
        function: its name.
        folder: where the module lies, "" if it is installed or unknown.
    """

    module: str
    function: str
    folder: str = ""


@dataclass(frozen=True)
class NetworkText:
    """A network as source text.

    Args:
        constructor: an expression that makes it; "" for a dense one, which `ScriptFacts.hidden` describes.
        sources: texts of Python files that define the class, what it needs, and `initialise`.
        initialise: whether weights are started here, not by the factory.
        spared: parameters of two or more dimensions that neither decay nor penalties apply to.
        batch_norm: whether anything in it normalises over the batch.
        replaced: (path of a layer, expression of the one that takes its place).
        dropout: rate for every dropout layer of it; None leaves them.
        lazy: whether its shapes are settled by the first batch.
        own: the user's function that makes it, None if it is one of this package's.
    """

    constructor: str
    sources: tuple[str, ...]
    initialise: bool = True
    spared: tuple[str, ...] = ()
    batch_norm: bool = False
    replaced: tuple[tuple[str, str], ...] = ()
    dropout: float | None = None
    lazy: bool = False
    own: OwnFactory | None = None


@dataclass(frozen=True)
class ScriptFacts:
    """What the script says.

    It reads `data.npz` from its own folder: x [N, D], encoded but not standardised: float32 (NaN where
    missing), uint8 pixels or int32 tokens; y, int64 class codes or float64, [N] or [N, …]; train_rows and
    test_rows, int64; for a table scaled, bool [D].

    Args:
        recipe: every knob's value.
        task: decides loss and metric.
        inputs: numbers in one encoded example, as the network reads it: those in bins are among them.
        outputs: number of classes, labels, tokens or steps ahead, or 1 for regression.
        hidden: units of each hidden layer of a dense network; empty for a linear one.
        gain: the activation's gain for the initialisation.
        clip: standardised inputs are cut to [-clip, clip].
        data_name: the data set, as the script's heading names it.
        target: the target column; "" leaves it out of the heading.
        seed: default of `--seed`.
        form: of the data.
        shape: of one example; () takes (inputs,).
        codes: places of the inputs of a table that hold a category's code.
        network: the network as text; None writes a dense network for a table out as `nn.Sequential`.
        augmentation: texts of Python files that define what happens to batches.
        step_rows: rows that gradient descent takes in a step; 0 for all of them.
        bins: in which each number of a table is read besides as itself; 0 for none.
        stop_after: epochs after which early stopping ended the training; 0 where it was trained to its end.
    """

    recipe: Recipe
    task: Task
    inputs: int
    outputs: int
    hidden: tuple[int, ...]
    gain: float
    clip: float
    data_name: str
    target: str = ""
    seed: int = 0
    form: Form = "table"
    shape: tuple[int, ...] = ()
    codes: tuple[int, ...] = ()
    network: NetworkText | None = None
    augmentation: tuple[str, ...] = ()
    step_rows: int = 0
    bins: int = 0
    stop_after: float = 0

    @property
    def example(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.shape or (self.inputs,)


def applied(facts: ScriptFacts) -> Recipe:
    """The recipe with every knob off that does nothing to this task or form of data.

    Example:
        >>> facts = ScriptFacts(Recipe(flip=0.5, label_smoothing=0.1), "regression", 4, 1, (8,), 1.0, 5.0, "")
        >>> applied(facts).flip, applied(facts).label_smoothing
        (0.0, 0.0)
    """
    fields = Recipe.model_fields
    idle = {
        name: fields[name].default
        for name, knob in KNOBS.items()
        if (knob.tasks and facts.task not in knob.tasks) or (knob.forms and facts.form not in knob.forms)
    }
    return facts.recipe.replace(**idle)
