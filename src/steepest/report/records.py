"""The parts of a study's facts: plain frozen records, each with a default for whatever is not known yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, overload

from steepest.store import CurvePoint

LOSSES = frozenset({"log_loss", "cross_entropy", "rmse", "mse", "mae", "perplexity"})
"""Measures that should be low. Their scores are negatives; the report shows the measures themselves."""

_NAMES = {"r2": "R²", "rmse": "RMSE", "mse": "MSE", "mae": "MAE", "auc": "AUC", "roc_auc": "ROC AUC",
          "macro_f1": "macro F1"}  # fmt: skip


def measure_name(name: str) -> str:
    """A measure's name for people.

    Example:
        >>> measure_name("r2"), measure_name("log_loss")
        ('R²', 'log loss')
    """
    return _NAMES.get(name, name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Study:
    """What was asked, of which data, with which tools."""

    data: str = "unnamed data"
    task: str = ""
    target: str = ""
    classes: tuple[str, ...] = ()
    rows: int | None = None
    features: int | None = None
    development_rows: int | None = None
    test_rows: int | None = None
    fingerprint: str = ""
    notes: tuple[str, ...] = ()
    columns: tuple[tuple[str, ...], ...] = ()
    form: str = "table"
    shape: tuple[int, ...] = ()
    tokens: int = 0
    steps_ahead: int = 0
    naive_name: str = ""
    oriented: bool = True
    rounds_per_epoch: int = 1
    command: str = ""
    budget: str = ""
    seed: int | None = None
    score_name: str = "score"
    score_unit: str = ""
    precision: str = "auto"
    begun_from: str = ""
    limits: tuple[str, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: Mapping[str, Any] = field(default_factory=dict)
    started: str | float | None = None

    @property
    def lower(self) -> bool:
        """Whether the study's measure should be low."""
        return self.score_name in LOSSES

    @property
    def measure(self) -> str:
        """The measure's name for people."""
        return measure_name(self.score_name)

    @overload
    def shown(self, score: float) -> float: ...
    @overload
    def shown(self, score: None) -> None: ...
    def shown(self, score: float | None) -> float | None:
        """A score, or a difference of scores, as the measure itself: scores are higher-is-better.

        Example:
            >>> Study(score_name="mae").shown(-2.5), Study(score_name="r2").shown(0.8)
            (2.5, 0.8)
        """
        return -score if score is not None and self.lower else score


@dataclass(frozen=True, slots=True)
class Verdict:
    """The found recipe against the default, over paired replicates; scores are higher-is-better."""

    kind: str = "unresolved"
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    n: int = 0
    n_needed: int | None = None
    rope: float | None = None
    p_value: float | None = None
    p_superior: float | None = None
    sentence: str = ""
    method: str = ""
    winner_scores: tuple[float, ...] = ()
    default_scores: tuple[float, ...] = ()

    @property
    def differences(self) -> tuple[float, ...]:
        """Winner minus default, replicate by replicate."""
        return tuple(w - d for w, d in zip(self.winner_scores, self.default_scores, strict=False))


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one recipe or baseline: their mean, standard deviation and number."""

    name: str = ""
    score: float | None = None
    sd: float | None = None
    n: int | None = None
    seconds: float | None = None
    scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Finalist:
    """A recipe that was retrained on fresh seeds."""

    label: str = ""
    member_recipe_key: str = ""
    search_score: float | None = None
    confirmed_mean: float | None = None
    confirmed_sd: float | None = None
    n: int | None = None
    verdict_sentence: str = ""


@dataclass(frozen=True, slots=True)
class FrontRow:
    """A recipe that no other beats in everything; costs in the order they were asked for."""

    member: int = 0
    recipe: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    costs: tuple[float, ...] = ()
    label: str = ""
    confirmed_mean: float | None = None
    confirmed_sd: float | None = None
    n: int | None = None

    @property
    def confirmed(self) -> bool:
        """Whether it was retrained on fresh seeds."""
        return self.confirmed_mean is not None


@dataclass(frozen=True, slots=True)
class Curse:
    """How far the winner's search score had flattered it."""

    search_score: float | None = None
    confirmed_mean: float | None = None
    confirmed_low: float | None = None
    confirmed_high: float | None = None
    candidates: int | None = None
    expected_flattery: float | None = None
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """The default recipe over several seeds: noise and cost."""

    n: int | None = None
    mean: float | None = None
    sd: float | None = None
    seconds_per_member: float | None = None
    steps_per_second: float | None = None
    horizon_epochs: float | None = None


