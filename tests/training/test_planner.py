"""How members are trained follows from what was measured: which way, why, and what is kept."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from steepest.base.recipe import Recipe
from steepest.networks.ports import Ports
from steepest.training import kept, planner
from steepest.training.measuring import NO_TIME, Measured
from steepest.training.planner import WORTH, Asked, Choice, Planner
from steepest.training.way import Way, usual

TABLE, IMAGE, SERIES = Ports.table(64, 10), Ports("image", (3, 32, 32), 10), Ports("series", (9, 2), 3)
CNN = Recipe(network="cnn", depth=2, width=16, norm="batch")
OWN = Recipe(network="own", factory="tests.training.test_planner:network", initialisation="own")


def network(inputs: int, outputs: int) -> "object":
    """A network of the user's own."""
    from torch import nn

    return nn.Linear(inputs, outputs)


class Bench:
    """Stands in for measurements: says what each way does, and remembers what it was asked."""

    def __init__(self, found: Callable[[Way], Measured]) -> None:
        self.found = found
        self.asked: list[Asked] = []

    def __call__(self, asked: Sequence[Asked]) -> list[list[Measured]]:
        self.asked += asked
        return [[self.found(way) for way in ways] for _, ways in asked]


def by_size(rates: dict[int, float]) -> Bench:
    return Bench(lambda way: Measured(way, rates.get(way.members, 1.0), 0.5))


@pytest.fixture(autouse=True)
def _rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner, "has_bfloat16", lambda: True)


def test_before_anything_is_measured_members_train_as_usual() -> None:
    known = Planner(TABLE, by_size({}))
    for recipe in (Recipe(), Recipe(width=512)):
        assert known.way(recipe) == usual(recipe, TABLE)
    assert not Planner(IMAGE, by_size({}), rounding=False).way(CNN).bfloat16


def test_the_fastest_way_is_chosen_for_all_of_its_kind() -> None:
    known = Planner(TABLE, by_size({4: 300.0, 16: 200.0}))
    (choice,) = known.learn([Recipe(lr=0.1), Recipe(optimizer="sgd")])
    assert choice.way.members == 4
    assert "300 steps a second" in choice.why
    assert known.way(Recipe(lr=1e-4, dropout=0.2)) == choice.way
    assert known.way(Recipe(width=1024)) == usual(Recipe(width=1024), TABLE), "another kind"


@pytest.mark.parametrize(("gain", "members"), [(1.0, 1), (WORTH - 0.01, 1), (WORTH + 0.01, 16)])
def test_a_way_is_worth_its_trouble_only_if_it_is_clearly_faster(gain: float, members: int) -> None:
    known = Planner(TABLE, by_size({1: 100.0, 16: 100.0 * gain}))
    assert known.learn([Recipe()])[0].way.members == members


def test_alternatives_begin_with_the_simplest() -> None:
    known = Planner(IMAGE, by_size({}), stackable=lambda _recipe, _ports: "")
    ways = known.alternatives(CNN)
    assert ways[0] == Way(False, 1)
    assert [way.stacked for way in ways] == sorted(way.stacked for way in ways)
    sizes = [way.members for way in Planner(TABLE, by_size({})).alternatives(Recipe())]
    assert sizes == sorted(set(sizes))
    assert sizes[0] == 1
    assert usual(Recipe(), TABLE).members in sizes


def rounded(loss: float) -> Bench:
    return Bench(lambda way: Measured(way, 300.0 if way.bfloat16 else 100.0, loss if way.bfloat16 else 2.0))


@pytest.mark.parametrize(("loss", "taken"), [(2.01, True), (1.99, True), (2.1, False), (math.nan, False)])
def test_bfloat16_is_refused_where_the_loss_is_another(loss: float, taken: bool) -> None:
    (choice,) = Planner(IMAGE, rounded(loss)).learn([CNN])
    assert choice.way.bfloat16 == taken
    (refused,) = [m for m in choice.measured if m.way.bfloat16]
    assert ("its loss differs" in refused.why_not) != taken


def test_float32_forbids_rounding() -> None:
    bench = rounded(2.0)
    known = Planner(IMAGE, bench, rounding=False)
    (choice,) = known.learn([CNN])
    assert not choice.way.bfloat16
    assert not any(way.bfloat16 for _, ways in bench.asked for way in ways)
    assert choice.kind != Planner(IMAGE, bench).kind(CNN), "or a kept choice that rounds would be found"


