"""steepest in one file: which optimizer, at which rate, for this network and this data? And is that true?

    python mini.py        (NumPy, PyTorch and scikit-learn's digits; some ten seconds on one core)

Read it from top to bottom; it is the whole idea, in five steps:

    1  one rule     SGD, momentum, AdaGrad, RMSProp, Adam … are rows of numbers of a single update,
    2  one stack    so hundreds of networks, each with its own row, rate and seed, train as one program
    3  a race       compare them early, keep the best third, train on, and again
    4  a re-run     the best of many was also lucky: train it and the default anew, in pairs, on fresh seeds
    5  a verdict    an exact test and an honest interval for the paired differences: one sentence

Each banner names the files under src/steepest that do the same in earnest; tests/test_mini.py holds the
two to each other. Left out: a test set kept to the very end, schedules, waves that learn, journal, report.
"""

import itertools
import math
import time
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from torch import Tensor

# ── 0 · Words ─────────────────────────────────────────── base/recipe.py, base/seeds.py, data/split.py ──

SIZES, BATCH = (64, 128, 10), 64  # pixels in, hidden ReLU units, digits out; rows in a step
RUNGS = (1, 3, 9, 27)  # epochs after which members are compared
Floats = NDArray[np.float64]


class Recipe(NamedTuple):
    """What is searched: an optimizer, its learning rate, and how strongly weights are drawn to zero."""

    optimizer: str = "adamw"
    lr: float = 1e-3
    decay: float = 1e-2


class Member(NamedTuple):
    """One training run. The seed decides its first weights and its data order; the split, its rows."""

    recipe: Recipe
    seed: int
    split: int


def rng(seed: int, *path: int | str) -> np.random.Generator:
    """Random numbers for one named place, say (seed, "order", epoch); nobody else draws from them."""
    named = [int.from_bytes(p.encode(), "little") if isinstance(p, str) else p for p in path]
    return np.random.default_rng([seed, *named])


