"""A stand-in for the Python face, so that the command line is tested apart from the studies it starts."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import steepest.apps
from steepest.base.progress import Progress


class FakeResult:
    folder = Path("runs/fake")

    def report(self) -> Path:
        return self.folder / "report.html"

    def summary(self) -> str:
        return "better than the default by 0.012 [0.006, 0.018], n = 10"

    def to_dict(self) -> dict[str, Any]:
        return {"verdict": "better", "loss": float("nan")}


class FakeFace(ModuleType):
    """Records what it was called with and tells its listener a short story."""

    def __init__(self) -> None:
        super().__init__("steepest.apps.api")
        self.calls: list[tuple[str, Any, dict[str, Any]]] = []
        self.raises: BaseException | None = None

    def _work(self, name: str, data: Any, options: dict[str, Any]) -> FakeResult:
        self.calls.append((name, data, options))
        listener = options["listener"]
        listener.progress(Progress("read", 0.1, 0.0))
        listener.say("column 'id' is an identifier: left out [see report]")
        listener.progress(Progress("calibrate", 1.0, 0.1, 5, 5, 9000.0, None, None, "accuracy", 9.0))
        listener.progress(Progress("search", 2.0, 0.2, 40, 32, 17250.0, 0.97, 0.96, "accuracy", 8.0))
        if self.raises is not None:
            raise self.raises
        listener.progress(Progress("write", 9.9, 0.99, 64, 0, 0.0, 0.98, 0.96, "accuracy", 0.1))
        listener.progress(Progress("done", 9.9, 1.0, 64, 0, 0.0, 0.98, 0.96, "accuracy", 0.0))
        return FakeResult()

    def tune(self, data: Any, **options: Any) -> FakeResult:
        return self._work("tune", data, options)

    def train(self, data: Any, **options: Any) -> FakeResult:
        return self._work("train", data, options)


@pytest.fixture
def face(monkeypatch: pytest.MonkeyPatch) -> FakeFace:
    fake = FakeFace()
    monkeypatch.setitem(sys.modules, "steepest.apps.api", fake)
    monkeypatch.setattr(steepest.apps, "api", fake, raising=False)
    return fake