def test_a_way_that_broke_is_said_and_not_chosen() -> None:
    def found(way: Way) -> Measured:
        broke = way.members in (1, 16)
        return Measured(way, why_not="memory did not suffice") if broke else Measured(way, 50.0, 1.0)

    (choice,) = Planner(TABLE, Bench(found)).learn([Recipe()])
    assert choice.way.members not in (1, 16)
    assert [m.way.members for m in choice.measured if m.why_not] == [1, 16]


def test_where_every_way_broke_members_train_as_usual() -> None:
    known = Planner(TABLE, Bench(lambda way: Measured(way, why_not="memory did not suffice")))
    (choice,) = known.learn([Recipe()])
    assert choice.way == usual(Recipe(), TABLE)
    assert choice.why == "as usual: memory did not suffice"


def test_stacks_of_modules_are_tried_where_they_can_be() -> None:
    bench = Bench(lambda way: Measured(way, 300.0 if way.stacked else 100.0, 1.0))
    (choice,) = Planner(IMAGE, bench, stackable=lambda _recipe, _ports: "").learn([CNN])
    assert choice.way.stacked
    (choice,) = Planner(IMAGE, bench, stackable=lambda _recipe, _ports: "it counts its calls").learn([CNN])
    assert not choice.way.stacked
    assert choice.why.endswith("; not stacked: it counts its calls")


def test_each_kind_is_measured_once() -> None:
    bench = by_size({})
    known = Planner(TABLE, bench)
    many = [Recipe(lr=lr, width=width) for lr in (0.1, 0.01) for width in (16, 512)]
    assert len(known.learn(many)) == len(bench.asked) == 2
    assert known.learn(many) == []
    assert len(bench.asked) == 2


def test_choices_do_not_depend_on_the_order_of_recipes() -> None:
    many = [Recipe(lr=lr, width=width) for lr in (0.1, 0.01) for width in (120, 128, 136, 512)]
    chosen = []
    for recipes in (many, many[::-1]):
        bench = by_size({})
        known = Planner(TABLE, bench)
        known.learn(recipes)
        chosen.append((known.choices, {known.kind(recipe): recipe for recipe, _ in bench.asked}))
    assert chosen[0] == chosen[1]


# -- what is kept ----------------------------------------------------------------------------------------


