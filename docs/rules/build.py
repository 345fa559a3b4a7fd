"""Writes one page per rule from its docstring, and the index: `python docs/rules/build.py`.

The pages are committed; `tests/rules/test_docs.py` fails where they are not what this writes.
"""

import textwrap
from pathlib import Path

from steepest.rules.card import Card, card
from steepest.rules.catalogue import DROP_INS

HERE = Path(__file__).parent

INDEX = """# Update rules

What moves the weights. Each rule has two faces: a drop-in `torch.optim.Optimizer` for one network, and a
pure `init`/`update` pair on tensors with a leading member axis, in which every member has
hyperparameters of its own.

```python
>>> import torch
>>> import steepest as st
>>> network = torch.nn.Linear(4, 2)
>>> optimizer = st.rules.AdamW(network.parameters(), lr=1e-3)

>>> from steepest.rules.catalogue import rule
>>> adamw = rule("adamw")
>>> theta = torch.ones(3, 8)                                # three members, eight weights each
>>> state = adamw.init(theta)
>>> rates = torch.tensor([0.1, 0.01, 0.001])
>>> theta, state = adamw.update(theta, theta, state, {{"lr": rates}})
>>> [round(member, 3) for member in theta[:, 0].tolist()]
[0.9, 0.99, 0.999]

```

The first nine are rows of one rule (`steepest.rules.two_moment`), so that one stack trains all of them side
by side. `steepest rules NAME` prints a page in the terminal.

| rule | drop-in | what it does | bytes |
|---|---|---|---|
{rows}

*bytes*: memory traffic per float32 parameter and step when each array is touched once.

Beside the rules: [conventions](conventions.md) (where libraries and articles differ, and which form is which
argument), [pictures](pictures.md) (the classics on four small landscapes), and in the code

| what | where |
|---|---|
| schedules over a horizon: constant, linear, cosine, WSD, with warm-up | `steepest.rules.schedules` |
| restarts, one-cycle, step, exponential, inverse square root, plateau | `steepest.rules.decays` |
| L1 (subgradient, proximal), L2, decay (decoupled, cautious), what decays | `steepest.rules.penalties` |
| clipping by value and by per-member norm | `steepest.rules.clipping` |
| the same as options hung on any optimizer's steps | `steepest.rules.hooks` |
| exponential and equal averages of weights | `steepest.rules.averaging` |
| gradient accumulation, sharpness-aware minimisation | `steepest.rules.accumulation`, `steepest.rules.sam` |
| LBFGS and Adafactor as torch has them | `steepest.rules.adapters` |
| the whole stack's update as one compiled loop | `steepest.rules.compiled` |
| the same in machine code, which the engine uses | `steepest.rules.native`, `steepest.rules.native_stack` |
| checks for a rule or an optimizer of your own | `steepest.testing.rules`, `steepest.testing.drop_ins` |
"""

PAGE = """# {drop_in}

{purpose}

```
{equation}
```

| argument | default | interval | meaning |
|---|---|---|---|
{arguments}

**State.** {state}

**Traffic.** {bytes_per_parameter} bytes per float32 parameter and step, each array touched once.

**Source.** {source}

**Departures.** {departures}

**Example.**

```python
>>> import torch
>>> from steepest.rules import {drop_in}
{example}

```

In a recipe and in stacks: `{name}`. [All rules](README.md)
"""


def page(facts: Card) -> str:
    """One rule's page."""
    rows = [
        f"| `{a.name}` | {f'`{a.default}`' if a.default else ''} | {a.interval} | {_cell(a.meaning)} |"
        for a in facts.arguments
    ]
    return PAGE.format(
        name=facts.name,
        drop_in=facts.drop_in,
        purpose=facts.purpose,
        equation=textwrap.dedent(facts.equation).strip("\n"),
        arguments="\n".join(rows),
        state=facts.state,
        bytes_per_parameter=facts.bytes_per_parameter,
        source=facts.source,
        departures=facts.departures,
        example=textwrap.dedent(facts.example).strip("\n"),
    )


def pages() -> dict[str, str]:
    """Every generated file: name to text."""
    cards = [card(name) for name in DROP_INS]
    rows = [
        f"| [{c.name}]({c.name}.md) | `{c.drop_in}` | {_cell(c.purpose)} | {c.bytes_per_parameter} |"
        for c in cards
    ]
    return {"README.md": INDEX.format(rows="\n".join(rows))} | {f"{c.name}.md": page(c) for c in cards}


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
