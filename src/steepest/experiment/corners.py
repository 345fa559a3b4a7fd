"""The settings of a combination as recipes, one for each corner of its design, checked against the data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from steepest.base.errors import BadInput
from steepest.base.recipe import KNOBS, Recipe
from steepest.data.dataset import DataSet
from steepest.evidence.design import TwoLevel, two_level
from steepest.experiment.candidates import named
from steepest.experiment.ladder import HAS_RULE, scaled_rate
from steepest.experiment.own import refuse_idle
from steepest.experiment.pairs import Combination, Switch
from steepest.experiment.starting import default_recipe, usual_rate
from steepest.networks.architecture import spec_of
from steepest.training.source import ports_of

DECAYS = frozenset({"weight_decay", "l2", "l1"})


@dataclass(frozen=True, slots=True)
class Corner:
    """A recipe to be trained, and what of it is tuned.

    Args:
        recipe: at the rate and decay that tuning starts from.
        rate, decay: whether its learning rate and its weight decay are tuned.
    """

    recipe: Recipe
    rate: bool = True
    decay: bool = True

    @property
    def key(self) -> tuple[str, bool, bool]:
        """Equal keys train identically."""
        return self.recipe.key(), self.rate, self.decay


@dataclass(frozen=True, eq=False)
class Crossed:
    """A combination with its design and the recipe of every setting.

    Args:
        combination: what is tried.
        design: its settings.
        corners: one per setting.
    """

    combination: Combination
    design: TwoLevel
    corners: tuple[Corner, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Of its switches."""
        return tuple(switch.name for switch in self.combination.switches)


def crossed(
    combination: Combination,
    data: DataSet,
    fixed: Mapping[str, Any],
    tuned: bool = True,
    start: Recipe | None = None,
) -> Crossed:
    """Every setting of a combination.

    A knob of a switch is not tuned; nor is the weight decay beside another penalty on the weights.

    Args:
        combination: what is tried.
        data: says which defaults suit, and which knobs matter.
        fixed: other knobs, with their values.
        tuned: whether rates and decays are tuned at all.
        start: the recipe that switches are turned in; None for the default of the data.

    Raises:
        BadInput: for a switch that changes nothing, or cannot matter here, and for switches that exclude each
            other.

    Example:
        >>> from steepest.data.read import read
        >>> from steepest.experiment.switches import combinations
        >>> (asked,) = combinations(["dropout=0.3", "batch_size=x2"])
        >>> found = crossed(asked, read("iris"), {})
        >>> [(c.recipe.dropout, c.recipe.batch_size) for c in found.corners]
        [(0.0, 64), (0.3, 64), (0.0, 128), (0.3, 128)]
    """
    switches = combination.switches
    for switch in switches:
        for knob in switch.knobs:
            if knob in fixed and not _factor(switch.on.get(knob)):  # a factor multiplies what is fixed
                given = named(fixed[knob])
                remedy = "Leave it out of what is fixed, or name a factor: x0.5."
                raise BadInput(knob, "must be left free: a switch sets it", given, remedy)
    others = {**fixed, **combination.settings}
    design = two_level(len(switches))
    _check_alone(switches, others, data, start)
    knobs = {knob for switch in switches for knob in switch.knobs}
    rate = tuned and "lr" not in knobs
    decay = tuned and not (DECAYS & {*knobs, *others})
    corners = []
    for row in design.on:
        chosen = [switch for switch, on in zip(switches, row, strict=True) if on]
        recipe = _recipe(switches, chosen, others, data, start)
        _check_together(recipe, switches, chosen, data)
        corners.append(Corner(recipe, rate, decay))
    return Crossed(combination, design, tuple(corners))


