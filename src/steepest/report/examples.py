"""The sentences beside the examples: what augmentation does, why flips are off, what was got wrong."""

from collections.abc import Sequence

from steepest.base.augmentation import AugmentationKnobs
from steepest.base.recipe import KNOBS
from steepest.report import wording
from steepest.report.facts import Facts
from steepest.report.numbers import many

_SCORED = "What is scored, in the search, the confirmation and the test, is never changed."


def has_augmentation(facts: Facts) -> bool:
    """Whether augmentation is worth a word: it is on, or it could have been on pictures."""
    examples = facts.examples
    return examples is not None and (bool(examples.strengths) or examples.form == "image")


def augmentation(facts: Facts) -> str:
    """What augmentation acts on, and why images were not flipped."""
    strengths = facts.examples.strengths if facts.examples else {}
    text = f"Training batches alone are changed, each time anew. {_SCORED}"
    if not strengths:
        text = "The recipe trains on images as they are."
    some = facts.recipe.values.get("augment_some") if facts.recipe else 0
    if strengths and some:
        text += f" Of the kinds that are on, each image meets {some}, drawn at random."
    return f"{text} {_flips(facts)}".strip() if not strengths.get("flip") else text


def meaning(name: str) -> str:
    """What a kind of augmentation is, with its unit."""
    knob = KNOBS[name]
    return f"{knob.meaning} ({knob.unit})" if knob.unit else knob.meaning


def wrong(facts: Facts) -> str:
    """How many errors are shown, of how many test examples that were looked at."""
    examples = facts.examples
    assert examples is not None
    which = "all" if examples.looked_at == facts.study.test_rows else "the first"
    looked = f"{which} {many(examples.looked_at, f'test {wording.noun(facts)}')}"
    if not examples.wrong:
        return f"Nothing: of {looked}, the network that is handed out takes none for another class."
    return f"{many(len(examples.wrong), 'error')} of the network that is handed out, among {looked}."


def joined(facts: Facts, tokens: Sequence[str]) -> str:
    """Tokens as a text: words with blanks between, characters without.

    Example:
        >>> from steepest.report.records import Study
        >>> joined(Facts(Study(task="classification")), ["good", "film"])
        'good film'
    """
    return ("" if facts.study.task == "next-token" else " ").join(tokens)


def strengths_words(facts: Facts) -> str:
    """The kinds that are on with their strengths, in one line; "" where none is."""
    strengths = facts.examples.strengths if facts.examples else {}
    known = [name for name in AugmentationKnobs.model_fields if name in strengths]
    return ", ".join(f"{name} {strengths[name]:.3g}" for name in known)


def _flips(facts: Facts) -> str:
    """Why mirror images were left out; "" where they could have been used."""
    if facts.study.form != "image" or not facts.study.oriented:
        return ""
    notes = [note for note in facts.study.notes if "mirror" in note]
    return (
        f"Flips were off: {notes[0]}" if notes else "Flips were off: left and right may matter to the label."
    )
