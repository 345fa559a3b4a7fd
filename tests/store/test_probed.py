"""Rows of what probes saw: by member and look, with the layers' names, without what is not known."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from steepest.store import Document, Journal, MemberPlan, open_journal
from steepest.store.probed import probe_rows

LAYERS = {"weights": ["0.weight", "3.weight"], "activations": ["1"]}
LOOKS = [
    {"epoch": 1, "probe_step": 1.0, "weight_norm": [1.5, math.nan], "activation_sd": [0.25]},
    {"epoch": 5, "probe_step": 93.0, "noise_scale": math.inf, "fault_step": 95.0, "fault_place": "3.weight"},
]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with open_journal(tmp_path / "run", create=True) as made:
        plans = [MemberPlan(k, "confirm", f"m{k}", {}, 7, 3 - k, 0, 10, "default") for k in range(3)]
        made.plan(plans)
        yield made


def test_rows_are_by_member_look_probe_and_layer(journal: Journal) -> None:
    for member, look in ((2, LOOKS[0]), (0, LOOKS[0]), (2, LOOKS[1])):
        journal.record(documents=[Document("probes", {"member": member, "layers": LAYERS, "looks": [look]})])
    rows = probe_rows(journal)
    assert [(r.member, r.label, r.replicate, r.epoch, r.step) for r in rows[2:5]] == [
        (0, "m0", 3, 1, 1),
        (2, "m2", 1, 1, 1),
        (2, "m2", 1, 1, 1),
    ]
    assert [(r.probe, r.layer, r.value) for r in rows if r.member == 2] == [
        ("probe_step", "", 1.0),
        ("weight_norm", "0.weight", 1.5),
        ("activation_sd", "1", 0.25),
        ("probe_step", "", 93.0),
        ("noise_scale", "", math.inf),
        ("fault_step", "3.weight", 95.0),
    ]


def test_a_study_without_probes_has_none(journal: Journal) -> None:
    assert probe_rows(journal) == []
