"""The engine's table: contenders do the same work, ratios are of one turn, limits count a step's work."""

import math
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch

from steepest.networks.architecture import spec_of
from steepest.networks.cost import cost

Load = Callable[[str], Any]
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
WORKS = ("mlp2k", "mlp17k", "mlp17k-32", "mlp85k", "gru", "lstm", "cnn")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Load:
    """Modules of the benchmark by name."""
    for folder in (BENCHMARKS, BENCHMARKS / "engine", BENCHMARKS / "peers"):
        monkeypatch.syspath_prepend(str(folder))
    return import_module


@pytest.mark.parametrize("name", WORKS)
def test_the_network_by_hand_is_the_recipes(engine: Load, name: str) -> None:
    work = engine("works").WORKS[name]
    spec = spec_of(work.recipe(), work.source().ports)
    by_hand = sum(p.numel() for p in work.network().parameters())
    assert by_hand == cost(spec, work.batch, 2).parameters
    x = work.tensors()[0][:3]
    assert work.network()(x).shape == (3, work.classes)


def test_sizes_are_those_of_the_table(engine: Load) -> None:
    works = engine("works").WORKS
    sizes = [sum(p.numel() for p in works[n].network().parameters()) for n in ("mlp2k", "mlp17k", "mlp85k")]
    assert sizes == [2410, 17226, 85002]


