"""A finished study meets its report: the page, the script, and the result that is handed back."""

from steepest.apps.exporting import write_script
from steepest.apps.result import Result
from steepest.experiment import folder as files
from steepest.experiment.tune import Finished
from steepest.report.facts import read_facts
from steepest.report.page import to_html
from steepest.store.opening import open_journal


def with_report(finished: Finished) -> Result:
    """Write the script and the page, and hand back the result."""
    write_script(finished)
    with open_journal(finished.settings.place) as journal:
        facts = read_facts(journal)
    files.write_text(finished.settings.folder / files.REPORT, to_html(facts))
    return Result(finished, facts)
