"""Settings of torch that a job changes are back when it ends, however it ends."""

from pathlib import Path
from typing import Any

import pytest
import torch

from steepest.training import matmul
from steepest.training.matmul import Products, fast_matmul, no_denormals, one_thread


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


@pytest.mark.parametrize("faster", [False, True])
def test_the_faster_library_is_taken(backend: Any, monkeypatch: pytest.MonkeyPatch, faster: bool) -> None:
    monkeypatch.setattr(matmul, "_accurate", lambda: True)
    monkeypatch.setattr(matmul, "_faster", lambda: faster)
    before = backend.matmul.fp32_precision
    with fast_matmul() as fast:
        assert fast == faster
        assert (backend.matmul.fp32_precision == "bf16") == (faster or before == "bf16")


@pytest.mark.parametrize(("rate", "faster"), [(0.9, False), (1.1, True)])
def test_what_one_process_measured_holds_for_all(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rate: float, faster: bool
) -> None:
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path))
    monkeypatch.setattr(matmul, "products", lambda: (Products(1e9, 1e-7), Products(rate * 1e9, 1e-7)))
    assert matmul._faster.__wrapped__() == faster
    monkeypatch.setattr(matmul, "products", lambda: pytest.fail("it is measured once"))
    assert matmul._faster.__wrapped__() == faster


def test_without_onednn_the_default_library_is_the_faster(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STEEPEST_CACHE", str(tmp_path))
    monkeypatch.setattr(matmul, "_available", lambda: False)
    default, other = matmul.products()
    assert default.rate > 0
    assert other is None
    assert not matmul._faster.__wrapped__()


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
    with no_denormals():
        assert float(least * 0.5) == 0
        with pytest.raises(KeyError), no_denormals():
            raise KeyError
        assert float(least * 0.5) == 0, "an inner block leaves the outer one's setting"
    assert float(least * 0.5) > 0
    with pytest.raises(KeyError), no_denormals():
        raise KeyError
    assert float(least * 0.5) > 0