def test_what_was_measured_is_there_the_next_time(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "ways.json"
    first = Planner(TABLE, by_size({8: 300.0}), file)
    first.learn([Recipe()])
    bench = by_size({})
    again = Planner(TABLE, bench, file)
    assert again.learn([Recipe()]) == []
    assert bench.asked == []
    assert again.choices == first.choices


def left(*members: int) -> Bench:
    """No time was left for stacks of so many members."""
    return Bench(lambda w: Measured(w, why_not=NO_TIME) if w.members in members else Measured(w, 9.0, 0.5))


def test_a_choice_from_too_little_is_not_kept(tmp_path: Path) -> None:
    file, recipe = tmp_path / "ways.json", Recipe(network="rnn", width=8)
    stacks = {"stackable": lambda _recipe, _ports: ""}
    hurried = Planner(SERIES, left(8, 32), file, **stacks)
    assert hurried.learn([recipe]) == [hurried.choices[hurried.kind(recipe)]]
    bench = left(32)
    assert len(Planner(SERIES, bench, file, **stacks).learn([recipe])) == 1
    assert bench.asked
    assert Planner(SERIES, left(), file, **stacks).learn([recipe]) == []  # larger ones are as good as known


def test_of_bfloat16_that_was_not_measured_nothing_else_is_said() -> None:
    bench = Bench(lambda w: Measured(w, why_not=NO_TIME) if w.bfloat16 else Measured(w, 9.0, 0.5))
    (choice,) = Planner(IMAGE, bench).learn([CNN])
    assert [m.why_not for m in choice.measured if m.way.bfloat16] == [NO_TIME]


def test_fresh_measures_again_and_keeps_that(tmp_path: Path) -> None:
    file = tmp_path / "ways.json"
    Planner(TABLE, by_size({8: 300.0}), file).learn([Recipe()])
    (choice,) = Planner(TABLE, by_size({16: 300.0}), file, fresh=True).learn([Recipe()])
    assert choice.way.members == 16
    last = Planner(TABLE, by_size({}), file)
    last.learn([Recipe()])
    assert last.way(Recipe()).members == 16


def test_another_machine_measures_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ways.json"
    Planner(TABLE, by_size({8: 300.0}), file).learn([Recipe()])
    monkeypatch.setattr(kept, "machine", lambda: "another")
    bench = by_size({16: 300.0})
    Planner(TABLE, bench, file).learn([Recipe()])
    assert len(bench.asked) == 1
    assert len(json.loads(file.read_text())) == 2, "and takes nothing from the first"


KIND = Planner(TABLE, by_size({})).kind(Recipe())


@pytest.mark.parametrize(
    "text",
    [
        "",
        '{"half of',
        "[1, 2]",
        '"text"',
        json.dumps({kept.machine(): [1]}),
        json.dumps({kept.machine(): {KIND: 5}}),
        json.dumps({kept.machine(): {KIND: {"kind": KIND}}}),
        json.dumps({kept.machine(): {KIND: {"kind": KIND, "way": {"colour": 1}, "why": "", "measured": []}}}),
    ],
)
def test_a_damaged_file_counts_as_empty_and_is_mended(tmp_path: Path, text: str) -> None:
    file = tmp_path / "ways.json"
    file.write_text(text)
    assert len(Planner(TABLE, by_size({8: 300.0}), file).learn([Recipe()])) == 1
    bench = by_size({})
    assert Planner(TABLE, bench, file).learn([Recipe()]) == []


def test_a_place_that_cannot_be_written_only_costs_measuring_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    file = tmp_path / "file" / "ways.json"
    for _ in range(2):
        assert len(Planner(TABLE, by_size({8: 300.0}), file).learn([Recipe()])) == 1


def test_what_is_kept_of_a_kind_survives_what_another_study_adds(tmp_path: Path) -> None:
    file = tmp_path / "ways.json"
    one, other = Planner(TABLE, by_size({}), file), Planner(TABLE, by_size({}), file)
    one.learn([Recipe()])
    other.learn([Recipe(width=512)])
    bench = by_size({})
    assert Planner(TABLE, bench, file).learn([Recipe(), Recipe(width=512)]) == []


def test_networks_of_the_users_own_are_told_apart_and_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "ways.json"
    known = Planner(TABLE, by_size({}), file)
    assert len(known.learn([OWN])) == 1
    assert not file.exists(), "its code may be another tomorrow"
    assert "test_planner:network" in known.kind(OWN)


def test_a_choice_comes_back_from_json() -> None:
    measured = (Measured(Way(True, 4), 12.5, 0.25), Measured(Way(False), why_not="it broke"))
    choice = Choice("a kind", Way(True, 4), "it is fast", measured)
    body = json.loads(json.dumps(choice.as_dict()))
    assert body["words"] == "stacked, 4 members"
    back = Choice.from_dict(body)
    assert (back.kind, back.way, back.why, back.measured[0]) == (
        "a kind",
        Way(True, 4),
        "it is fast",
        measured[0],
    )
    assert back.measured[1].why_not == "it broke"


def test_of_a_kind_that_stacks_those_that_cannot_train_one_by_one() -> None:
    def stackable(recipe: Recipe, _: Ports) -> str:
        return "a branch of it depends on numbers of the data" if recipe.width == 9 else ""

    rnn, ports = Recipe(network="rnn", width=8), Ports("series", (5, 3), 2)
    known = Planner(ports, Bench(lambda way: Measured(way, float(way.members), 0.5)), stackable=stackable)
    known.learn([rnn])
    assert known.kind(rnn) == known.kind(rnn.replace(width=9))
    assert known.way(rnn).stacked
    assert not known.way(rnn.replace(width=9)).stacked


def test_the_time_of_a_step_follows_from_two_sizes_of_a_chunk() -> None:
    calls, each = 1e-3, 2e-4
    sizes = [way.members for way in Planner(TABLE, by_size({})).alternatives(Recipe())]
    known = Planner(TABLE, by_size({n: n / (calls + n * each) for n in sizes}))
    assert known.step_seconds(Recipe(), 5) == math.inf  # nothing was measured yet
    (choice,) = known.learn([Recipe()])
    full = choice.way.members
    for members in (1, full, full + 1, 3 * full):
        expected = math.ceil(members / full) * calls + members * each
        assert known.step_seconds(Recipe(), members) == pytest.approx(expected)


def test_where_one_size_was_measured_the_time_of_a_step_is_not_known() -> None:
    known = Planner(
        TABLE, Bench(lambda way: Measured(way, 100.0 if way == usual(Recipe(), TABLE) else 0.0, 0.5))
    )
    known.learn([Recipe()])
    assert known.step_seconds(Recipe(), 5) == math.inf
