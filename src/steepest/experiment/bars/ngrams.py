"""Bigram and trigram models: what followed the last one or two tokens, mixed with what followed fewer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from steepest.experiment.bars.rows import chosen
from steepest.experiment.bars.scores import Metrics
from steepest.training.source import Source

MOST_TOKENS = 2**23
"""Most training tokens that are counted."""

HELD_BACK = 10
"""One window in so many says how much to mix."""

STRENGTHS = 2.0 ** np.arange(-4, 15)
"""Strengths of mixing that are tried."""

_BLOCK = 2**20
"""Tokens that are scored at a time."""

Codes = NDArray[np.int64]
Chances = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """How often each token followed each context, of one length.

    Args:
        tokens: different tokens V.
        pairs: context · V + token, of those that occur, ascending.
        times: how often each does.
        contexts: those that occur, ascending.
        totals: how often each does.
    """

    tokens: int
    pairs: Codes
    times: Codes
    contexts: Codes
    totals: Codes

    @classmethod
    def of(cls, contexts: Codes, following: Codes, tokens: int) -> "Counts":
        """Count; contexts of −1 (there is none so long) are left out."""
        known = contexts >= 0
        pairs, times = np.unique(contexts[known] * tokens + following[known], return_counts=True)
        different, first = np.unique(pairs // tokens, return_index=True)
        totals = np.add.reduceat(times, first) if len(first) else times
        return cls(tokens, pairs, times, different, totals)

    def look_up(self, contexts: Codes, following: Codes) -> tuple[Codes, Codes]:
        """How often each context was followed by each token, and by any; 0 for contexts of −1."""
        known = contexts >= 0
        pairs = np.where(known, contexts * self.tokens + following, -1)
        return _found(self.pairs, self.times, pairs), _found(self.contexts, self.totals, contexts)


def _found(keys: Codes, values: Codes, wanted: Codes) -> Codes:
    if not len(keys):
        return np.zeros(len(wanted), np.int64)
    places = np.searchsorted(keys, wanted)
    places[places == len(keys)] = 0
    hits: Codes = np.where(keys[places] == wanted, values[places], 0)
    return hits


@dataclass(frozen=True, slots=True, eq=False)
class NGrams:
    """Interpolated n-gram model with Dirichlet smoothing.

        p₀(c) = 1/V,    pₖ(c | h) = (n(h, c) + μₖ · pₖ₋₁(c | h′)) / (n(h) + μₖ)

    h holds the k − 1 tokens before c and h′ all of them but the oldest; n counts the training windows. Where
    a window has fewer tokens before c, the longest context that fits counts. Each μₖ is the one of
    `STRENGTHS` under which windows held back from training are most likely; the counts are then taken over
    all of them.

    Source: D. MacKay, L. Bauman Peto, A hierarchical Dirichlet language model, 1995, equation 9. Departure:
    μ is chosen by held-out likelihood instead of evidence.

    Args:
        levels: counts for contexts of 0, 1, … tokens.
        strengths: μ of each.

    Example:
        >>> x = np.tile([[0, 1, 2, 0, 1]], (20, 1))
        >>> model = NGrams.fit(x, np.tile([[1, 2, 0, 1, 2]], (20, 1)), order=2, tokens=3)
        >>> model.likeliest(contexts_of(np.array([[0, 1, 2]]), 2, 3)).tolist()
        [1, 2, 0]
    """

    levels: tuple[Counts, ...]
    strengths: tuple[float, ...]

    @classmethod
    def fit(cls, x: NDArray[Any], y: NDArray[Any], order: int, tokens: int) -> "NGrams":
        """Count windows x [N, T] and the tokens y [N, T] that follow; order 2 is a bigram model."""
        aside = np.arange(len(x)) % HELD_BACK == 0
        part = cls._count(x[~aside], y[~aside], order, tokens)
        contexts, following = contexts_of(x[aside], order, tokens), _flat(y[aside])
        lower = np.full(len(following), 1.0 / tokens)
        strengths = []
        for level, context in zip(part, contexts, strict=True):
            times, totals = level.look_up(context, following)
            tried = [np.log((times + mu * lower) / (totals + mu)).mean() for mu in STRENGTHS]
            strengths.append(float(STRENGTHS[int(np.argmax(tried))]))
            lower = (times + strengths[-1] * lower) / (totals + strengths[-1])
        return cls(cls._count(x, y, order, tokens), tuple(strengths))

    @staticmethod
    def _count(x: NDArray[Any], y: NDArray[Any], order: int, tokens: int) -> tuple[Counts, ...]:
        following = _flat(y)
        return tuple(Counts.of(context, following, tokens) for context in contexts_of(x, order, tokens))

    def chances(self, contexts: Sequence[Codes], following: Codes) -> Chances:
        """Probability of each token after its context, by contexts of every length."""
        p: Chances = np.full(len(following), 1.0 / self.levels[0].tokens)
        for level, mu, context in zip(self.levels, self.strengths, contexts, strict=False):
            times, totals = level.look_up(context, following)
            p = (times + mu * p) / (totals + mu)
        return p

    def likeliest(self, contexts: Sequence[Codes]) -> Codes:
        """The most probable token after each context.

        A token that never followed a context owes its probability there to the shorter context alone, so only
        the shorter context's most probable token can beat those that did.
        """
        best: Codes = np.zeros(len(contexts[0]), np.int64)
        tokens = self.levels[0].tokens
        for k, level in enumerate(self.levels):
            if not len(level.pairs):
                break
            shorter = [level.pairs // tokens % tokens**length for length in range(k + 1)]
            p = self.chances(shorter, level.pairs % tokens)
            ends = np.searchsorted(level.pairs, (level.contexts + 1) * tokens)
            order = np.lexsort((p, level.pairs // tokens))
            top = order[ends - 1]  # each context's most probable one of the tokens that followed it
            place = np.minimum(np.searchsorted(level.contexts, contexts[k]), len(level.contexts) - 1)
            seen = np.flatnonzero(level.contexts[place] == contexts[k])
            here = [context[seen] for context in contexts[: k + 1]]
            better = p[top[place[seen]]] >= self.chances(here, best[seen])
            best[seen[better]] = (level.pairs % tokens)[top[place[seen]]][better]
        return best


def contexts_of(x: NDArray[Any], order: int, tokens: int) -> list[Codes]:
    """Codes of the 0, 1, … order − 1 last tokens up to each place, [N·T] each; −1 where a window has fewer.

    Example:
        >>> [codes.tolist() for codes in contexts_of(np.array([[1, 2, 0]]), 3, 10)]
        [[0, 0, 0], [1, 2, 0], [-1, 12, 20]]
    """
    wide = np.asarray(x, np.int64)
    found = [np.zeros_like(wide)]
    for length in range(1, order):
        code = np.full_like(wide, -1)
        code[:, length - 1 :] = 0
        for back in range(length):
            code[:, length - 1 :] += wide[:, length - 1 - back : wide.shape[1] - back] * tokens**back
        found.append(code)
    return [code.reshape(-1) for code in found]


def _flat(y: NDArray[Any]) -> Codes:
    return np.asarray(y, np.int64).reshape(-1)


def score(source: Source, fold: int, order: int) -> Metrics:
    """Fit on a fold's training windows; nats per token, share of right guesses and perplexity on the rest."""
    rows, tokens = chosen(source, fold, most_rows(source)), source.classes
    model = NGrams.fit(source.x[rows], source.y[rows], order, tokens)
    count, surprise, right = 0, 0.0, 0
    for x, y in _blocks(source, source.folds[fold].held_out):
        contexts, following = contexts_of(x, order, tokens), _flat(y)
        surprise -= float(np.log(model.chances(contexts, following)).sum())
        right += int((model.likeliest(contexts) == following).sum())
        count += len(following)
    loss = surprise / count
    return {"log_loss": loss, "accuracy": right / count, "perplexity": float(np.exp(loss))}


def most_rows(source: Source) -> int:
    """Most windows that are counted."""
    return max(HELD_BACK, MOST_TOKENS // source.ports.inputs)


def _blocks(source: Source, rows: Codes) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    step = max(1, _BLOCK // source.x.shape[1])
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        yield source.x[some], source.y[some]