def split(index: int, rows: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of one random division: four fifths to train on, one fifth to be scored on."""
    shuffled = rng(index, "split").permutation(rows)
    return shuffled[rows // 5 :], shuffled[: rows // 5]


# ── 1 · One rule, many optimizers ───────────────────────────────── rules/two_moment.py, rules/rows.py ──
#
#     g ← ∇ + l2·θ                                   the gradient, with a pull to zero inside it
#     m ← a₁·m + b₁·g                                first moment: where gradients point
#     v ← a₂·v + b₂·g²                               second moment: how large they are
#     θ ← (1 − lr·wd)·θ − lr·(c₁·m + c₂·g) / s       s = √(k·v) + ε where p = 1, and 1 where p = 0

MU, RHO, B1, B2, EPS = 0.9, 0.99, 0.9, 0.999, 1e-8
DECOUPLED = ("adamw", "nadamw")  # decay shrinks their weights (wd); for the others it joins ∇ (l2)


def rows(t: int) -> dict[str, tuple[float, ...]]:
    """Every optimizer as a row of the rule, at step t = 1, 2, …"""
    u, w = 1 / (1 - B1**t), 1 / (1 - B2**t)  # Adam's m and v start at zero; this takes that bias out
    ahead = B1 / (1 - B1 ** (t + 1))  # NAdam looks one step ahead
    # fmt: off
    return {
        #            a₁  b₁      a₂   b₂       c₁     c₂            k  p
        "sgd":      (0,  0,      0,   0,       0,     1,            0, 0),
        "momentum": (MU, 1,      0,   0,       1,     0,            0, 0),
        "nesterov": (MU, 1,      0,   0,       MU,    1,            0, 0),
        "adagrad":  (0,  0,      1,   1,       0,     1,            1, 1),
        "rmsprop":  (0,  0,      RHO, 1 - RHO, 0,     1,            1, 1),
        "adam":     (B1, 1 - B1, B2,  1 - B2,  u,     0,            w, 1),
        "adamw":    (B1, 1 - B1, B2,  1 - B2,  u,     0,            w, 1),
        "nadamw":   (B1, 1 - B1, B2,  1 - B2,  ahead, (1 - B1) * u, w, 1),
    }
    # fmt: on


def coefficients(recipes: list[Recipe], t: int) -> Tensor:
    """[11, K]: for each of K recipes its row at step t, then lr, wd and l2."""
    table = rows(t)
    decays = [(r.decay, 0.0) if r.optimizer in DECOUPLED else (0.0, r.decay) for r in recipes]
    numbers = [(*table[r.optimizer], r.lr, *d) for r, d in zip(recipes, decays, strict=True)]
    return torch.tensor(numbers, dtype=torch.float64).T


def update(theta: Tensor, grad: Tensor, m: Tensor, v: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """One step of the rule on θ, ∇, m, v, all [K, …]: member k moves by column k of c [11, K]."""
    a1, b1, a2, b2, c1, c2, k, p, lr, wd, l2 = c.to(theta.dtype).view(11, -1, *[1] * (theta.dim() - 1))
    g = grad + l2 * theta
    m = a1 * m + b1 * g
    v = a2 * v + b2 * g * g
    s = p * ((k * v).sqrt() + EPS) + (1 - p)
    return (1 - lr * wd) * theta - lr * (c1 * m + c2 * g) / s, m, v


# ── 2 · One stack, many networks ──────────────────────────────── training/chunk.py, networks/stacked.py ──


def forward(theta: list[Tensor], x: Tensor) -> Tensor:
    """Logits [K, B, 10] of K networks, each on its own inputs x [K, B, 64]."""
    for i in range(0, len(theta), 2):
        x = x.relu() if i else x
        x = torch.baddbmm(theta[i + 1].unsqueeze(1), x, theta[i].transpose(1, 2))  # b + x Wᵀ, K at once
    return x


class Stack:
    """K members as one program, a leading axis of all tensors. Nothing mixes them: each goes as if alone."""

    def __init__(self, members: list[Member], dtype: torch.dtype = torch.float32) -> None:
        self.members, self.epoch, self.t = members, 0, 0
        self.theta: list[Tensor] = []  # W₁ [K, 128, 64], b₁ [K, 128], W₂ [K, 10, 128], b₂ [K, 10]
        for layer, (ins, outs) in enumerate(itertools.pairwise(SIZES)):
            normal = np.stack([rng(m.seed, "weights", layer).standard_normal((outs, ins)) for m in members])
            self.theta.append(torch.from_numpy(normal * math.sqrt(2 / ins)).to(dtype))  # He et al. 2015
            self.theta.append(torch.zeros(len(members), outs, dtype=dtype))
        self.first, self.second = ([torch.zeros_like(w) for w in self.theta] for _ in "mv")

    def train(self, x: Tensor, y: Tensor, until: int) -> None:
        """Train every member on its own rows, in its own order, until epoch `until`."""
        for epoch in range(self.epoch, until):
            mine = [rng(m.seed, "order", epoch).permutation(split(m.split, len(x))[0]) for m in self.members]
            order = torch.from_numpy(np.stack(mine))  # [K, rows]
            for start in range(0, order.shape[1], BATCH):
                batch = order[:, start : start + BATCH]  # [K, B]
                self.step(x[batch], y[batch])
        self.epoch = until

    def step(self, x: Tensor, y: Tensor) -> None:
        """One batch, x [K, B, 64] and y [K, B]: forward, one backward, the rule."""
        self.t += 1
        leaves = [w.requires_grad_() for w in self.theta]
        log_p = forward(leaves, x).log_softmax(2)  # [K, B, 10]
        losses = -log_p.gather(2, y.unsqueeze(2)).mean((1, 2))  # [K]
        grads = torch.autograd.grad(losses.sum(), leaves)  # loss k knows θ[k] alone: each gets its own ∇
        c = coefficients([m.recipe for m in self.members], self.t)
        free = torch.cat([c[:9], torch.zeros_like(c[9:])])  # biases are not drawn to zero
        with torch.no_grad():
            for i, (w, g) in enumerate(zip(leaves, grads, strict=True)):
                moved = update(w, g, self.first[i], self.second[i], c if w.dim() == 3 else free)
                self.theta[i], self.first[i], self.second[i] = moved

    def scores(self, x: Tensor, y: Tensor) -> Floats:
        """Accuracy [K] of every member on its held-out rows, in percent; NaN for those that have diverged."""
        held = torch.from_numpy(np.stack([split(m.split, len(x))[1] for m in self.members]))  # [K, B]
        with torch.no_grad():
            logits = forward(self.theta, x[held])
        right = 100 * (logits.argmax(2) == y[held]).double().mean(1)
        return np.where(logits.isfinite().all(2).all(1).numpy(), right.numpy(), np.nan)

    def keep(self, places: list[int]) -> None:
        """Everyone else leaves; those who stay keep weights and moments."""
        self.members = [self.members[k] for k in places]
        for tensors in (self.theta, self.first, self.second):
            tensors[:] = [one.detach()[places] for one in tensors]


# ── 3 · A race ───────────────────────────── search/space.py, search/rungs.py, experiment/searching.py ──

RATES = {  # where each optimizer's rate is looked for
    "sgd": (1e-2, 3.0), "momentum": (1e-3, 1.0), "nesterov": (1e-3, 1.0), "adagrad": (1e-3, 0.3),
    "rmsprop": (1e-4, 1e-2), "adam": (1e-4, 3e-2), "adamw": (1e-4, 3e-2), "nadamw": (1e-4, 3e-2),
}  # fmt: skip
Rung = tuple[list[Member], Floats]  # who was there, with which scores


def propose(count: int, seed: int) -> list[Recipe]:
    """The default, then the optimizers in turn: rate and decay log-uniform, decay off half of the time."""
    draw, recipes = rng(seed, "recipes"), [Recipe()]
    for name in itertools.islice(itertools.cycle(RATES), count - 1):
        decays = (1e-4, 0.3) if name in DECOUPLED else (1e-6, 1e-2)
        lr, decay = np.exp([draw.uniform(*np.log(ends)) for ends in (RATES[name], decays)])
        recipes.append(Recipe(name, float(lr), float(decay) * draw.integers(2)))
    return recipes


def promote(scores: Floats) -> list[int]:
    """Places of the best third, best first; the diverged never stay (Jamieson and Talwalkar 2016)."""
    ranked = [int(k) for k in np.argsort(-scores, kind="stable") if not np.isnan(scores[k])]
    return ranked[: max(1, round(len(scores) / 3))]


def race(recipes: list[Recipe], x: Tensor, y: Tensor, rungs: tuple[int, ...]) -> list[Rung]:
    """Train all, compare, keep a third, train on; every rung is noted."""
    stack, history = Stack([Member(r, seed, split=0) for seed, r in enumerate(recipes)]), []
    for epochs in rungs:
        stack.train(x, y, until=epochs)
        history.append((stack.members, stack.scores(x, y)))
        stack.keep(sorted(promote(history[-1][1])))
    return history


# ── 4 · A re-run ───────────────────────────────────────────────────────── experiment/confirmation.py ──

FRESH = 1_000_000  # the race never saw seeds from here on, nor splits 1, 2, …
OVERLAP = 0.25  # held-out rows per training row


def confirm(recipes: list[Recipe], x: Tensor, y: Tensor, epochs: int, pairs: int) -> Floats:
    """Scores [recipes, pairs] of runs from scratch; a pair shares first weights, data order and split."""
    stack = Stack([Member(r, FRESH + i, split=1 + i) for r in recipes for i in range(pairs)])
    stack.train(x, y, until=epochs)
    scores = np.nan_to_num(stack.scores(x, y), nan=100 / SIZES[-1])  # whoever diverged can only guess
    return scores.reshape(len(recipes), pairs)


# ── 5 · A verdict ─────────────────── evidence/paired.py, evidence/resampled.py, evidence/verdict.py ──


def sign_flip(d: Floats) -> float:
    """Exact p: for what share of all 2ⁿ choices of signs is |Σ ±dᵢ| at least |Σ dᵢ|?

    Were the recipes equal, each difference could as well have come out with the other sign.
    """
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums - value, sums + value])
    return float(np.mean(np.abs(sums) >= abs(d.sum()) - 1e-12 * np.abs(d).sum()))


def student_t(freedom: int, alpha: float = 0.05) -> float:
    """t with P(|T| ≤ t) = 1 − α. At t = √ν·tan φ Student's density is a mere cos φ to the ν − 1: sum it."""
    phi = np.linspace(0, math.pi / 2, 100_001)
    mass = np.cumsum(np.cos((phi[1:] + phi[:-1]) / 2) ** (freedom - 1))
    return math.sqrt(freedom) * math.tan(np.interp((1 - alpha) * mass[-1], mass, phi[1:]))


def half_width(d: Floats) -> float:
    """Half of the 95 % interval of the mean, t·s·√(1/n + overlap): Nadeau and Bengio 2003.

    Splits of one data set share rows. Without the overlap, more splits would shrink the interval to nothing.
    """
    return student_t(len(d) - 1) * float(d.std(ddof=1)) * math.sqrt(1 / len(d) + OVERLAP)


def judge(a: Floats, b: Floats) -> str:
    """The verdict on a against b: better or worse only if test and interval agree.

    The test is exact but takes the pairs for independent; the interval pays for the rows they share.
    """
    d = a - b
    effect, half, p = float(d.mean()), half_width(d), sign_flip(d)
    luck = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)  # what another seed and split can do
    word = "equivalent to" if abs(effect) + half <= luck else "unresolved against"
    if p <= 0.05 and abs(effect) > half:
        word = "better than" if effect > 0 else "worse than"
    low, mean, high = (f"{effect + side * half:+.1f}" for side in (-1, 0, 1))
    return (
        f"{word} the default: {mean} points of accuracy [{low}, {high}] (95 %), "
        f"{len(d)} fresh pairs, sign-flip p = {p:.1g}."
    )


