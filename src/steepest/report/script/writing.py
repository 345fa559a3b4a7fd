"""The script from its facts: which template, and everything that it fills in."""

import functools
import re

from jinja2 import Environment, PackageLoader, StrictUndefined

from steepest.base.recipe import Recipe
from steepest.report.script.augmentation import augmentation_slots
from steepest.report.script.dense import dense_modules, draw_slots
from steepest.report.script.excerpt import import_lines
from steepest.report.script.facts import NetworkText, ScriptFacts, applied
from steepest.report.script.losses import LossText, loss_text
from steepest.report.script.naming import purpose
from steepest.report.script.network import network_slots, own_import
from steepest.report.script.update import update_slots

_IMPORTS = """
import argparse
import math
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel
"""
"""Where the names come from that the template itself uses."""


_TESTED = 'data["x_test"]'


def training_script(facts: ScriptFacts) -> str:
    """Source text of a `train.py` that trains one network by `facts.recipe` and prints its test metric.

    Example:
        >>> from steepest.base.recipe import Recipe
        >>> facts = ScriptFacts(Recipe(), "classification", 64, 10, (128, 128), 2**0.5, 6.0, "digits")
        >>> print(training_script(facts).splitlines()[2].strip())
        python train.py                  27 epochs, seed 0
    """
    environment = _environment()
    if facts.network is None:
        return environment.get_template("train.py.jinja").render(**_table_slots(facts))
    slots = _module_slots(facts, facts.network)
    body = environment.get_template("train_module.py.jinja").render(**slots)
    body = re.sub(r"    x = ([^\n]+)\n    return x\n", r"    return \1\n", body)  # one statement less to read
    heading = environment.get_template("train_heading.jinja").render(**slots)
    sources = [_IMPORTS, *facts.network.sources, *facts.augmentation, *own_import(facts.network)]
    return heading + "\n".join(import_lines(body, sources)) + "\n\n" + body


