import pytest

from steepest.base.errors import StoreError
from steepest.store import open_journal


def test_a_folder_and_its_file_are_the_same_place(tmp_path):
    open_journal(tmp_path / "runs" / "a", create=True).close()
    assert (tmp_path / "runs" / "a" / "study.db").is_file()
    open_journal(tmp_path / "runs" / "a").close()
    open_journal(tmp_path / "runs" / "a" / "study.db").close()


def test_a_closed_journal_is_one_file(tmp_path):
    open_journal(tmp_path, create=True).close()
    assert [file.name for file in tmp_path.iterdir()] == ["study.db"]


@pytest.mark.parametrize("place", ["postgresql://host/study", "http://somewhere/study.db"])
def test_an_unknown_kind_of_store_is_refused(place):
    with pytest.raises(StoreError, match=r"is not a place for a study\. Give a folder or a file"):
        open_journal(place)