@dataclass(frozen=True, slots=True)
class OuterTest:
    """The outer test set, touched once."""

    winner: Scores | None = None
    default: Scores | None = None
    baselines: tuple[Scores, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    n: int | None = None
    confusion: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The replicates of the recipe as one predictor, on the test rows; scores, losses too, are to be high.

    Args:
        members: networks in it; 0 where there are too few, for which `sentence` gives the reason.
        left_out: replicates that are not in it, with their cause.
        train_rows, all_rows: rows that each was trained on, and those that the network handed out was.
        noise: standard deviation of what numbers scatter by, in the target's unit.
        rows: of the test.
        score, loss: of the ensemble; of single replicates; mean gain over one with its interval; and the same
            for networks that were trained on all development rows.
    """

    members: int = 0
    left_out: tuple[Mapping[str, Any], ...] = ()
    train_rows: int = 0
    all_rows: int = 0
    noise: float | None = None
    rows: int = 0
    score: float | None = None
    score_singles: tuple[float, ...] = ()
    score_gain: Mapping[str, float] = field(default_factory=dict)
    score_whole: tuple[float, ...] = ()
    score_whole_gain: Mapping[str, float] = field(default_factory=dict)
    loss: float | None = None
    loss_singles: tuple[float, ...] = ()
    loss_gain: Mapping[str, float] = field(default_factory=dict)
    loss_whole: tuple[float, ...] = ()
    loss_whole_gain: Mapping[str, float] = field(default_factory=dict)
    sentence: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A file, or folder, of networks in the run folder."""

    name: str = ""
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class FoundRecipe:
    """The recipe that is handed back."""

    values: Mapping[str, Any] = field(default_factory=dict)
    default: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    parameters: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Changed:
    """An example before and after augmentation, several times; what an example is depends on the form.

    Images are PNG files as base64, series and rows of a table their numbers, texts their words, of which
    None marks those that were dropped.
    """

    label: str = ""
    original: Any = None
    copies: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """An example with its class, and the class that the network took it for, where that is another."""

    label: str = ""
    example: Any = None
    predicted: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """What the data looks like, what augmentation makes of it, and what the network got wrong."""

    form: str = ""
    names: tuple[str, ...] = ()
    strengths: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[Changed, ...] = ()
    shown: tuple[Shown, ...] = ()
    wrong: tuple[Shown, ...] = ()
    looked_at: int = 0


@dataclass(frozen=True, slots=True)
class KnobValue:
    """A value, or range, of a knob: members that have it, the mean of their best quarter, and how sure it is
    that no other value does better."""

    label: str = ""
    n: int = 0
    at_best: float | None = None
    low: float | None = None
    high: float | None = None
    sure: float = 0.0


@dataclass(frozen=True, slots=True)
class KnobShare:
    """How much a knob sets the best apart, of all knobs together, with its interval and chance."""

    knob: str = ""
    share: float = 0.0
    low: float = 0.0
    high: float = 0.0
    p_value: float = 1.0
    p_adjusted: float = 1.0


@dataclass(frozen=True, slots=True)
class KnobImportance:
    """One knob: at the first rung, by who came furthest, by a random forest, and value by value.

    Args:
        shared: whether several members share each drawn value.
        later: None where too few members came beyond the first rung.
    """

    knob: str = ""
    share: float = 0.0
    low: float = 0.0
    high: float = 0.0
    p_value: float = 1.0
    p_adjusted: float = 1.0
    shared: bool = False
    later: KnobShare | None = None
    forest: float = 0.0
    forest_low: float = 0.0
    forest_high: float = 0.0
    values: tuple[KnobValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Room:
    """How much the search's leaders differ, on fresh seeds, and what choosing better among them would add."""

    leaders: int = 0
    rounds: int = 0
    noise: float | None = None
    spread: float | None = None
    spread_high: float | None = None
    gain: float | None = None
    gain_high: float | None = None
    p_value: float | None = None


@dataclass(frozen=True, slots=True)
class Importance:
    """Which knobs mattered among the members drawn uniformly; no rows where they were too few.

    Args:
        uniform, needed: how many there were, and the fewest that say anything.
        best: how many of them are called the best.
        structures: how many different network shapes and batch sizes they had.
        first_epochs, last_epochs: of the first rung, and of the one that was reached last.
        forest_interactions: share of the forest's variance that no knob explains alone.
    """

    uniform: int = 0
    needed: int = 0
    best: int = 0
    structures: int = 0
    first_epochs: float | None = None
    last_epochs: float | None = None
    forest_interactions: float | None = None
    rows: tuple[KnobImportance, ...] = ()
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class PathStep:
    """One switch on the way from the default to the winner, trained anew and held against the step before.

    Args:
        changes: knob → value before and after.
        verdict: its effect is the gain; its level is what Holm's procedure leaves the step.
        share: of the whole gain, with its interval; None where there is no gain to share.
    """

    switch: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    scores: tuple[float, ...] = ()
    mean: float | None = None
    sd: float | None = None
    diverged: int = 0
    verdict: Verdict | None = None
    share: float | None = None
    share_low: float | None = None
    share_high: float | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The way from the default to the winner, on replicates that neither chose the winner nor the order."""

    start: Scores | None = None
    steps: tuple[PathStep, ...] = ()
    total: Verdict | None = None
    n: int = 0
    choosing: int = 0
    trainings: int = 0
    seconds: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spent:
    """What one stage cost."""

    name: str = ""
    seconds: float | None = None
    members: int | None = None
    member_steps: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How networks of one kind were trained: the kind, the way and the reason, each in words."""

    kind: str = ""
    words: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Member:
    """One training run: plan, curve and outcome; status "unfinished" where it has no outcome."""

    number: int
    stage: str
    label: str
    origin: str
    replicate: int
    recipe: Mapping[str, Any]
    parameters: int
    status: str = "unfinished"
    cause: str = ""
    score: float | None = None
    epochs: float = 0.0
    curve: tuple[CurvePoint, ...] = ()
    seed: int = 0
    split: int = 0
    seconds: float | None = None
