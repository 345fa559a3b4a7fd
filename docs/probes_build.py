"""Writes the tables of probes into their page from the declarations: `python docs/probes_build.py`.

`tests/docs/test_probes.py` fails where the page is not what this writes.
"""

from pathlib import Path

from steepest.training.probes.declared import COSTS, PROBES, Of
from steepest.training.probes.flat import FLAT

PAGE = Path(__file__).parent / "probes.md"
BEGIN, END = "<!-- written by docs/probes_build.py -->", "<!-- end -->"
HEADINGS: dict[Of, str] = {
    "member": "One number per member",
    "weights": "One number per weight array",
    "activations": "One number per activation layer",
}


def tables() -> str:
    """The part of the page that the declarations determine."""
    parts = []
    for of, heading in HEADINGS.items():
        rows = [
            f"| `{p.name}` | {p.meaning}{f' ({p.unit})' if p.unit else ''} | {p.equation} | {p.cost} |"
            for p in PROBES.values()
            if p.of == of
        ]
        parts.append("\n".join([f"### {heading}", "", "| probe | what it is | equation | cost |",
                                "|---|---|---|---|", *rows]))  # fmt: skip
    costs = "\n".join(f"| {cost} | {words} |" for cost, words in COSTS.items())
    parts.append(f"### What they cost\n\n| cost | what it takes |\n|---|---|\n{costs}")
    flat = "\n".join(f"| `{name}` | {_range(*limits)} |" for name, limits in FLAT.items())
    parts.append(f"### Where activations are flat\n\n| activation | flat |\n|---|---|\n{flat}")
    return "\n\n".join(parts)


def _range(low: float, high: float) -> str:
    ends = [f"z ≤ {low:g}"] * (low > -float("inf")) + [f"z ≥ {high:g}"] * (high < float("inf"))
    return ", ".join(ends) or "nowhere"


def page() -> str:
    """The page with its tables as they should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}\n\n{tables()}\n\n{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