def _recipe(
    switches: Sequence[Switch],
    chosen: Sequence[Switch],
    others: Mapping[str, Any],
    data: DataSet,
    start: Recipe | None,
) -> Recipe:
    """The recipe with some switches on; factors apply to what it would have without them."""
    changes: dict[str, Any] = {}
    for switch in switches:
        changes |= switch.off
    for switch in chosen:
        changes |= switch.on
    factors = {knob: float(value[1:]) for knob, value in changes.items() if _factor(value)}
    plain = {**others, **{knob: value for knob, value in changes.items() if knob not in factors}}
    recipe = based(data, plain, start)
    refuse_idle(recipe, plain)
    base = recipe
    for knob, factor in factors.items():
        recipe = recipe.replace(**{knob: _times(getattr(base, knob), factor)})
    touched = {knob for switch in switches for knob in switch.knobs}
    if "batch_size" in touched and "lr" not in {*others, *touched} and recipe.optimizer in HAS_RULE:
        plain.pop("batch_size", None)  # ladders stand where the batch's rule says, as in `compare`
        usual = based(data, plain, start)
        recipe = recipe.replace(lr=float(f"{scaled_rate(recipe, usual):.3g}"))
    spec_of(recipe, ports_of(data))  # refuses what does not suit the data or the other knobs
    return recipe


def based(data: DataSet, knobs: Mapping[str, Any], start: Recipe | None) -> Recipe:
    """The recipe that switches are turned in, with some knobs: the default of the data, or another."""
    if start is None:
        return default_recipe(data, knobs.get("network"), knobs)
    return start.replace(**usual_rate(knobs, start))


def _factor(value: Any) -> bool:
    return isinstance(value, str) and value[:1] == "x" and value[1:2].isdigit()


def _times(value: Any, factor: float) -> Any:
    """A knob's value times a factor, whole where the value is."""
    return max(1, round(value * factor)) if isinstance(value, int) else float(f"{value * factor:.4g}")


def _check_alone(
    switches: Sequence[Switch], others: Mapping[str, Any], data: DataSet, start: Recipe | None
) -> None:
    """Each switch by itself must change something that matters."""
    for switch in switches:
        off, on = (_recipe((switch,), chosen, others, data, start) for chosen in ((), (switch,)))
        for knob in switch.on:
            reason = _idle(knob, on, data)
            if reason:
                remedy = "Leave it out, or fix what it needs by --fix."
                raise BadInput(f"switch {switch.name}", reason, data.name, remedy)
        same = [knob for knob in switch.on if off.dotted().get(knob) == on.dotted().get(knob)]
        if same and len(same) == len(switch.on):
            given = ", ".join(f"{knob}={named(on.dotted().get(knob))}" for knob in same)
            remedy = f"It is so without the switch; name both values, off and on: {same[0]}=…,…"
            raise BadInput(f"switch {switch.name}", "must change the recipe", given, remedy)


def _check_together(
    recipe: Recipe, switches: Sequence[Switch], chosen: Sequence[Switch], data: DataSet
) -> None:
    """With others on or off, too, each switch must matter: else they exclude each other."""
    for switch in switches:
        for knob in switch.on:
            reason = _idle(knob, recipe, data)
            if not reason:
                continue
            rest = [other.name for other in switches if other is not switch]
            state = "on" if any(other in chosen for other in switches if other is not switch) else "off"
            constraint = f"must be able to act whether the other switches are on or off: {knob} {reason}"
            remedy = f"It excludes {' or '.join(rest)}, {state}; there is no such corner to train."
            raise BadInput(f"switch {switch.name}", constraint, " × ".join(s.name for s in switches), remedy)


def _idle(knob: str, recipe: Recipe, data: DataSet) -> str:
    """Why a knob changes nothing in this recipe on this data; "" if it does."""
    declared = KNOBS[knob.partition(".")[0]]
    if not declared.matters(form=data.form):
        return f"matters only for data of the form {' or '.join(declared.forms)}"
    if not declared.matters(task=data.task):
        return f"matters only for the task {' or '.join(declared.tasks)}"
    for other, needed in declared.when.items():
        if getattr(recipe, other) not in needed:
            return f"matters only where {other} is {' or '.join(map(named, needed))}"
    if knob == "batch_size" and recipe.optimizer == "gd":
        return "matters only where a step takes a batch: gd takes all rows"
    return ""
