"""The rival for real: Optuna's TPE and Hyperband around a training loop written by hand in PyTorch.

Same data, same division of the rows, same space and the same cores. Each of its processes trains one network
after the other on one thread: tensors in memory, torch's own optimizers (fused or for-each, whichever torch
has), no loader. Networks start by the same code as ours, since a recipe names the scheme; all else is
torch's.
"""

import math
import multiprocessing
import os
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import torch
from numpy.typing import NDArray
from optuna.storages.journal import JournalFileBackend, JournalStorage
from torch import Tensor, nn
from torch.nn import functional

from steepest.base.budget import Budget
from steepest.base.recipe import Recipe
from steepest.data.dataset import DataSet
from steepest.data.read import read
from steepest.data.split import Split, inner_split, outer_split
from steepest.data.standardise import Standardiser
from steepest.experiment.settings import Settings
from steepest.experiment.starting import default_recipe, space_of
from steepest.networks.architecture import load, spec_of
from steepest.networks.initialisation import initialise
from steepest.rules.schedules import multiplier
from steepest.search.suggest import recipe_of
from steepest.training.source import ports_of

ETA = 3
Optimizer = Callable[[Recipe, list[dict[str, Any]]], torch.optim.Optimizer]

OPTIMIZERS: Mapping[str, Optimizer] = {
    "adamw": lambda r, p: torch.optim.AdamW(p, r.lr, (r.beta1, r.beta2), r.eps, fused=True),
    "adam": lambda r, p: torch.optim.AdamW(p, r.lr, (r.beta1, r.beta2), r.eps, fused=True),
    "nadamw": lambda r, p: torch.optim.NAdam(
        p, r.lr, (r.beta1, r.beta2), r.eps, decoupled_weight_decay=True, foreach=True
    ),
    "rmsprop": lambda r, p: torch.optim.RMSprop(p, r.lr, r.rho, r.eps, foreach=True),
    "adagrad": lambda r, p: torch.optim.Adagrad(p, r.lr, fused=True),
    "momentum": lambda r, p: torch.optim.SGD(p, r.lr, r.momentum, fused=True),
    "nesterov": lambda r, p: torch.optim.SGD(p, r.lr, r.momentum, nesterov=True, fused=True),
    "sgd": lambda r, p: torch.optim.SGD(p, r.lr, fused=True),
}
"""Those of the default space."""


@dataclass
class Rows:
    """A division of the rows in memory."""

    data: DataSet
    split: Split

    @cached_property
    def standard(self) -> Standardiser:
        """Fitted on the training rows."""
        return Standardiser.fit(self.data, self.split.train)

    def inputs(self, bins: int) -> Tensor:
        """All rows; recipes with as many bins share them."""
        known: dict[int, Tensor] = self.__dict__.setdefault("known", {})
        if bins not in known:
            known[bins] = torch.from_numpy(np.ascontiguousarray(self.standard.x(self.data, bins)))
        return known[bins]

    @cached_property
    def targets(self) -> Tensor:
        """Class codes, or standardised numbers as a column."""
        if self.data.task == "classification":
            return torch.from_numpy(np.ascontiguousarray(self.data.y))
        y = (self.data.y - self.standard.y_mean) / self.standard.y_scale
        return torch.from_numpy(np.ascontiguousarray(y, dtype=np.float32)).reshape(len(y), -1)


def train(recipe: Recipe, rows: Rows, seed: int, heard: Callable[[int, float], bool]) -> float:
    """One network from its first weights to its score on the held-out rows.

    Args:
        recipe: of the default space of a table.
        rows: to train on and to score on.
        seed: of everything random.
        heard: told the epoch and the score after each; training ends when it says no.
    """
    torch.manual_seed(seed)
    spec = spec_of(recipe, ports_of(rows.data))
    model = load(spec, initialise(spec, recipe.initialisation, seed))
    x, y = rows.inputs(recipe.bins), rows.targets
    order, held = torch.from_numpy(rows.split.train), torch.from_numpy(rows.split.held_out)
    groups = [
        {"params": [p for p in model.parameters() if p.dim() > 1]},
        {"params": [p for p in model.parameters() if p.dim() < 2]},
    ]
    optimizer = OPTIMIZERS[recipe.optimizer](recipe, groups)
    for group, decay in zip(optimizer.param_groups, (_decay(recipe), 0.0), strict=True):
        if "weight_decay" in group:
            group["weight_decay"] = decay
    epochs, batches = round(recipe.epochs), math.ceil(len(order) / recipe.batch_size)
    steps = torch.arange(1, epochs * batches + 1)
    rates = recipe.lr * multiplier(recipe.schedule, steps, steps[-1], recipe.warmup)
    at = iter(rates.tolist())
    score = math.nan
    for epoch in range(1, epochs + 1):
        for batch in order[torch.randperm(len(order))].split(recipe.batch_size):
            rate = next(at)
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = _loss(model(x[batch]), y[batch], recipe)
            optimizer.zero_grad()
            loss.backward()
            _shaped(groups[0]["params"], recipe, rate)
            if recipe.clip_norm:
                nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
            optimizer.step()
        score = _score(model, x[held], y[held])
        if not math.isfinite(score) or not heard(epoch, score):
            break
    return score


