"""mini.py tells the package's story in one file; these tests hold it to the package, part by part."""

import ast
import importlib.util
import itertools
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy import stats
from sklearn.datasets import load_digits

from steepest.base import recipe as knobs
from steepest.base.knobs import Range
from steepest.base.optimization import Optimizer
from steepest.base.seeds import generator
from steepest.data.standardise import Standardiser
from steepest.evidence import paired, resampled, verdict
from steepest.networks.spec import dense_spec
from steepest.rules import two_moment
from steepest.search import rungs
from steepest.training.chunk import Chunk
from steepest.training.layout import Layout
from steepest.training.member import Member
from steepest.training.source import Fold, Source
from steepest.training.state import StackState

ROOT = Path(__file__).parents[1]
FILE = ROOT / "mini.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mini", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["mini"] = module
    spec.loader.exec_module(module)
    return module


mini = load()
OPTIMIZERS = list(mini.RATES)
RATE = {"sgd": 0.3, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.03, "rmsprop": 2e-3}
Digits = tuple[torch.Tensor, torch.Tensor]


@pytest.fixture(scope="module")
def digits() -> Digits:
    """The first 400 digits, in float64: 320 training rows are five full batches."""
    x, y = load_digits(return_X_y=True)
    return torch.from_numpy(x[:400] / 16), torch.from_numpy(y[:400])


def own(name: str, decay: float = 1e-3) -> Any:
    return mini.Recipe(name, RATE.get(name, 3e-3), decay)


def packages(recipe: Any, epochs: int = 27) -> knobs.Recipe:
    """The same recipe in the package's words; what mini.py holds fixed is left at the package's defaults."""
    name, lr, decay = recipe
    decoupled = name in ("adamw", "nadamw")
    return knobs.Recipe(
        network="mlp",
        depth=1,
        width=mini.SIZES[1],
        optimizer=name,
        lr=lr,
        weight_decay=decay if decoupled else 0.0,
        l2=0.0 if decoupled else decay,
        batch_size=mini.BATCH,
        epochs=epochs,
    )


# -- the file ------------------------------------------------------------------------------------------------


def test_the_file_is_short_and_stands_alone() -> None:
    text = FILE.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 300
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported - sys.stdlib_module_names == {"numpy", "sklearn", "torch"}


def test_the_banners_name_files_that_exist() -> None:
    banners = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("# ──")]
    named = re.findall(r"[a-z_]+/[a-z_]+\.py", " ".join(banners))
    assert len(banners) == 7
    assert len(named) >= len(banners)
    for path in named:
        assert (ROOT / "src" / "steepest" / path).is_file(), path


# -- words ---------------------------------------------------------------------------------------------------


def test_the_default_and_the_ranges_are_the_packages() -> None:
    theirs = knobs.Recipe()
    assert mini.Recipe() == (theirs.optimizer, theirs.lr, theirs.weight_decay)
    assert (theirs.momentum, theirs.rho, theirs.beta1, theirs.beta2, theirs.eps) == (
        mini.MU, mini.RHO, mini.B1, mini.B2, mini.EPS,
    )  # fmt: skip
    assert set(OPTIMIZERS) == set(get_args(Optimizer)) - {"gd"}
    for name, ends in mini.RATES.items():
        rates = knobs.KNOBS["lr"].search_by["optimizer", name]
        assert isinstance(rates, Range)
        assert ends == (rates.low, rates.high)


def test_proposals_start_with_the_default_and_stay_in_range() -> None:
    recipes = mini.propose(90, seed=3)
    assert recipes[0] == mini.Recipe()
    assert recipes == mini.propose(90, seed=3)
    assert recipes[1:] != mini.propose(90, seed=4)[1:]
    for recipe in recipes:
        low, high = mini.RATES[recipe.optimizer]
        assert low <= recipe.lr <= high
    off = sum(recipe.decay == 0 for recipe in recipes)
    assert 25 < off < 65


