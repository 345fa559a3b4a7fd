"""`steepest data` shows what is read, and writes nothing."""

from pathlib import Path

import pytest

from steepest.apps.cli.main import main

ROWS = "age,town,ill\n" + "\n".join(
    f"{20 + n * 7 % 31},{'Ede' if n % 2 else 'Urk'},{n % 2}" for n in range(30)
)


def test_columns_and_decisions_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "people.csv").write_text(ROWS)
    assert main(["data", str(tmp_path / "people.csv"), "--target", "ill", "--column", "town=drop"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("people: classification of 'ill'")
    assert "- Taken as classification" in shown
    assert "town  left out" in shown
    assert "fingerprint" in shown
    assert [path.name for path in tmp_path.iterdir()] == ["people.csv"]


def test_what_cannot_be_read_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "people.csv").write_text(ROWS)
    assert main(["data", str(tmp_path / "people.csv"), "--target", "il"]) == 2
    assert "Did you mean 'ill'?" in capsys.readouterr().err
