"""Optuna around an ordinary PyTorch loop: a DataLoader and AdamW as the tutorials write them."""

from collections.abc import Sequence

import optuna
import torch
from optuna.samplers import GridSampler
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch_loop import Tensors, accuracy, network, tensors

from work import BATCH, digits, measure


def train_one(rate: float, epochs: int, rows: Tensors) -> float:
    """One network from its first weights to its score."""
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=rate)
    loader = DataLoader(TensorDataset(rows.x, rows.y), batch_size=BATCH, shuffle=True)
    for _ in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            functional.cross_entropy(model(x), y).backward()
            optimizer.step()
    return accuracy(model, rows)


def score_by_rate(study: optuna.Study, rates: Sequence[float]) -> list[float]:
    """The study's values, in the order of the rates."""
    found = {trial.params["lr"]: trial.value for trial in study.trials}
    return [found[rate] for rate in rates]


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """One trial per rate, in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    torch.set_num_threads(1)
    rows = tensors(digits())
    study = optuna.create_study(direction="maximize", sampler=GridSampler({"lr": list(rates)}, seed=0))
    study.optimize(lambda trial: train_one(trial.suggest_float("lr", 1e-5, 1.0), epochs, rows))
    return score_by_rate(study, rates)


if __name__ == "__main__":
    measure(train)
