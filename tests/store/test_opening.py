import pytest

from steepest.base.errors import StoreError
from steepest.store import open_journal, opening


def test_a_folder_and_its_file_are_the_same_place(tmp_path):
    open_journal(tmp_path / "runs" / "a", create=True).close()
    assert (tmp_path / "runs" / "a" / "study.db").is_file()
    open_journal(tmp_path / "runs" / "a").close()
    open_journal(tmp_path / "runs" / "a" / "study.db").close()


def test_a_closed_journal_is_one_file(tmp_path):
    open_journal(tmp_path, create=True).close()
    assert [file.name for file in tmp_path.iterdir()] == ["study.db"]


def test_an_unknown_kind_of_store_is_refused():
    with pytest.raises(
        StoreError, match=r"^http:// is not a place for a study\. Give a folder, a file or postgresql:"
    ):
        open_journal("http://somewhere/study.db")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (ModuleNotFoundError("No module named 'psycopg'", name="psycopg"), "No module named 'psycopg'"),
        (ImportError("no pq wrapper available."), "no pq wrapper available"),
    ],
)
def test_a_missing_driver_is_named_with_what_installs_it(missing, said, monkeypatch):
    def fail(_name):
        raise missing

    monkeypatch.setattr(opening, "import_module", fail)
    with pytest.raises(StoreError, match=rf"{said}.*pip install 'steepest\[postgres\]'"):
        open_journal("postgresql://ada:secret@localhost/studies?study=wine")