@pytest.mark.parametrize("name", WORKS)
def test_products_are_the_operations_of_a_step(engine: Load, name: str) -> None:
    work = engine("works").WORKS[name]
    counted = cost(spec_of(work.recipe(), work.source().ports), work.batch, 2).flops_training * work.batch
    assert sum(product.operations for product in work.products) == pytest.approx(counted, rel=0.02)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mlp2k", {}), ("mlp17k-32", {}), ("gru", {}), ("lstm", {}), ("cnn", {"channels_last": True}),
        ("cnn", {"bfloat16": True}),
    ],
)  # fmt: skip
def test_a_loop_trains_what_the_stack_trains(
    engine: Load, monkeypatch: pytest.MonkeyPatch, name: str, options: dict[str, bool]
) -> None:
    loops, stack = engine("loop_by_hand"), engine("steepest_stack")
    work = engine("works").WORKS[name]
    rows = engine("works").Rows(*(each[:128] for each in work.rows()))
    monkeypatch.setitem(work.__dict__, "rows", lambda: rows)
    before = torch.get_num_threads()
    loop = loops.Loop(work, 1, work.tensors(), **options)
    theirs = loops.train(loop, members=2, processes=1)
    torch.set_num_threads(before)
    ours = stack.train(work.source(), stack.recipes(work, "rates", 2, 1), workers=0)
    assert theirs.steps == ours.steps == 2 * (128 // work.batch)
    assert all(0 <= score <= 1 for score in (*ours.scores, *theirs.scores))
    assert len(ours.scores) == len(theirs.scores) == 2


def test_members_do_not_depend_on_the_processes_that_train_them(engine: Load) -> None:
    loops = engine("loop_by_hand")
    assert loops.in_processes(2, 5, lambda member: member / 8) == [0, 1 / 8, 2 / 8, 3 / 8, 4 / 8]
    with pytest.raises(RuntimeError, match="died"):
        loops.in_processes(2, 2, lambda _: sys.exit(3))


def test_a_mixed_stack_holds_every_combination_once(engine: Load) -> None:
    stack, work = engine("steepest_stack"), engine("works").WORKS["mlp17k"]
    recipes = stack.recipes(work, "mixed", stack.MIXED, 1)
    kinds = {(r.optimizer, r.activation, r.dropout, r.batch_size) for r in recipes}
    assert len(kinds) == len(recipes) == 256
    few = stack.recipes(work, "mixed", 8, 1)
    assert len({r.optimizer for r in few}) > 2
    assert {r.batch_size for r in few} == {16, 32, 64, 128}


def test_a_ceiling_has_both_times(engine: Load) -> None:
    found = engine("ceiling").limit(engine("works").WORKS["mlp2k"], 1e-4)
    assert 0 < found["products"] < 1
    assert 0 < found["bytes"] < 1


def test_a_ceiling_adds_cores_up(engine: Load) -> None:
    ceiling = engine("engine_table").Ceiling.of([{"products": 0.5, "bytes": 1.0}] * 2)
    assert (ceiling.rate, ceiling.binding) == (2.0, "bytes")


def lines_of(
    engine: Load, against: tuple[object, ...], runs: dict[object, object], ours: object
) -> list[object]:
    rows, table = engine("engine_rows"), engine("engine_table")
    row = rows.Row("toy", "toy work", ours, against, "mlp2k", 4, 1)
    absent = {way: "not installed" for each in against for way in each.ways if way not in runs}
    found: list[object] = table.row_lines(row, runs, absent, table.Ceiling(1000.0, "products"))
    return found


def test_ratios_are_those_of_the_better_way_of_each_turn(engine: Load) -> None:
    rows, table = engine("engine_rows"), engine("engine_table")
    ours, one, two, three = (rows.Way(name, "x.py", (name,)) for name in ("ours", "one", "two", "three"))

    def turns(*seconds: float) -> list[object]:
        return [table.Run(s, 400, (0.8, math.nan, 0.9)) for s in seconds]

    runs = {ours: turns(1.0, 1.0, 1.0), one: turns(3.0, 9.0, 4.0), two: turns(8.0, 2.0, 5.0)}
    against = (rows.Against("both", 3.0, (one, two)), rows.Against("absent", 9.0, (three,)))
    both, absent = lines_of(engine, against, runs, ours)
    assert both.cells[3:7] == ("≥ 3 ×", "3.00 ×", "2.00 to 4.00", "yes")
    assert both.cells[7:] == ("400 steps/s", "40% of 1,000 (products)", "0.800, 0.800")
    assert absent.cells[4] == "not installed"
    assert (both.met, absent.met) == (True, None)
    strict = (rows.Against("both", 3.5, (one, two)),)
    (missed,) = lines_of(engine, strict, runs, ours)
    assert missed.met is False
    text = "\n".join(table.markdown([both, missed], ["a note"]))
    assert text.count("**no**") == 1
    assert text.endswith("- a note")


def test_a_long_run_is_reckoned_on_a_line_that_counts_the_start_once(engine: Load) -> None:
    run = engine("engine_table").Run
    few, more = run(2.0 + 8 * 0.5, 80, (0.5,)), run(2.0 + 64 * 0.5, 640, (0.5,))
    reckoned = more.reckoned(few, (8, 64), 512)
    assert reckoned.seconds == pytest.approx(2.0 + 512 * 0.5)
    assert reckoned.steps == 5120


def test_every_row_names_scripts_that_are_there_and_works_that_are_known(engine: Load) -> None:
    works = engine("works").WORKS
    for bfloat16 in (False, True):
        for row in engine("engine_rows").rows(bfloat16):
            assert row.work in works
            for way in (row.ours, *(way for against in row.against for way in against.ways)):
                assert (BENCHMARKS / way.script).exists()


def test_a_small_row_runs_as_a_whole(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "engine.py"), "--quick", "--repeats", "1", "--only", "memory"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("| memory")]
    assert float(row.split("|")[5].split()[0]) > 0
    assert "mean nothing" in done.stdout


