"""The cut into chunks: everybody once, alike together, and independent of the order of the members."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from steepest.base.recipe import Recipe
from steepest.networks.ports import Ports
from steepest.networks.spec import dense_spec
from steepest.training.chunk import Chunk, arranged
from steepest.training.member import Member
from steepest.training.planning import chunks, stack_key
from steepest.training.source import Source
from steepest.training.way import CACHE_BYTES, MOST_MEMBERS, Way, member_bytes, usual

PORTS = Ports.table(20, 3)
RECIPES = st.builds(
    Recipe,
    width=st.sampled_from([16, 64, 512]),
    depth=st.integers(1, 2),
    batch_size=st.sampled_from([32, 256]),
    optimizer=st.sampled_from(["gd", "sgd", "adam"]),
    activation=st.sampled_from(["relu", "tanh"]),
    dropout=st.sampled_from([0.0, 0.1, 0.3]),
    network=st.sampled_from(["mlp", "mlp", "linear"]),
)
STACKS = st.lists(RECIPES, max_size=50).map(lambda rs: [Member(k, r, seed=k) for k, r in enumerate(rs)])


@given(STACKS, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_every_cut(members: list[Member], rng: random.Random) -> None:
    cut = chunks(members, PORTS)
    assert sorted(m.number for c in cut for m in c) == [m.number for m in members]
    for chunk in cut:
        assert len({stack_key(m.recipe, PORTS) for m in chunk}) == 1
        assert 1 <= len(chunk) <= usual(chunk[0].recipe, PORTS).members
        assert list(chunk) == arranged(chunk)
    by_key: dict[object, list[int]] = {}
    for chunk in cut:
        recipe = chunk[0].recipe
        assert {m.recipe.batch_size for m in chunk} == {recipe.batch_size}
        by_key.setdefault((stack_key(recipe, PORTS), recipe.batch_size), []).append(len(chunk))
    for sizes in by_key.values():  # even, so that no worker waits for one long chunk
        assert max(sizes) - min(sizes) <= 1
    shuffled = list(members)
    rng.shuffle(shuffled)
    assert set(chunks(shuffled, PORTS)) == set(cut)


def test_droppers_come_first_and_equal_activations_are_adjacent() -> None:
    recipes = [
        Recipe(dropout=d, activation=a)
        for d, a in [(0, "relu"), (0.1, "tanh"), (0, "gelu"), (0.2, "relu"), (0, "relu"), (0.1, "relu")]
    ]
    order = arranged([Member(k, r, 0) for k, r in enumerate(recipes)])
    assert [m.number for m in order] == [3, 5, 1, 2, 0, 4]


@pytest.mark.parametrize("width", [16, 128, 512, 4096])
def test_a_chunk_fits_the_cache_or_holds_one(width: int) -> None:
    recipe = Recipe(width=width)
    size = usual(recipe, Ports.table(64, 10)).members
    each = member_bytes(dense_spec(recipe, 64, 10), recipe.batch_size)
    assert 1 <= size <= MOST_MEMBERS
    assert size == 1 or size * each <= CACHE_BYTES


def test_nobody_makes_no_chunks() -> None:
    assert chunks([], Ports.table(4, 2)) == []


def test_the_cut_follows_the_ways_and_leaves_work_for_many_cores() -> None:
    members = [Member(k, Recipe(width=16), seed=k) for k in range(512)]
    assert {len(c) for c in chunks(members, PORTS, lambda _: Way(True, 32))} == {32}
    assert {len(c) for c in chunks(members, PORTS, lambda _: Way(False, 1))} == {1}
    assert len(chunks(members[:32], PORTS, lambda _: Way(True, 64))) == 2, "one chunk would leave cores idle"


def test_batch_sizes_share_chunks_where_calls_are_what_costs(classification: Source) -> None:
    kinds = itertools.product([8, 16, 12], ["gd", "sgd"], ["none", "batch"], [0.0, 0.2])
    members = [
        Member(k, Recipe(width=4, batch_size=size, optimizer=optimizer, norm=norm, mixup=mixup), seed=k)
        for k, (size, optimizer, norm, mixup) in enumerate(kinds)
    ]
    ports = classification.ports
    cut = chunks(members, ports, step_seconds=lambda *_: 1.0)
    assert sorted(m.number for c in cut for m in c) == list(range(len(members)))
    for chunk in cut:
        Chunk(chunk, classification)  # refuses what cannot be taken in parts
    mixed = [{m.recipe.batch_size for m in c} for c in cut if len({m.recipe.batch_size for m in c}) > 1]
    assert mixed == [{8, 16}], "only plain batches whose sizes divide each other"
    apart = chunks(members, ports, step_seconds=lambda r, n: float(n * r.batch_size))
    assert all(len({m.recipe.batch_size for m in c}) == 1 for c in apart)
