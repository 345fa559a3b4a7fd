"""A finished study meets its report: the page, the script, and the result that is handed back."""

from pathlib import Path

from steepest.apps.exporting import write_script
from steepest.apps.result import Result
from steepest.experiment import folder as files
from steepest.experiment.tune import Finished
from steepest.report.facts import read_facts
from steepest.report.page import to_html
from steepest.store.opening import open_journal


def write_report(folder: Path) -> None:
    """Write `report.html` from a run folder's journal."""
    with open_journal(folder) as journal:
        files.write_text(folder / files.REPORT, to_html(read_facts(journal)))


def with_report(finished: Finished) -> Result:
    """Write the script and the page, and hand back the result."""
    folder = finished.settings.folder
    write_script(finished)
    write_report(folder)
    with open_journal(folder) as journal:
        return Result(finished, read_facts(journal))
