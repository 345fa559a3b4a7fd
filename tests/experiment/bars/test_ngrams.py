"""N-gram models against counting by hand."""

import dataclasses

import numpy as np
import pytest

from steepest.experiment.bars import ngrams
from steepest.experiment.bars.kinds import kinds_of
from steepest.experiment.bars.ngrams import NGrams, contexts_of, score
from steepest.training.source import Source


def fitted(source: Source, order: int) -> NGrams:
    rows = source.folds[1].train
    return NGrams.fit(source.x[rows], source.y[rows], order, 5)


def by_hand(model: NGrams, source: Source, before: list[int]) -> np.ndarray:
    """Probabilities of all tokens after `before`, by looking through the training windows one by one."""
    p = np.full(5, 0.2)
    rows = source.folds[1].train
    for length, strength in enumerate(model.strengths):
        if length > len(before):
            break
        counts = np.zeros(5)
        wanted = before[len(before) - length :]
        for x, y in zip(source.x[rows].tolist(), source.y[rows].tolist(), strict=True):
            for end in range(max(length, 1), len(x) + 1):
                if x[end - length : end] == wanted:
                    counts[y[end - 1]] += 1
        p = (counts + strength * p) / (counts.sum() + strength)
    return p


@pytest.mark.parametrize("order", [1, 2, 3])
def test_probabilities_are_the_equation_and_sum_to_one(text: Source, order: int) -> None:
    model = fitted(text, order)
    for before in ([], [3], [2, 1], [4, 4]):
        given = [np.full(5, code[-1]) for code in contexts_of(np.array([before]), order, 5)] if before else [
            np.full(5, code) for code in (0, -1, -1)[:order]
        ]  # fmt: skip
        found = model.chances(given, np.arange(5))
        assert found.sum() == pytest.approx(1.0, abs=1e-12)
        np.testing.assert_allclose(found, by_hand(model, text, before[-(order - 1) :] if order > 1 else []))


def test_a_context_never_seen_falls_back_on_the_shorter_one() -> None:
    x = np.array([[0, 1, 2, 0], [1, 2, 0, 1]] * 10)
    y = np.array([[1, 2, 0, 1], [2, 0, 1, 2]] * 10)
    model = NGrams.fit(x, y, 3, 4)
    seen, unseen = contexts_of(np.array([[0, 1]]), 3, 4), contexts_of(np.array([[3, 1]]), 3, 4)
    shorter = model.chances([code[1:] for code in unseen[:2]], np.array([2]))
    assert model.chances([code[1:] for code in unseen], np.array([2])) == pytest.approx(shorter)
    assert model.chances([code[1:] for code in seen], np.array([2])) > shorter


@pytest.mark.parametrize("order", [1, 2, 3])
def test_the_likeliest_token_has_the_highest_probability(text: Source, order: int) -> None:
    model, held = fitted(text, order), text.folds[1].held_out
    contexts = contexts_of(text.x[held], order, 5)
    places = len(contexts[0])
    every = np.stack([model.chances(contexts, np.full(places, token)) for token in range(5)])
    np.testing.assert_allclose(every[model.likeliest(contexts), np.arange(places)], every.max(0))


def test_longer_contexts_pay_on_a_markov_text(text: Source) -> None:
    unigram, bigram, trigram = (score(text, 1, order) for order in (1, 2, 3))
    assert trigram["log_loss"] < bigram["log_loss"] - 0.1 < unigram["log_loss"] - 0.2
    assert trigram["accuracy"] > bigram["accuracy"] > unigram["accuracy"]
    assert trigram["perplexity"] == pytest.approx(np.exp(trigram["log_loss"]))


def test_scores_are_means_over_all_places_however_they_are_cut(
    text: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, model, held = score(text, 1, 3), fitted(text, 3), text.folds[1].held_out
    contexts, following = contexts_of(text.x[held], 3, 5), text.y[held].reshape(-1)
    assert whole["log_loss"] == pytest.approx(-np.log(model.chances(contexts, following)).mean())
    assert whole["accuracy"] == pytest.approx((model.likeliest(contexts) == following).mean())
    monkeypatch.setattr(ngrams, "_BLOCK", 48)
    assert score(text, 1, 3) == pytest.approx(whole)


def test_mixing_follows_what_windows_held_back_say() -> None:
    draw = np.random.default_rng(0)
    noise = draw.integers(0, 5, size=(400, 16))
    sure = (np.arange(400 * 16).reshape(400, 16)) % 5
    of_noise = NGrams.fit(noise[:, :-1], noise[:, 1:], 2, 5).strengths[1]
    assert of_noise > 100 * NGrams.fit(sure[:, :-1], sure[:, 1:], 2, 5).strengths[1]


def test_most_tokens_are_kept_to_and_named(text: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(kinds_of(text)) == ["bigram model", "trigram model"]
    monkeypatch.setattr(ngrams, "MOST_TOKENS", 16 * 130)
    assert list(kinds_of(text)) == ["bigram model, at most 130 rows", "trigram model, at most 130 rows"]
    monkeypatch.setattr(ngrams, "MOST_TOKENS", 16 * 100)
    assert list(kinds_of(text)) == ["bigram model, 100 rows", "trigram model, 100 rows"]
    honest, fed = NGrams.fit, []
    monkeypatch.setattr(NGrams, "fit", lambda *given: fed.append(len(given[0])) or honest(*given))
    assert kinds_of(text)["bigram model, 100 rows"](text, 1)["log_loss"] > 0
    assert fed == [100]


def test_many_different_tokens_take_no_more_room(text: Source) -> None:
    wide = dataclasses.replace(text, x=text.x * 9999, y=text.y * 9999, classes=50_000)
    model = NGrams.fit(wide.x, wide.y, 3, 50_000)
    contexts = contexts_of(wide.x, 3, 50_000)
    assert np.isin(model.likeliest(contexts), wide.y).all()
    assert model.chances(contexts, wide.y.reshape(-1)).min() > 0
