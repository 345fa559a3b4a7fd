"""Labelled texts as a data set: each text its last words, as codes."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from steepest.base.errors import BadData
from steepest.data.assemble import LEAST_ROWS, MOST_REPEATED
from steepest.data.class_folders import Entry
from steepest.data.columns import tidy
from steepest.data.dataset import DataSet, Rows, equal_rows
from steepest.data.target import code_target
from steepest.data.text import decoded
from steepest.data.windows import whole_number
from steepest.data.words import LEAST_DOCUMENTS, MOST_WORDS, Corpus

LONGEST = 256
"""Most words of a text, where nobody says so; else as many as nine tenths of the texts have.

A longer text keeps its last words. Measured on review_polarity (2,000 reviews of 615 words in the median,
logistic regression with C = 0.1 on which words occur, 20 splits of 80 : 20), accuracy in percent:

    words    first    last    half and half
    128      66.8     76.7    73.2
    256      72.6     81.4    79.6
    512      83.0     85.0    83.3
    all      86.6

The differences to the last are at least four of their standard errors, which overlapping splits flatter.
"""

PADDING, UNKNOWN = "(padding)", "(unknown)"
"""What the codes 0 and 1 stand for."""


def documents(entries: Iterable[Entry], *, name: str, where: str, window: int | None = None) -> DataSet:
    """Classify text files.

    Args:
        entries: the files, each with its label; see `steepest.data.class_folders.entries`.
        name: what to call the data set.
        where: the source, for errors.
        window: words T to keep of each text; None takes `LONGEST` or less.

    Returns:
        x int32 [N, T]: the codes of each text's last T words, padded in front with 0. Code 1 is any word
        that is not in the vocabulary; 2 and on are the words in most documents, most frequent first. They are
        counted without labels, and not in documents that the source sets aside for the test.

    Raises:
        BadInput: a window that is no whole number from 1.
        BadData: a file that is empty or no text, by name; fewer than two classes or 20 files.

    Example:
        >>> told = ["a fine film", "a dull film"] * 10
        >>> data = documents(
        ...     [Entry(f"{text[2:6]}/{n}.txt", text[2:6], text.encode)
        ...      for n, text in enumerate(told)], name="films", where="films.zip")
        >>> data.summary
        "films: classification of 'label' (dull 50.0%, fine 50.0%), 20 texts of 3 tokens, 6 different ones"
        >>> data.x[0].tolist(), data.vocabulary
        ([2, 5, 3], ('(padding)', '(unknown)', 'a', 'film', 'dull', 'fine'))
    """
    window = None if window is None else whole_number("window", window)
    corpus, labels, test, repairs = Corpus(), [], [], Counter[str]()
    for entry in entries:
        text, repair = decoded(entry.read(), f"{entry.name} of {where}")
        if not corpus.add(text):
            found = "nothing but signs"
            raise BadData(f"{entry.name} of {where}", "must hold words", found, "Correct or remove it.")
        labels.append(entry.label)
        test.append(entry.test)
        repairs.update([repair] if repair else [])
    _check_rows(len(labels), where)
    classes, y, notes = _classes(labels, where)
    notes = [f"Files that are {repair}: {times:,}." for repair, times in sorted(repairs.items())] + notes
    aside = np.flatnonzero(test).astype(np.int64)
    if len(aside) == len(labels):
        raise BadData(where, "must have texts to train on", "test texts only", "Add training texts.")
    return _assemble(
        corpus, classes, y, name=name, where=where, target="label", window=window, notes=notes,
        test_rows=aside if len(aside) else None,
    )  # fmt: skip


def documents_from_columns(
    texts: Sequence[object],
    labels: Sequence[object],
    *,
    name: str,
    where: str,
    window: int | None = None,
    target: str = "label",
    notes: Sequence[str] = (),
) -> DataSet:
    """Classify the texts of a table; see `documents`.

    Args:
        texts: N cells of text; rows where it is missing are dropped.
        labels: N labels; rows where it is missing are dropped.
        name, where, window: see `documents`.
        target: name of the column of labels.
        notes: what has been said of the source so far.

    Raises:
        BadData: unequal lengths, cells that are no text, fewer than two classes or 20 texts.

    Example:
        >>> data = documents_from_columns(["good", "bad"] * 10, [1, 0] * 10, name="toy", where="t")
        >>> data.classes, data.x.shape, data.y[:2].tolist()
        (('0', '1'), (20, 1), [1, 0])
    """
    window = None if window is None else whole_number("window", window)
    if len(texts) != len(labels):
        remedy = "Each text needs its label."
        raise BadData(f"labels of {where}", f"must be as many as texts ({len(texts):,})", len(labels), remedy)
    _check_rows(len(texts), where)
    plain = [_cell(cell, row, where) for row, cell in enumerate(texts, 1)]
    corpus = Corpus()
    spoken = np.array([corpus.add(text) for text in plain])
    kept = pd.Series(list(labels), dtype=getattr(labels, "dtype", None))[spoken].reset_index(drop=True)
    _check_rows(len(kept), where)
    coded = code_target(tidy(kept), target, "classification", where)
    corpus.keep(coded.known)
    _check_rows(len(corpus), where)
    dropped = len(plain) - len(kept)
    said = [*notes, *([f"Rows without a word, dropped: {dropped:,}."] if dropped else []), *coded.notes]
    return _assemble(
        corpus, coded.classes, coded.y.astype(np.int64), name=name, where=where, target=target,
        window=window, notes=said, test_rows=None,
    )  # fmt: skip


def _assemble(
    corpus: Corpus,
    classes: tuple[str, ...],
    y: NDArray[np.int64],
    *,
    name: str,
    where: str,
    target: str,
    window: int | None,
    notes: Sequence[str],
    test_rows: Rows | None,
) -> DataSet:
    everyone = np.arange(len(corpus), dtype=np.int64)
    learnt = everyone if test_rows is None else np.setdiff1d(everyone, test_rows)
    kept, codes = corpus.vocabulary(learnt.tolist())
    if not kept:
        remedy = "Each text has words of its own only; check that they are texts."
        raise BadData(where, f"must have words that occur in {LEAST_DOCUMENTS} texts", "none", remedy)
    lengths = np.array([len(text) for text in corpus.texts])
    usual = min(LONGEST, int(np.ceil(np.percentile(lengths[learnt], 90))))
    x = _coded(corpus.texts, codes, window or usual)
    groups = equal_rows(x)
    repeated = len(x) - int(groups.max()) - 1
    coarse = test_rows is None and repeated > MOST_REPEATED * len(x)
    said = [
        *_say_words(corpus, kept, codes, test_rows is not None),
        _say_length(lengths, x.shape[1], window is None),
        *_say_repeated(repeated, coarse, groups, learnt, test_rows),
    ]
    return DataSet(
        name=name,
        task="classification",
        target=target,
        classes=classes,
        x=x,
        y=y,
        test_rows=test_rows,
        notes=(*notes, *said),
        groups=everyone if coarse else groups,
        form="text",
        shape=(x.shape[1],),
        vocabulary=(PADDING, UNKNOWN, *kept),
    )


def _coded(texts: Sequence[NDArray[np.int32]], codes: NDArray[np.int32], window: int) -> NDArray[np.int32]:
    x = np.zeros((len(texts), window), np.int32)
    for row, text in zip(x, texts, strict=True):
        last = text[-window:]
        row[window - len(last) :] = codes[last]
    return x


def _cell(cell: object, row: int, where: str) -> str:
    if isinstance(cell, str):
        return cell
    if cell is None or cell is pd.NA or cell is pd.NaT or cell != cell:
        return ""
    if isinstance(cell, int | float | np.number):
        return str(cell)
    found = f"{type(cell).__name__} in data row {row}"
    raise BadData(f"texts of {where}", "must be text", found, "Name a column of text.")


def _check_rows(rows: int, where: str) -> None:
    if rows < LEAST_ROWS:
        remedy = "Add texts: fewer cannot be split into training, validation and test."
        raise BadData(where, f"must have at least {LEAST_ROWS} texts", rows, remedy)


def _classes(labels: Sequence[str], where: str) -> tuple[tuple[str, ...], NDArray[np.int64], list[str]]:
    """Names of folders stay what they are, even where they read like "none" or "yes"."""
    counts = Counter(labels)
    number = all(label.isascii() and label.isdigit() for label in counts)
    classes = tuple(sorted(counts, key=lambda label: (int(label) if number else 0, label)))
    if len(classes) < 2:
        raise BadData(where, "must have at least two classes", f"only {classes[0]!r}", "Add another folder.")
    places = {label: code for code, label in enumerate(classes)}
    single = [label for label in classes if counts[label] == 1]
    shown = ", ".join(map(repr, single[:5])) + (", …" if len(single) > 5 else "")
    notes = [f"Classes with a single text, which is trained on and never tested: {shown}."] if single else []
    return classes, np.array([places[label] for label in labels], np.int64), notes


def _say_words(corpus: Corpus, kept: Sequence[str], codes: NDArray[np.int32], tested: bool) -> list[str]:
    numbers = np.concatenate(corpus.texts)
    unknown = float((codes[numbers] == 1).mean())
    counted = "the texts that are not for the test" if tested else "all texts"
    return [
        "Texts are read as words in lower case, without punctuation.",
        f"The vocabulary is {len(kept):,} words of {len(corpus.numbers):,}: those that occur in at least "
        f"{LEAST_DOCUMENTS} texts, at most {MOST_WORDS:,}, counted in {counted} without looking at labels. "
        f"The rest share one code: {unknown:.1%} of what is written.",
    ]


def _say_length(lengths: NDArray[np.int_], window: int, usual: bool) -> str:
    cut = int((lengths > window).sum())
    chosen = " (a length chosen by default)" if usual else ""
    kept = f"Of each text the last {window:,} words are read{chosen}"
    return f"{kept}; texts that lose their beginning: {cut:,} of {len(lengths):,}."


def _say_repeated(
    repeated: int, coarse: bool, groups: Rows, learnt: Rows, test_rows: Rows | None
) -> list[str]:
    if not repeated:
        return []
    said = f"Texts whose codes repeat another's exactly: {repeated:,}"
    if test_rows is not None:
        leaked = int(np.isin(groups[test_rows], groups[learnt]).sum())
        return [f"{said}; {leaked:,} of the {len(test_rows):,} test texts are also among the training texts."]
    if coarse:
        return [f"{said}, over half: equal texts are split like any others."]
    return [f"{said}; equal texts stay on one side of every split."]