def test_splits_are_disjoint_and_differ() -> None:
    train, held = mini.split(0, 1797)
    assert sorted([*train, *held]) == list(range(1797))
    assert len(held) / len(train) == pytest.approx(mini.OVERLAP, abs=1e-3)
    assert not np.array_equal(mini.split(1, 1797)[0], train)


# -- the rule ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_rows_are_two_moments(name: str) -> None:
    draw = torch.Generator().manual_seed(5)

    def normal() -> torch.Tensor:
        return torch.randn(3, 4, 2, generator=draw, dtype=torch.float64)

    recipes = [mini.Recipe(name, lr, decay) for lr, decay in ((0.1, 0.0), (1e-3, 0.1), (0.02, 1e-3))]
    theirs = [packages(recipe) for recipe in recipes]
    rates = torch.tensor([[r.lr for r in recipes]], dtype=torch.float64)
    ours = other = (normal(), torch.zeros(3, 4, 2).double(), torch.zeros(3, 4, 2).double())
    for t in range(1, 51):
        grad = normal()
        ours = mini.update(ours[0], grad, ours[1], ours[2], mini.coefficients(recipes, t))
        table = two_moment.recipe_coefficients(theirs, rates, t)
        other = two_moment.update(other[0], grad, other[1], other[2], table.at(0))
        for mine, their in zip(ours, other, strict=True):
            torch.testing.assert_close(mine, their, rtol=1e-12, atol=1e-12)


# -- the stack -----------------------------------------------------------------------------------------------


