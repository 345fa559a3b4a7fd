"""Members and curves as rows: nothing lost, nothing that has no effect, losses as people know them."""

import csv
import io
import math
from dataclasses import replace

import pyarrow.parquet as pq

from steepest.base.recipe import KNOBS
from steepest.report.facts import read_facts
from steepest.report.parquet import write_parquet
from steepest.report.tables import curve_rows, member_rows, rungs, to_csv


def test_every_member_is_a_row_with_its_scores_and_knobs(story):
    facts = read_facts(story())
    rows = member_rows(facts)
    assert [row["member"] for row in rows] == [m.number for m in facts.members]
    assert rungs(facts) == [1.0, 3.0, 9.0, 27.0]  # one that diverged was last looked at in between
    best = next(row for row in rows if row["member"] == 8)
    assert (best["optimizer"], best["lr"], best["origin"]) == ("nadamw", 0.004217, "portfolio")
    assert best["score_epoch_27"] == best["score"] == facts.members[8].score
    dropped = next(row for row in rows if row["status"] == "dropped" and row["trained_epochs"] == 1)
    assert dropped["score_epoch_3"] is None
    assert dropped["score_epoch_1"] == dropped["score"]


def test_knobs_without_effect_are_empty(story):
    rows = {row["optimizer"]: row for row in member_rows(read_facts(story()))}
    assert rows["sgd"]["beta2"] is None
    assert rows["adamw"]["beta2"] == 0.999


def test_no_column_is_called_as_a_knob(story):
    row = member_rows(read_facts(story()))[0]
    own = list(row)[: list(row).index("network")]
    assert set(own) & set(KNOBS) == set()
    assert {"member", "seed", "split", "status", "cause", "seconds"} <= set(own)


def test_losses_are_positive(story):
    facts = read_facts(story())
    lower = replace(facts, study=replace(facts.study, score_name="rmse"))
    assert member_rows(lower)[0]["score"] == -member_rows(facts)[0]["score"]
    assert curve_rows(lower)[0]["score"] == -curve_rows(facts)[0]["score"]


def test_csv_gives_back_every_value(story):
    facts = read_facts(story())
    for rows in (member_rows(facts), curve_rows(facts)):
        read = list(csv.DictReader(io.StringIO(to_csv(rows))))
        assert len(read) == len(rows)
        for row, text in zip(rows, read, strict=True):
            assert {name: "" if value is None else str(value) for name, value in row.items()} == text


def test_parquet_gives_back_every_value(story, tmp_path):
    rows = member_rows(read_facts(story()))
    write_parquet(rows, tmp_path / "members.parquet", {"data": "digits"})
    table = pq.read_table(tmp_path / "members.parquet")
    assert table.schema.metadata[b"data"] == b"digits"
    assert table.to_pylist() == rows
    curves = curve_rows(read_facts(story()))
    write_parquet(curves, tmp_path / "curves.parquet", {})
    scores = pq.read_table(tmp_path / "curves.parquet")["score"].to_pylist()
    assert [s for s in scores if not math.isnan(s)] == [
        r["score"] for r in curves if not math.isnan(r["score"])
    ]
