"""Ray Tune on two CPUs around the loop written by hand; starting Ray is part of the job."""

import tempfile
from collections.abc import Sequence
from typing import Any

import ray
import torch
from ray import tune
from torch_loop import Tensors, tensors, train_one

from work import digits, measure


def trial(config: dict[str, Any], rows: Tensors) -> dict[str, float]:
    """One trial, in a worker of Ray's."""
    torch.set_num_threads(1)
    return {"rate": config["lr"], "accuracy": train_one(config["lr"], config["epochs"], rows)}


def train(rates: Sequence[float], epochs: int) -> list[float]:
    """A grid over the rates, two trials at a time."""
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(
            tune.with_parameters(trial, rows=tensors(digits())),
            param_space={"lr": tune.grid_search(list(rates)), "epochs": epochs},
            run_config=tune.RunConfig(storage_path=folder, verbose=0),
        )
        found = {result.metrics["rate"]: result.metrics["accuracy"] for result in tuner.fit()}
    return [found[rate] for rate in rates]


if __name__ == "__main__":
    measure(train)
