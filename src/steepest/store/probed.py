"""What probes saw of members, read back from a journal as the rows of a long table."""

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from steepest.store.journal import Journal


class ProbeRow(NamedTuple):
    """One number.

    Args:
        member: the run.
        label: its name within its stage: "finalist 1", "default", "winner".
        replicate: its replicate.
        epoch: passes over the training rows when the round that was looked at had ended.
        step: the step that was looked at, from 1.
        probe: name of the probe; docs/probes.md has them all.
        layer: name of the layer, "" for what belongs to the member; of a fault, its place.
        value: the number.
    """

    member: int
    label: str
    replicate: int
    epoch: float
    step: int
    probe: str
    layer: str
    value: float


def probe_rows(journal: Journal) -> list[ProbeRow]:
    """Everything that probes saw in a study, by member, look, probe and layer; what is not known is left out.

    Example:
        >>> import tempfile
        >>> from steepest.store import Document, MemberPlan, open_journal
        >>> look = {"epoch": 1, "probe_step": 1.0, "update_ratio": [0.5, math.nan]}
        >>> body = {"member": 0, "layers": {"weights": ["0.weight", "3.weight"]}, "looks": [look]}
        >>> with tempfile.TemporaryDirectory() as folder, open_journal(folder, create=True) as journal:
        ...     journal.plan([MemberPlan(0, "final", "winner", {}, 7, 0, 0, 10, "user")])
        ...     journal.record(documents=[Document("probes", body)])
        ...     probe_rows(journal)[-1]
        ProbeRow(member=0, label='winner', replicate=0, epoch=1, step=1,
                 probe='update_ratio', layer='0.weight', value=0.5)
    """
    plans = {plan.member: plan for plan in journal.members()}
    documents = sorted(journal.documents("probes"), key=lambda document: document.body["member"])
    rows = []
    for body in (document.body for document in documents):
        plan = plans[body["member"]]
        for look in body["looks"]:
            whose = plan.member, plan.label, plan.replicate, look["epoch"], int(look.get("probe_step", 0))
            numbers = _numbers(look, body["layers"])
            rows += [ProbeRow(*whose, *each) for each in numbers if not math.isnan(each[2])]
    return rows


def _numbers(look: dict[str, Any], layers: dict[str, list[str]]) -> Iterator[tuple[str, str, float]]:
    """(probe, layer, value) of one look."""
    for name, value in look.items():
        if name in ("epoch", "fault_place"):
            continue
        if not isinstance(value, list):
            yield name, look["fault_place"] if name == "fault_step" else "", value
            continue
        names = layers["activations" if name.startswith("activation_") else "weights"]
        yield from ((name, layer, number) for layer, number in zip(names, value, strict=True))
