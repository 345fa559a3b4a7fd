"""What the heading of the script says, in words that are safe inside a docstring."""

from steepest.report.script.facts import ScriptFacts


def purpose(facts: ScriptFacts) -> str:
    """What the network is trained for."""
    name = plain(facts.data_name)
    if facts.task == "next-token":
        return f"to predict the next token of '{name}'"
    if facts.task == "forecasting":
        what = f"'{plain(facts.target)}' of " if facts.target else ""
        return f"to forecast {what}'{name}'"
    what = "to predict" if facts.task == "regression" else "to classify"
    things = {"table": "rows", "image": "images", "series": "series", "text": "texts"}[facts.form]
    target = f" '{plain(facts.target)}' of" if facts.target else f" the {things} of"
    if facts.task == "regression" and not facts.target:
        target = " the target of"
    return f"{what}{target} '{name}'"


def plain(name: str, longest: int = 60) -> str:
    """A user's name as one harmless line inside a docstring."""
    kept = "".join(c if c.isprintable() and c not in "\\\"'" else " " for c in name)
    return " ".join(kept.split())[:longest]
