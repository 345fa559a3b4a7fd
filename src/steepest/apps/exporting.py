"""What the exported script needs to know: a network, its source text and the data, in words and numbers."""

import ast
import contextlib
import inspect
import sys
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy

from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.split import outer_split
from steepest.data.standardise import CLIP
from steepest.experiment import folder as files
from steepest.experiment.tune import Finished
from steepest.networks.activations import activation
from steepest.networks.architecture import Spec, bins_of, spec_of
from steepest.networks.existing import matching, read_parameters
from steepest.networks.own import Factory, call_factory
from steepest.networks.own_spec import OwnSpec
from steepest.networks.plain.parts import PositionRMSNorm
from steepest.networks.plain.pasting import paste
from steepest.networks.spec import NetworkSpec
from steepest.report.script import NetworkText, OwnFactory, ScriptFacts, training_script
from steepest.training.source import ports_of, rounds_of

AUGMENTATION = ("augment_images.py", "augment_series.py")
"""Files of the data room that say what happens to batches."""


START = "start.npz"
"""Beside the script: the existing parameters that training starts from."""


def write_script(finished: Finished) -> None:
    """Write `train.py` into the run folder, and the existing parameters it starts from, if any."""
    folder, recipe = finished.settings.folder, finished.recipe
    facts = facts_of(finished.data, recipe, finished.settings.seed, finished.stop_after)
    files.write_text(folder / files.SCRIPT, training_script(facts))
    if recipe.start_from:
        write_start(folder / START, recipe, spec_of(recipe, ports_of(finished.data)))


def write_start(path: Path, recipe: Recipe, spec: Spec) -> None:
    """Write what a network takes of the existing parameters that its recipe names, under its own names."""
    given = read_parameters(recipe.start_from)
    names = dict(spec.renames) if isinstance(spec, OwnSpec) else {}
    given = {names.get(name) or name: tensor for name, tensor in given.items()}
    taken = matching({**spec.parameter_shapes, **spec.buffer_shapes}, given, whole=False).taken
    arrays: Any = {name: tensor.float().numpy() for name, tensor in taken.items()}

    def fill(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, **arrays)

    files.write(path, fill)


def facts_of(data: DataSet, recipe: Recipe, seed: int = 0, stop_after: float = 0) -> ScriptFacts:
    """What the script says that trains a network on a data set by a recipe.

    Args:
        data: of the study.
        recipe: every knob's value.
        seed: default of the script, and of the study's division into development and test rows.
        stop_after: epochs after which early stopping ended the training, 0 for never.

    Example:
        >>> from steepest.data.read import read
        >>> facts_of(read("digits"), Recipe(depth=1)).hidden
        (128,)
    """
    ports = ports_of(data)
    spec = spec_of(recipe, ports)
    dense = isinstance(spec, NetworkSpec)
    bins = bins_of(recipe, ports)
    read = ports.binned(bins)
    table = dense and data.form == "table"
    return ScriptFacts(
        recipe=recipe,
        task=data.task,
        inputs=read.inputs,
        outputs=ports.outputs,
        hidden=spec.hidden if isinstance(spec, NetworkSpec) else (),
        gain=activation(spec.activation).gain,
        clip=CLIP,
        data_name=data.name,
        target=data.target,
        seed=seed,
        form=data.form,
        shape=read.shape,
        codes=tuple(place for place, _ in ports.codes),
        network=None if table else _text(spec, recipe),
        augmentation=() if dense else tuple(_source("steepest.data", name) for name in AUGMENTATION),
        step_rows=_step_rows(data, recipe, seed),
        bins=bins,
        stop_after=stop_after,
    )


