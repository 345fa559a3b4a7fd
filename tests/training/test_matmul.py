"""Settings of torch that a job changes are back when it ends, however it ends."""

from typing import Any

import pytest
import torch

from steepest.training import matmul
from steepest.training.matmul import fast_matmul, no_denormals, one_thread


@pytest.fixture
def backend() -> Any:
    return torch.backends.mkldnn


def test_products_are_as_accurate_as_float32_allows() -> None:
    source = torch.Generator().manual_seed(1)
    a, b = torch.randn(3, 100, 130, generator=source), torch.randn(3, 130, 90, generator=source)
    exact = torch.bmm(a.double(), b.double())
    with fast_matmul():
        found = torch.bmm(a, b).double()
    assert float((found - exact).abs().max() / exact.abs().max()) < 4e-6


def test_precision_is_restored(backend: Any) -> None:
    before = backend.matmul.fp32_precision
    with fast_matmul() as fast:
        if fast:
            assert backend.matmul.fp32_precision == "bf16"
    assert backend.matmul.fp32_precision == before
    with pytest.raises(KeyError), fast_matmul():
        raise KeyError
    assert backend.matmul.fp32_precision == before


def test_where_it_would_round_nothing_is_changed(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "_accurate", lambda: False)
    before = backend.matmul.fp32_precision
    with fast_matmul() as fast:
        assert not fast
        assert backend.matmul.fp32_precision == before


def test_the_probe_notices_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = torch.bmm

    def rounded(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return (
            honest(a.bfloat16().float(), b.bfloat16().float()) if a.dtype == torch.float32 else honest(a, b)
        )

    monkeypatch.setattr(torch, "bmm", rounded)
    assert not matmul._accurate.__wrapped__()


def test_threads_are_restored() -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with one_thread():
            assert torch.get_num_threads() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(KeyError), one_thread():
            raise KeyError
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_denormals_are_zero_inside_and_back_afterwards() -> None:
    least = torch.tensor(torch.finfo(torch.float32).tiny)
    assert float(least * 0.5) > 0
    with pytest.raises(KeyError), no_denormals():
        assert float(least * 0.5) == 0
        with no_denormals():
            pass
        assert float(least * 0.5) == 0, "an inner block leaves the outer one's setting"
        raise KeyError
    assert float(least * 0.5) > 0
