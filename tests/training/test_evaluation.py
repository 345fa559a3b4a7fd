"""Scores in blocks equal scores in one go, and equal those of the exported network."""

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score
from torch import nn

from steepest.base.recipe import Recipe
from steepest.networks.build import load
from steepest.networks.spec import dense_spec
from steepest.training import evaluation
from steepest.training.chunk import Chunk, Point, arranged
from steepest.training.member import Member
from steepest.training.source import Source

RECIPES = [
    Recipe(width=9, batch_size=16, activation="tanh", dropout=0.3),
    Recipe(width=9, batch_size=16, activation="gelu", optimizer="sgd", lr=0.1),
    Recipe(width=9, batch_size=16, activation="relu", optimizer="rmsprop"),
]


def trained(source: Source) -> Chunk:
    """Three members on three folds of unequal length."""
    cut = [
        dataclasses.replace(f, held_out=f.held_out[: len(f.held_out) - 3 * k])
        for k, f in enumerate(source.folds)
    ]
    members = arranged([Member(k, r, seed=k, fold=k) for k, r in enumerate(RECIPES)])
    chunk = Chunk(members, dataclasses.replace(source, folds=tuple(cut)))
    for _ in range(3):
        chunk.round()
    return chunk


@pytest.mark.parametrize("block", [1, 7, 20, 100])
@pytest.mark.parametrize("task", ["classification", "regression"])
def test_blocks_make_no_difference(
    task: str, block: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = trained(request.getfixturevalue(task))
    whole = chunk.point()
    monkeypatch.setattr(evaluation, "BLOCK", block)
    for name, values in chunk.point().metrics.items():
        np.testing.assert_allclose(values, whole.metrics[name], rtol=1e-5, err_msg=name)


def exported(chunk: Chunk, source: Source, row: int) -> nn.Sequential:
    recipe = chunk.members[row].recipe
    return load(dense_spec(recipe, source.x.shape[1], source.outputs), chunk.parameters(row)).eval()


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_the_exported_network_scores_what_the_stack_scored(task: str, request: pytest.FixtureRequest) -> None:
    source: Source = request.getfixturevalue(task)
    chunk = trained(source)
    point: Point = chunk.point()
    for k, member in enumerate(chunk.members):
        fold = source.folds[member.fold]
        rows = fold.held_out[: len(fold.held_out) - 3 * member.fold]
        with torch.no_grad():
            out = exported(chunk, source, k)(torch.from_numpy(fold.standard.x(source.x[rows]))).numpy()
        if source.classes:
            assert point.metrics["accuracy"][k] == pytest.approx(
                accuracy_score(source.y[rows], out.argmax(1))
            )
        else:
            guess = fold.standard.unscale_y(out[:, 0])
            assert point.metrics["r2"][k] == pytest.approx(r2_score(source.y[rows], guess), rel=1e-5)


def test_scoring_changes_nothing(classification: Source) -> None:
    a, b = trained(classification), trained(classification)
    a.point()
    a.round()
    b.round()
    assert torch.equal(a.state.theta, b.state.theta)


def test_members_that_have_diverged_have_no_score(classification: Source) -> None:
    wild = Recipe(width=9, batch_size=16, optimizer="sgd", lr=1e4, activation="identity")
    members = arranged([Member(0, RECIPES[2], 0), Member(1, wild, 0)])
    chunk = Chunk(members, classification)
    for _ in range(40):
        chunk.round()
    dead = [not a for a in chunk.state.alive]
    assert dead == [m.number == 1 for m in members]
    for name, values in chunk.point().metrics.items():
        assert np.isnan(values).tolist() == dead, name