def everyone() -> list[Any]:
    """Every optimizer with and without decay, members of two splits, and one that diverges."""
    recipes = [own(name, decay) for decay in (0.0, 1e-2) for name in OPTIMIZERS]
    members = [mini.Member(recipe, seed=k // 3, split=k % 2) for k, recipe in enumerate(recipes)]
    wild = mini.Member(mini.Recipe("sgd", 1e200, 0.0), seed=0, split=0)
    return [*members[:5], wild, *members[5:]]


def test_a_member_goes_as_if_alone(digits: Digits) -> None:
    members = everyone()
    stack = mini.Stack(members, torch.float64)
    stack.train(*digits, until=2)
    early = stack.scores(*digits)
    assert [k for k in range(len(members)) if math.isnan(early[k])] == [5]
    places = [1, 4, 5, 8, 11, 15, 16]
    stack.keep(places)
    stack.train(*digits, until=4)
    for row, k in enumerate(places):
        alone = mini.Stack([members[k]], torch.float64)
        alone.train(*digits, until=4)
        np.testing.assert_array_equal(alone.scores(*digits)[0], stack.scores(*digits)[row])
        if k != 5:
            for together, solo in zip(stack.theta, alone.theta, strict=True):
                torch.testing.assert_close(together[row], solo[0], rtol=1e-9, atol=1e-9)


def chunk_of(stack: Any, digits: Digits, splits: dict[int, Any], epochs: int) -> tuple[Chunk, list[str]]:
    """The package's chunk in the same situation, and the names of its parameters in mini's order."""
    x, y = digits
    width, classes = mini.SIZES[0], mini.SIZES[-1]
    as_they_are = Standardiser(np.zeros(width, np.float32), np.ones(width, np.float32), clip=1e9)
    folds = tuple(Fold(train, held, as_they_are) for train, held in (splits[i] for i in sorted(splits)))
    source = Source.table(x.numpy().astype(np.float32), y.numpy(), classes, folds)
    members = [Member(k, packages(m.recipe, epochs), m.seed, m.split) for k, m in enumerate(stack.members)]
    spec = dense_spec(members[0].recipe, width, classes)
    layout, names = Layout(spec), list(spec.parameter_shapes)
    state = StackState.fresh(members, source, torch.float64)
    for k, row in enumerate(state.theta):
        layout.flatten({name: w[k] for name, w in zip(names, stack.theta, strict=True)}, row)
    return Chunk(members, source, state, torch.float64), names


def test_the_stack_is_the_packages_chunk(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs, splits = 8, {index: mini.split(index, 400) for index in (0, 1)}
    runs = itertools.product((0.0, 0.02), enumerate(OPTIMIZERS))
    members = [mini.Member(own(name, decay), k // 3, k % 2) for decay, (k, name) in runs]
    stack = mini.Stack(members, torch.float64)
    start = [w.clone() for w in stack.theta]
    chunk, names = chunk_of(stack, digits, splits, epochs)
    monkeypatch.setattr(mini, "split", lambda index, rows: splits[index])  # noqa: ARG005
    monkeypatch.setattr(mini, "rng", generator)  # so that (seed, "order", epoch) means the same to both
    stack.train(*digits, until=epochs)
    for _ in range(epochs):
        assert chunk.round()
    np.testing.assert_allclose(stack.scores(*digits), 100 * chunk.point().metrics["accuracy"], rtol=1e-12)
    for k in range(len(members)):
        for name, before, after in zip(names, start, stack.theta, strict=True):
            torch.testing.assert_close(after[k], chunk.parameters(k)[name], rtol=1e-9, atol=1e-9)
            assert (after[k] - before[k]).abs().max() > 1e-3


def test_a_batch_may_be_short(digits: Digits) -> None:
    """1797 digits leave 30 rows for an epoch's last step: their mean counts, not that of a full batch."""
    x, y = digits[0][:100], digits[1][:100]
    stack = mini.Stack([mini.Member(mini.Recipe("sgd", 0.5, 0.0), seed=1, split=0)], torch.float64)
    weights = [w[0].clone().requires_grad_() for w in stack.theta]
    order = mini.rng(1, "order", 0).permutation(mini.split(0, 100)[0])
    for batch in (order[:64], order[64:]):
        logits = (x[batch] @ weights[0].T + weights[1]).relu() @ weights[2].T + weights[3]
        loss = torch.nn.functional.cross_entropy(logits, y[batch])
        grads = torch.autograd.grad(loss, weights)
        weights = [(w - 0.5 * g).detach().requires_grad_() for w, g in zip(weights, grads, strict=True)]
    stack.train(x, y, until=1)
    for mine, want in zip(stack.theta, weights, strict=True):
        torch.testing.assert_close(mine[0], want.detach(), rtol=1e-12, atol=1e-12)


# -- the race ------------------------------------------------------------------------------------------------

SCORES = some.lists(some.sampled_from([0.1, 0.2, 0.5, 0.7, 0.9, 0.95, math.nan]), min_size=1, max_size=60)


@given(SCORES)
def test_a_rung_keeps_whom_the_package_keeps(scores: list[float]) -> None:
    kept = rungs.promote(scores, seed=0, noise=0.0, luck=0.0)
    assert tuple(mini.promote(np.array(scores))) == kept.staying


def test_the_rungs_are_the_packages() -> None:
    assert list(mini.RUNGS) == rungs.rung_rounds(27)


def test_the_race_trains_on_those_it_keeps(digits: Digits) -> None:
    x, y = digits[0].float(), digits[1]
    history = mini.race(mini.propose(18, seed=0), x, y, (1, 2, 3))
    assert [len(members) for members, _ in history] == [18, 6, 2]
    for (members, scores), (later, _) in itertools.pairwise(history):
        assert later == [members[k] for k in sorted(mini.promote(scores))]


# -- the re-run and the verdict ------------------------------------------------------------------------------


def test_pairs_share_all_but_the_recipe(digits: Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    train = mini.Stack.train

    def watched(self: Any, *args: Any, **named: Any) -> None:
        seen.append((self.members, [w.clone() for w in self.theta]))
        train(self, *args, **named)

    monkeypatch.setattr(mini.Stack, "train", watched)
    x, y = digits[0].float(), digits[1]
    scores = mini.confirm([own("sgd"), mini.Recipe("sgd", 1e38, 0.0)], x, y, epochs=1, pairs=4)
    [(members, theta)] = seen
    assert scores.shape == (2, 4)
    assert set(scores[1]) == {10.0}  # all of these diverged
    for first, second in zip(members[:4], members[4:], strict=True):
        assert first[1:] == second[1:]
    assert len({m.seed for m in members}) == len({m.split for m in members}) == 4
    assert 0 not in {m.split for m in members}
    for w in theta:
        assert torch.equal(w[:4], w[4:])
    assert not torch.equal(theta[0][0], theta[0][1])


def differences(n: int, seed: int) -> NDArray[np.float64]:
    """Differences of accuracies on 359 rows, ties and zeros among them."""
    return np.random.default_rng(seed).integers(-4, 8, n) / 359 * 100


@pytest.mark.parametrize("n", [2, 5, 6, 11, 17])
@pytest.mark.parametrize("seed", range(4))
def test_p_and_interval_are_the_packages(n: int, seed: int) -> None:
    d = differences(n, seed)
    assert mini.sign_flip(d) == pytest.approx(paired.sign_flip(d), rel=1e-14)
    low, high = resampled.resampled_t(d, mini.OVERLAP).interval
    assert mini.half_width(d) == pytest.approx((high - low) / 2, rel=1e-8)


def test_p_of_nothing_and_of_six_wins() -> None:
    assert mini.sign_flip(np.zeros(7)) == 1.0
    assert mini.sign_flip(np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.4])) == 2 / 64


@pytest.mark.parametrize("freedom", [1, 2, 5, 11, 19, 40])
def test_student_t(freedom: int) -> None:
    assert mini.student_t(freedom) == pytest.approx(stats.t.isf(0.025, freedom), rel=1e-7)


@settings(deadline=None, max_examples=60)
@given(some.floats(-2, 2), some.floats(0.05, 2), some.integers(6, 12), some.integers(0, 99))
def test_the_word_is_the_packages(shift: float, spread: float, n: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    b = 95 + draw.normal(size=n)
    a = b + shift + spread * draw.normal(size=n)
    assert mini.judge(a, b).split()[0] == verdict.judge(a, b, overlap=mini.OVERLAP).kind


def test_five_wins_are_too_few() -> None:
    b = np.array([96.0, 97.5, 95.8, 97.2, 96.4])
    a = b + 2 + np.array([0.1, -0.1, 0.0, 0.2, -0.2])  # far outside any interval, but p is 2 of 32
    assert mini.judge(a, b).startswith("unresolved")
    assert verdict.judge(a, b, overlap=mini.OVERLAP).kind == "unresolved"


def test_the_words_all_occur() -> None:
    b = np.array([96.0, 97.5, 95.8, 97.2, 96.4, 97.0, 96.1, 97.7])
    wobble = np.array([0.01, -0.01, 0.02, -0.02, 0.01, -0.01, 0.02, -0.02])
    words = {mini.judge(b + shift + wobble, b).split(" the default")[0] for shift in (1, -1, 0)}
    assert words == {"better than", "worse than", "equivalent to"}
    assert mini.judge(b + 0.3 + 90 * wobble, b).startswith("unresolved against the default: ")
    assert mini.judge(b, b).startswith(
        "equivalent to the default: +0.0 points of accuracy [+0.0, +0.0] (95 %), 8"
    )


# -- the whole -----------------------------------------------------------------------------------------------


def test_a_tiny_study_ends_in_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    mini.main(members=9, rungs=(1, 2), pairs=6, seed=1)
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines() if "%" in line][: len(OPTIMIZERS)] == OPTIMIZERS
    assert re.search(r"Search score \d+\.\d %  →  confirmed \d+\.\d ± \d+\.\d %", out)
    assert re.search(
        r"Verdict: (better than|worse than|equivalent to|unresolved against) the default: [+-]\d+\.\d "
        r"points of accuracy \[[+-]\d+\.\d, [+-]\d+\.\d\] \(95 %\), 6 fresh pairs, sign-flip p = \d",
        out,
    )
