"""The compiled loop: the bits of its formula, whoever the neighbours are; machines that cannot compile."""

from pathlib import Path

import numpy as np
import pytest
import torch

from steepest.base.recipe import Recipe
from steepest.rules import native
from steepest.rules.native import Loop, NotBuilt, build
from steepest.rules.native_stack import NativeRule
from steepest.rules.stacked import RuleState

K, P = 5, 133  # columns that fill no whole vector


def numbers(dtype: torch.dtype) -> torch.Tensor:
    return torch.rand(K, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("decays", [True, False])
def test_it_computes_the_formula_to_the_last_bit(loop: Loop, dtype: torch.dtype, decays: bool) -> None:
    source = torch.Generator().manual_seed(0)
    theta, first, second, grad = (torch.rand(K, P, generator=source).to(dtype) for _ in range(4))
    a1, b1, a2, b2, by_first, by_raw, p, q, keep = numbers(dtype).unsqueeze(2).unbind(1)
    m, v = a1 * first + b1 * grad, a2 * second + b2 * grad * grad
    kept = keep * theta if decays else theta
    root = torch.from_numpy(np.sqrt(v.numpy()))  # rounded as it should be, which torch's is not everywhere
    want = kept - (by_first * m + by_raw * grad) / (p * root + q)
    loop.move(theta, grad, first, second, numbers(dtype), torch.ones(K, dtype=torch.uint8), decays)
    assert torch.equal(theta, want)
    assert torch.equal(first, m)
    assert torch.equal(second, v)


def test_columns_of_longer_rows_and_members_that_wait(loop: Loop) -> None:
    source = torch.Generator().manual_seed(1)
    whole = [torch.rand(K, 2 * P, generator=source) for _ in range(3)]
    grad, active = torch.rand(K, P, generator=source), torch.tensor([1, 0, 1, 1, 0], dtype=torch.uint8)
    grad[1] = torch.nan
    before = [each.clone() for each in whole]
    theta, first, second = (each[:, P:] for each in whole)
    loop.move(theta, grad, first, second, numbers(torch.float32), active, True)
    for each, old in zip(whole, before, strict=True):
        assert torch.equal(each[:, :P], old[:, :P])
        moved = (each[:, P:] != old[:, P:]).any(1)
        assert moved.tolist() == [True, False, True, True, False]


def test_a_member_that_moves_less_often_takes_its_own_next_rate(loop: Loop) -> None:
    recipes = [Recipe(optimizer="sgd", weight_decay=0.0)] * 2
    theta, grad = torch.zeros(2, 3), torch.ones(2, 3)
    state = RuleState.zeros(theta)
    rule = NativeRule(loop, recipes, theta, [grad], state, 3)
    rule.begin([[1.0, 2.0], [4.0, 8.0]])
    rule.step([1.0, 2.0], [True, False])
    rule.step([4.0, 2.0], [True, True])
    assert theta[:, 0].tolist() == [-5.0, -2.0]
    assert state.steps.tolist() == [2, 1]
    rule.step([16.0, 32.0], [True, True])  # beyond what it was told of
    assert theta[:, 0].tolist() == [-21.0, -34.0]


def test_a_weight_without_gradients_stays_without_epsilon(loop: Loop) -> None:
    theta, grad = torch.ones(2, 3), torch.zeros(2, 3)
    recipes = [Recipe(optimizer=name, eps=0.0, weight_decay=0.0) for name in ("adam", "rmsprop")]
    rule = NativeRule(loop, recipes, theta, [grad], RuleState.zeros(theta), 3)
    torch.set_flush_denormal(True)
    try:
        rule.step([0.1, 0.1], [True, True])
    finally:
        torch.set_flush_denormal(False)
    assert torch.equal(theta, torch.ones(2, 3))


def test_a_library_is_compiled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loop: Loop) -> None:
    del loop  # so that this is skipped where there is no compiler
    built = build(tmp_path, "here")
    monkeypatch.setenv("CC", "no-such-compiler")
    assert build(tmp_path, "here") == built
    assert list(tmp_path.iterdir()) == [built]
    with pytest.raises(NotBuilt, match="there is no C compiler"):
        build(tmp_path, "another machine")


def test_a_compiler_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "mycc"
    script.write_text("#!/bin/sh\necho no headers here >&2\nexit 3\n")
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    with pytest.raises(NotBuilt, match="no headers here"):
        build(tmp_path / "kept", "here")


def test_a_compiler_that_hangs_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "mycc"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setenv("CC", str(script))
    monkeypatch.setattr(native, "PATIENCE", 0.1)
    with pytest.raises(NotBuilt, match="not done after"):
        build(tmp_path / "kept", "here")


def test_a_file_that_is_no_library_is_said(tmp_path: Path) -> None:
    broken = tmp_path / "updates.so"
    broken.write_text("nothing")
    with pytest.raises(NotBuilt, match="cannot be loaded"):
        Loop(broken)