def _decay(recipe: Recipe) -> float:
    """What torch's optimizer is given: only those whose decay is decoupled."""
    return recipe.weight_decay if recipe.optimizer in ("adamw", "adam", "nadamw") else 0.0


def _loss(outputs: Tensor, targets: Tensor, recipe: Recipe) -> Tensor:
    if targets.dtype == torch.int64:
        return functional.cross_entropy(outputs, targets, label_smoothing=recipe.label_smoothing)
    return functional.mse_loss(outputs, targets)


@torch.no_grad()
def _shaped(weights: list[nn.Parameter], recipe: Recipe, rate: float) -> None:
    """Penalties on gradients, and the decay that torch's optimizer does not do by itself."""
    gradients = [p.grad for p in weights if p.grad is not None]
    if recipe.l2:
        torch._foreach_add_(gradients, weights, alpha=recipe.l2)
    if recipe.l1:
        torch._foreach_add_(gradients, torch._foreach_sign(weights), alpha=recipe.l1)
    if recipe.weight_decay and not _decay(recipe):
        torch._foreach_mul_(weights, 1 - rate * recipe.weight_decay)


@torch.no_grad()
def _score(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """Accuracy, or R²."""
    outputs = model.eval()(x)
    model.train()
    if y.dtype == torch.int64:
        return float((outputs.argmax(1) == y).double().mean()) if outputs.isfinite().all() else math.nan
    return float(1 - (outputs - y).square().sum() / (y - y.mean()).square().sum())


def search(name: str, seconds: float, seed: int, processes: int) -> Recipe:
    """The recipe with the highest validation score after so many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        storage, until = str(Path(folder) / "study.log"), time.monotonic() + seconds
        context = multiprocessing.get_context("spawn")
        workers = [
            context.Process(target=_work, args=(name, seed, index, storage, until))
            for index in range(processes)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        if any(worker.exitcode for worker in workers):
            raise SystemExit(f"a process of the rival died on {name}")
        study = optuna.load_study(study_name=name, storage=_storage(storage))
        print(f"{name}: {len(study.trials)} trials by hand", flush=True)
        return Recipe.model_validate(study.best_trial.user_attrs["recipe"])


def _storage(path: str) -> JournalStorage:
    return JournalStorage(JournalFileBackend(path))


def _work(name: str, seed: int, index: int, storage: str, until: float) -> None:
    """One process of the search."""
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # networks that diverge are no news
    data = read(name)
    default = default_recipe(data, None, {})
    space = space_of(Settings(Budget.parse("1m"), seed, Path()), data, default)
    rows = Rows(data, inner_split(data, outer_split(data, seed).train, seed, 0))
    study = optuna.create_study(
        study_name=name, storage=_storage(storage), direction="maximize", load_if_exists=True,
        sampler=optuna.samplers.TPESampler(seed=seed * 1000 + index),
        pruner=optuna.pruners.HyperbandPruner(1, round(default.epochs), ETA),
    )  # fmt: skip

    def objective(trial: optuna.Trial) -> float:
        recipe = recipe_of(space, trial)
        trial.set_user_attr("recipe", recipe.model_dump())

        def heard(epoch: int, score: float) -> bool:
            if time.monotonic() > until:
                raise optuna.TrialPruned
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
            return True

        return train(recipe, rows, trial.number, heard)

    study.optimize(objective, timeout=max(until - time.monotonic(), 0.0))


def confirmed(name: str, recipe: Recipe, seed: int, networks: int) -> NDArray[np.float64]:
    """Scores on the test rows of fresh networks, trained on all others; 0 for one that diverges."""
    torch.set_num_threads(1)
    data = read(name)
    rows = Rows(data, outer_split(data, seed))
    found: Sequence[float] = [train(recipe, rows, 10**6 + k, lambda *_: True) for k in range(networks)]
    return np.nan_to_num(np.array(found), nan=0.0)
