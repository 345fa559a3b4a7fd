"""`steepest rates`: the ladder, the range, the errors."""

import pytest

from steepest.apps.cli.main import main


def test_the_ladder_and_the_range_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rates", "iris", "--fix", "width=8", "--epochs", "2"]) == 0
    out = capsys.readouterr().out
    ladder = [line for line in out.splitlines() if "█" in line or "░" in line]
    assert len(ladder) == 24
    assert sum("◀ best" in line for line in ladder) == 1
    assert "decades" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--low", "1", "--high", "0.1"], "low must be positive and below high"),
        (["--fix", "optimizer=adm"], "Did you mean 'adam'?"),
    ],
)
def test_what_cannot_be_used_is_said(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rates", "iris", *arguments]) == 2
    assert says in " ".join(capsys.readouterr().err.split())