def test_an_unknown_row_is_refused() -> None:
    command = [sys.executable, str(BENCHMARKS / "engine.py"), "--only", "vgg"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "vgg" in done.stderr


def test_a_turn_that_fails_is_named(engine: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    module, rows = engine("engine"), engine("engine_rows")
    bench = module.Bench(repeats=1, quick=True)
    answers = {"good.py": {"seconds": 1.0, "steps": 8, "scores": [0.5]}}

    def script(name: str, *_: str) -> object:
        if name not in answers:
            raise engine("peers").Failed("exit code 1, out of luck")
        return answers[name]

    monkeypatch.setattr(bench, "script", script)
    monkeypatch.setattr(bench, "ceiling", lambda *_: engine("engine_table").Ceiling(8.0, "bytes"))
    good, bad = rows.Way("good", "good.py"), rows.Way("bad", "bad.py")
    row = rows.Row("toy", "toy", good, (rows.Against("bad", 1.0, (bad,)),), "mlp2k", 1, 1)
    (line,) = bench.race(row)
    assert line.cells[4] == "failed"
    assert bench.failed
    assert bench.notes == ["toy: bad failed; exit code 1, out of luck"]


STUDY = """
import sys, time
from pathlib import Path
from steepest.store import Document
from steepest.store.opening import open_journal
from steepest.store.records import CurvePoint, MemberPlan
with open_journal(Path(sys.argv[1]), create=True) as journal:
    stages = "calibrate", "search"
    journal.plan([MemberPlan(m, stage, "", {}, 0, 0, 0, 1, "prior") for m, stage in enumerate(stages)])
    for member in range(2):
        journal.record([CurvePoint(member, 1, 1, 1.0, 1.0, 0.5)])
        time.sleep(0.3)
    journal.record(documents=[Document("rung", {})])
    time.sleep(60)
"""


def test_a_cold_start_is_timed_by_its_journal_and_called_off(engine: Load, tmp_path: Path) -> None:
    first, study = engine("first_rung"), tmp_path / "study.db"
    with open(tmp_path / "said", "w+", encoding="utf-8") as said:
        found = first.moments([sys.executable, "-c", STUDY, str(study)], study, said)
        assert 0 < found["default"] < found["scored"] < found["compared"] < 30


def test_a_command_that_ends_early_gives_its_last_word(engine: Load, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('nothing to do')"]
    refused = pytest.raises(SystemExit, match="no rung; nothing to do")
    with open(tmp_path / "said", "w+", encoding="utf-8") as said, refused:
        engine("first_rung").moments(command, tmp_path / "study.db", said)


def test_the_first_score_of_the_search_is_what_is_bounded(engine: Load) -> None:
    found = [
        {"default": 2.0, "scored": seconds, "compared": 9.0, "floor": 1.0} for seconds in (3.0, 4.5, 5.0)
    ]
    scored, default, compared = engine("engine_table").first_rung_lines(found)
    assert (scored.met, default.met, compared.met) == (False, None, None)
    assert scored.cells[3:7] == ("≤ 4 s", "4.50 s", "3.00 to 5.00", "**no**")
    assert "22%" in scored.cells[8]


def test_loops_on_a_device_train(engine: Load) -> None:
    gpu, work, here = engine("gpu"), engine("works").WORKS["mlp2k"], torch.device("cpu")
    training = gpu.Training(work, here)
    before = [p.clone() for p in training.model.parameters()]
    assert gpu.rate(training.eager, here, 3) > 0
    assert all(not torch.equal(a, b) for a, b in zip(before, training.model.parameters(), strict=True))


def test_the_table_of_cards_shows_every_loop_beside_what_must_be_reached(engine: Load) -> None:
    module = engine("engine_gpu")
    turns = [{"eager": rate, "graphed": 10 * rate} for rate in (100.0, 300.0, 200.0)]
    lines = module.gpu_table({module.GPU_ROWS[0]: turns})
    assert "| ≥ 100 × | 200 | 100 to 300 |" in lines[2]
    assert "| ≥ 10 × | 2,000 | 1,000 to 3,000 |" in lines[3]
    assert all(row.work in engine("works").WORKS for row in module.GPU_ROWS)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_without_a_card_it_says_so() -> None:
    command = [sys.executable, str(BENCHMARKS / "engine.py"), "--gpu"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert done.stdout.startswith("There is no graphics card here")


def test_where_steepest_fails_nobody_else_takes_a_turn(engine: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, bench = engine("engine_rows"), engine("engine").Bench(repeats=2, quick=True)
    asked: list[str] = []

    def script(name: str, *_: str) -> object:
        asked.append(name)
        raise engine("peers").Failed("out of luck")

    monkeypatch.setattr(bench, "script", script)
    row = rows.Row(
        "toy",
        "toy",
        rows.Way("a", "a.py"),
        (rows.Against("b", 1.0, (rows.Way("b", "b.py"),)),),
        "mlp2k",
        1,
        1,
    )
    assert bench.race(row) == []
    assert (bench.failed, asked) == (True, ["a.py"])
