"""What counts as a word, and which words a vocabulary keeps."""

import numpy as np
import pytest

from steepest.data.words import Corpus, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Don't STOP, d’accord?", ["don't", "stop", "d’accord"]),
        ("'quoted' end'", ["quoted", "end"]),
        ("a_b 3.5 x-y", ["a_b", "3", "5", "x", "y"]),
        ("これは本 book", ["こ", "れ", "は", "本", "book"]),
        ("\x12…!", []),
    ],
)
def test_words(text: str, found: list[str]) -> None:
    assert words(text) == found


def test_a_vocabulary_counts_texts_not_occurrences() -> None:
    corpus = Corpus()
    for text in ("once once once b", "two a b", "two a b", "held held", "held"):
        assert corpus.add(text)
    kept, codes = corpus.vocabulary(range(3))
    assert kept == ["b", "a", "two"], "by number of texts, then by letter"
    assert [codes[corpus.numbers[word]] for word in ("once", "b", "a", "two", "held")] == [1, 2, 3, 4, 1]


def test_texts_without_words_are_not_added() -> None:
    corpus = Corpus()
    assert [corpus.add(text) for text in ("a", "...", "b", "")] == [True, False, True, False]
    assert len(corpus) == 2
    corpus.keep(np.array([False, True]))
    assert [text.tolist() for text in corpus.texts] == [[1]]