# ── The whole study ──────────────────────────────────────────────────────────── experiment/tune.py ──


def main(members: int = 243, rungs: tuple[int, ...] = RUNGS, pairs: int = 20, seed: int = 0) -> None:
    """Race, re-run, verdict."""
    clock = time.perf_counter()
    x, y = (torch.from_numpy(a) for a in load_digits(return_X_y=True))
    x = x.float() / 16  # [1797, 64], ink from 0 to 1
    history = race(propose(members, seed), x, y, rungs)
    show(history, rungs)
    last, scores = history[-1]
    winner = last[promote(scores)[0]].recipe
    a, b = confirm([winner, Recipe()], x, y, rungs[-1], pairs)
    print(f"\n  Winner: {winner.optimizer}, lr {winner.lr:.2g}, decay {winner.decay:.2g}")
    print(f"  Search score {np.nanmax(scores):.1f} %  →  confirmed {a.mean():.1f} ± {half_width(a):.1f} %")
    print(f"  Verdict: {judge(a, b)} ({time.perf_counter() - clock:.0f} s)\n")


def show(history: list[Rung], rungs: tuple[int, ...]) -> None:
    """Who was still there at each rung, by optimizer, and the best score that each ever had."""
    print(f"\n  {len(history[0][0])} recipes in one stack; after each rung the best third goes on\n")
    print(f"  {'optimizer':<10}" + "".join(f"{f'epoch {e}':>10}" for e in rungs) + "  best score")
    for name in RATES:
        runs = [[s for m, s in zip(*rung, strict=True) if m.recipe.optimizer == name] for rung in history]
        best = max((s for scores in runs for s in scores if not np.isnan(s)), default=0.0)
        print(f"  {name:<10}" + "".join(f"{len(s) or '·':>10}" for s in runs) + f"{best:>10.1f} %")


if __name__ == "__main__":
    torch.set_num_threads(1)  # small tensors: threads would only wait for one another
    main()
