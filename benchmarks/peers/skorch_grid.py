"""skorch, PyTorch in scikit-learn's clothes, in a grid search of two jobs."""

from collections.abc import Sequence

import torch
from sklearn_mlp import grid_search
from skorch import NeuralNetClassifier
from torch import nn
from torch_loop import network

from work import BATCH, digits, measure


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """Every job trains with one thread; no internal validation, no printing."""
    torch.set_num_threads(1)
    model = NeuralNetClassifier(
        network,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        max_epochs=epochs,
        batch_size=BATCH,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )
    return grid_search(model, "lr", rates, digits())


if __name__ == "__main__":
    measure(train)
