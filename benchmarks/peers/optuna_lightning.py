"""Optuna around Lightning: a LightningModule and a Trainer per trial, its extras switched off."""

import logging
from collections.abc import Sequence

import lightning
import optuna
import torch
from optuna.samplers import GridSampler
from optuna_dataloader import score_by_rate
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset
from torch_loop import Tensors, network, tensors

from work import BATCH, HELD_OUT, digits, measure


class Classifier(lightning.LightningModule):
    """The network, its loss and its optimizer."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.model, self.rate = network(), rate

    def training_step(self, batch: list[Tensor], _: int) -> Tensor:
        """The loss of one batch."""
        return functional.cross_entropy(self.model(batch[0]), batch[1])

    def validation_step(self, batch: list[Tensor], _: int) -> None:
        """The accuracy of one batch, here all held-out rows."""
        self.log("accuracy", (self.model(batch[0]).argmax(1) == batch[1]).float().mean())

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW."""
        return torch.optim.AdamW(self.parameters(), lr=self.rate)


def train_one(rate: float, epochs: int, rows: Tensors) -> float:
    """One network from its first weights to its score, which is taken once, at the end."""
    torch.manual_seed(0)
    trainer = lightning.Trainer(
        max_epochs=epochs,
        check_val_every_n_epoch=epochs,
        num_sanity_val_steps=0,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    seen = DataLoader(TensorDataset(rows.x, rows.y), batch_size=BATCH, shuffle=True)
    held = DataLoader(TensorDataset(rows.x_held, rows.y_held), batch_size=HELD_OUT)
    trainer.fit(Classifier(rate), seen, held)
    return trainer.callback_metrics["accuracy"].item()


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """One trial per rate, in memory."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    torch.set_num_threads(1)
    rows = tensors(digits())
    study = optuna.create_study(direction="maximize", sampler=GridSampler({"lr": list(rates)}, seed=0))
    study.optimize(lambda trial: train_one(trial.suggest_float("lr", 1e-5, 1.0), epochs, rows))
    return score_by_rate(study, rates)


if __name__ == "__main__":
    measure(train)
