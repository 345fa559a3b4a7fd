"""Words of texts, and the vocabulary that gives them codes."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

MOST_WORDS = 10_000
"""A vocabulary keeps this many words at most, those that occur in most documents, …"""

LEAST_DOCUMENTS = 2
"""… and none that occurs in fewer than so many."""

_HAN = "\u3040-\u30ff\u3400-\u9fff"  # written without blanks: each character is a word
_WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+(?:['’][^\W{_HAN}]+)*")


def words(text: str) -> list[str]:
    """The words of a text in lower case, in order; punctuation is dropped.

    Example:
        >>> words("What's the deal? 2 stars… 好看")
        ["what's", 'the', 'deal', '2', 'stars', '好', '看']
    """
    return _WORD.findall(text.lower())


class Corpus:
    """Texts as numbers of words, numbered as they first come.

    Example:
        >>> corpus = Corpus()
        >>> corpus.add("Good film"), corpus.add("bad film!"), corpus.add("?!")
        (True, True, False)
        >>> words_kept, codes = corpus.vocabulary([0, 1])
        >>> words_kept, codes[corpus.texts[0]].tolist()
        (['film'], [1, 2])
    """

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.texts: list[NDArray[np.int32]] = []

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, text: str) -> bool:
        """Add a text unless it has no word; whether it was added."""
        numbers = self.numbers
        coded = [numbers.setdefault(word, len(numbers)) for word in words(text)]
        if coded:
            self.texts.append(np.array(coded, np.int32))
        return bool(coded)

    def keep(self, rows: NDArray[np.bool_]) -> None:
        """Drop the texts of all other rows."""
        self.texts = [text for text, kept in zip(self.texts, rows, strict=True) if kept]

    def vocabulary(self, rows: Iterable[int]) -> tuple[list[str], NDArray[np.int32]]:
        """Words that occur in at least two of the texts `rows`, and each word number's code."""
        spoken = list(self.numbers)
        held = np.concatenate([np.unique(self.texts[row]) for row in rows])
        times = np.bincount(held, minlength=len(spoken))
        often = np.flatnonzero(times >= LEAST_DOCUMENTS).tolist()
        kept = sorted(often, key=lambda number: (-times[number], spoken[number]))[:MOST_WORDS]
        codes = np.ones(len(spoken), np.int32)
        codes[kept] = np.arange(2, len(kept) + 2)
        return [spoken[number] for number in kept], codes
