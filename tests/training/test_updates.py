"""Updates by torch's kernels or by the compiled loop: one answer for all processes of a machine."""

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.rules.native_stack import NativeRule
from steepest.rules.stacked import RuleState, StackedRule
from steepest.training import updates
from steepest.training.updates import Updates, rule_of


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A cache of its own, and no answer from other tests."""
    with monkeypatch.context() as patch:
        patch.setenv("STEEPEST_CACHE", str(tmp_path))
        updates._built.cache_clear()
        updates._chosen.cache_clear()
        yield
    updates._built.cache_clear()
    updates._chosen.cache_clear()


@pytest.fixture
def compiles() -> None:
    if isinstance(why := updates._built(), str):
        pytest.skip(why)


def rule(dtype: torch.dtype = torch.float32) -> StackedRule:
    theta = torch.zeros(2, 4, dtype=dtype)
    return rule_of([Recipe()] * 2, theta, [theta.clone()], RuleState.zeros(theta), 3)


@pytest.mark.usefixtures("compiles")
@pytest.mark.parametrize(("looped", "kind"), [(0.9, NativeRule), (1.1, StackedRule)])
def test_the_faster_way_is_taken_and_kept(
    monkeypatch: pytest.MonkeyPatch, looped: float, kind: type[StackedRule]
) -> None:
    monkeypatch.setattr(updates, "_seconds", lambda _: (1.0, looped))
    assert type(rule()) is kind
    updates._chosen.cache_clear()  # another process
    monkeypatch.setattr(updates, "_seconds", lambda _: (1.0, 2.0 - looped))
    assert type(rule()) is kind


@pytest.mark.usefixtures("compiles")
def test_other_types_of_number_take_torchs_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "_seconds", lambda _: (1.0, 0.5))
    assert type(rule(torch.float64)) is NativeRule
    assert type(rule(torch.bfloat16)) is StackedRule


def test_without_a_compiler_torchs_kernels_are_taken_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    assert type(rule()) is StackedRule
    found = updates.updates()
    assert math.isnan(found.loop)
    assert found.words == "torch's fused kernels: there is no C compiler"


def test_words_say_what_is_chosen() -> None:
    assert Updates(2e-9, 1e-9, True).words == "the compiled loop, the faster"
    assert Updates(1e-9, 2e-9, False).words == "torch's fused kernels: the compiled loop is no faster"