@functools.cache
def _environment() -> Environment:
    """The templates, compiled once."""
    return Environment(
        loader=PackageLoader("steepest.report"),
        autoescape=False,  # Python, not HTML; names are made harmless by `naming.plain`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )


def _table_slots(facts: ScriptFacts) -> dict[str, object]:
    """Everything that the template of dense networks on tables fills in."""
    recipe = applied(facts)
    update, draws = update_slots(recipe, facts.step_rows), draw_slots(recipe)
    loss = loss_text(recipe, facts.task, "F")
    slots = {**_shared(facts, recipe), **update, **draws}
    math = "math." in str(update["shape"]) or not update["full_batch"]
    noise = ["noise"] * bool(recipe.input_noise)
    extras, given = noise + ["importance"] * loss.weighted, noise + ["ends"] * bool(facts.bins)
    return {
        **slots, "kind": "nn.Sequential", "modules": dense_modules(facts),
        "normalised": recipe.norm != "none", "uses_math": math,
        "error": loss, "loss_note": loss.short + penalties(recipe), "loss": _table_loss(facts, recipe, loss),
        "own": called(loss, "output", "y"), "others": called(loss, "output", "y[partner]"),
        "outputs": facts.outputs,
        "extras": "".join(f", {n}: Tensor" for n in extras), "passed": "".join(f", {n}" for n in extras),
        "taken": "".join(f", {n}: Tensor" for n in given), "given": "".join(f', data["{n}"]' for n in given),
        "tested": f'outputs_of(network, {_TESTED}, data["ends"])' if facts.bins else f"network({_TESTED})",
        "perturbs": bool(recipe.input_noise or recipe.input_dropout), "noise": _noise(recipe),
    }  # fmt: skip


def _module_slots(facts: ScriptFacts, network: NetworkText) -> dict[str, object]:
    """Everything that the template of all other networks and data fills in."""
    recipe = applied(facts)
    own = network_slots(facts, network, recipe)
    known = frozenset(own.pop("names"))  # type: ignore[call-overload]
    augmentation = augmentation_slots(facts, recipe, known)
    loss = loss_text(recipe, facts.task)
    numbers = facts.task in ("regression", "forecasting")
    fields = ["x, y, train, test"] + ["mean, scale"] * (facts.form != "text")
    fields += ["scaled, ends"] * bool(facts.bins) + ["known.mean().item(), y_scale"] * numbers
    noise = "noise" if facts.bins else "INPUT_NOISE * varies"
    fields += [noise] * bool(augmentation["noisy_columns"])
    fields += ["importance"] * loss.weighted
    importance = ", data.importance" if loss.weighted else ""
    return {
        **_shared(facts, recipe), **update_slots(recipe, facts.step_rows), **own, **augmentation,
        **_axes(facts), "form": facts.form, "shape": facts.example, "codes": list(facts.codes),
        "kind": "nn.Module", "outputs": facts.outputs, "numbers": numbers, "fields": ", ".join(fields),
        "error": loss, "loss_note": loss.short + penalties(recipe),
        "loss": called(loss, "output", "y", importance), "own": called(loss, "output", "y", importance),
        "others": called(loss, "output", "y[partner]", importance),
    }  # fmt: skip


def _axes(facts: ScriptFacts) -> dict[str, object]:
    """How the axes of an example are called, and along which it is standardised."""
    volume = len(facts.example) == 4
    last = {4: "channels_last_3d", 3: "channels_last"}
    convolves = facts.form == "image" and facts.network is not None and bool(facts.network.constructor)
    words = {"table": "inputs", "series": "steps, features", "text": "tokens"}
    words["image"] = f"channels, {'depth, ' * volume}height, width"
    others = range(2, len(facts.example) + 1) if facts.form == "image" else range(1, len(facts.example))
    return {
        "axes": words[facts.form], "axes_numbers": (0, *others),
        "channel": {"table": "column", "image": "channel"}.get(facts.form, "feature"),
        "channels_last": last.get(len(facts.example), "") if convolves else "",
    }  # fmt: skip


def _shared(facts: ScriptFacts, recipe: Recipe) -> dict[str, object]:
    """What both templates fill in."""
    return {
        "recipe": recipe, "task": facts.task, "clip": facts.clip, "gain": facts.gain, "seed": facts.seed,
        "own_note": [], "starts": bool(recipe.start_from), "bins": facts.bins, "stop_after": facts.stop_after,
        "purpose": purpose(facts), "activation_name": recipe.activation,
        "plural": lambda n, noun: f"{n} {noun}" if n == 1 else f"{n} {noun}s",
    }  # fmt: skip


def _table_loss(facts: ScriptFacts, recipe: Recipe, loss: LossText) -> str:
    """The expression that a batch's loss is."""
    if facts.task == "classification" and recipe.mixup:
        return "share * own + (1 - share) * others"
    output = "network(x).squeeze(1)" if facts.task == "regression" else "network(x)"
    return called(loss, output, "y")


def called(loss: LossText, output: str, y: str, importance: str = ", importance") -> str:
    """The loss of some output and target, as an expression."""
    if loss.elaborate:
        return f"error_of({output}, {y}{importance if loss.weighted else ''})"
    return loss.lines[0].replace("output, y", f"{output}, {y}")


def penalties(recipe: Recipe) -> str:
    """The penalties beside the loss, in words, with the full stop."""
    terms = [name for name, strength in (("L2", recipe.l2), ("L1", recipe.l1)) if strength]
    return f", plus the {' and '.join(terms)} penalt{'ies' if len(terms) > 1 else 'y'}." if terms else "."


def _noise(recipe: Recipe) -> str:
    """What is done to training inputs, as a docstring says it."""
    terms = (
        ("noise on the numbers that vary", recipe.input_noise),
        ("some of the inputs set to 0, their mean", recipe.input_dropout),
    )
    return " and ".join(words for words, strength in terms if strength)