def _text(spec: Spec, recipe: Recipe) -> NetworkText:
    """A network as source text."""
    if isinstance(spec, NetworkSpec):
        return NetworkText("", _pasted("parts.py", "start.py"), batch_norm=spec.norm == "batch")
    network = spec.build()
    shapes = spec.parameter_shapes
    return NetworkText(
        constructor=_call(spec) if isinstance(spec, OwnSpec) else spec.constructor(),
        sources=_pasted(*dict.fromkeys(("parts.py", *spec.source(), "start.py"))),
        initialise=recipe.initialisation != "own",
        spared=tuple(n for n, shape in shapes.items() if len(shape) > 1 and n not in spec.decayed),
        batch_norm=any(isinstance(layer, _BatchNorm) for layer in network.modules()),
        replaced=_replaced(spec, network) if isinstance(spec, OwnSpec) else (),
        dropout=spec.replaced_dropout if isinstance(spec, OwnSpec) else None,
        lazy=isinstance(spec, OwnSpec) and any(is_lazy(p) for p in _bare(spec).parameters()),
        own=_own(spec.factory) if isinstance(spec, OwnSpec) else None,
    )


def _pasted(*names: str) -> tuple[str, ...]:
    """Texts of files of plain networks."""
    return tuple("\n".join(found.imports) + "\n\n" + found.body for found in (paste([n]) for n in names))


def _source(package: str, name: str) -> str:
    return resources(package).joinpath(name).read_text(encoding="utf-8")


def _call(spec: OwnSpec) -> str:
    """The call of the user's function; arguments that no text can say stay at their defaults."""
    said = []
    for name, value in spec.arguments().items():
        with contextlib.suppress(ValueError, SyntaxError):
            said.append(f"{name}={ast.literal_eval(repr(value))!r}")
    return f"{spec.factory.function.rpartition('.')[2]}({', '.join(said)})"


def _bare(spec: OwnSpec) -> nn.Module:
    """The network as the factory makes it."""
    return call_factory(spec.factory, spec.arguments())


def _replaced(spec: OwnSpec, network: nn.Module) -> tuple[tuple[str, str], ...]:
    """(path, expression) of every layer that stands in place of the factory's own."""
    theirs = dict(_bare(spec).named_modules(remove_duplicate=False))
    return tuple(
        (path, layer_text(layer))
        for path, layer in network.named_modules(remove_duplicate=False)
        if path in theirs and type(layer) is not type(theirs[path]) and not is_lazy_layer(theirs[path])
    )


def layer_text(layer: nn.Module) -> str:
    """A layer of torch as an expression.

    Example:
        >>> layer_text(nn.GroupNorm(2, 8))
        'nn.GroupNorm(2, 8, eps=1e-05, affine=True...)'
    """
    text = repr(layer).replace("'", '"')
    return text if isinstance(layer, PositionRMSNorm) else f"nn.{text}"


def is_lazy_layer(layer: nn.Module) -> bool:
    """Whether the first batch makes another layer of it."""
    return isinstance(layer, nn.modules.lazy.LazyModuleMixin)


def _own(factory: Factory) -> OwnFactory:
    """Where the user's function is imported from."""
    module, function = inspect.getmodule(factory.call), factory.function
    name = factory.name.rpartition(":")[0]
    importable = factory.named or (module is not None and getattr(module, function, None) is factory.call)
    if not importable or name == "__main__":
        return OwnFactory("", function.rpartition(".")[2])
    if name.endswith(".py"):
        return OwnFactory(Path(name).stem, function, str(Path(name).resolve().parent))
    place = getattr(sys.modules.get(name), "__file__", None) or "site-packages"
    installed, above = "site-packages" in place, name.count(".")
    return OwnFactory(name, function, "" if installed else str(Path(place).resolve().parents[above]))


def _step_rows(data: DataSet, recipe: Recipe, seed: int) -> int:
    """Rows that gradient descent takes in a step where an epoch is cut into rounds; 0 for all."""
    if recipe.optimizer != "gd":
        return 0
    rows = len(outer_split(data, seed).train)
    rounds = rounds_of(data, rows)
    return -(-rows // rounds) if rounds > 1 else 0
