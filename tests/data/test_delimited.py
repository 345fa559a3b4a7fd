"""Text tables: separators, headers, quotes, encodings."""

from pathlib import Path

import pytest

from steepest.data.delimited import infer_header, look, read_delimited

HEADLESS = "No header"


def write(folder: Path, content: str, name: str = "t.csv", encoding: str = "utf-8") -> Path:
    (folder / name).write_bytes(content.encode(encoding))
    return folder / name


@pytest.mark.parametrize(
    ("rows", "header"),
    [
        ([["a", "b"], ["1", "x"], ["2", "y"]], True),
        ([["a", "b"], ["1", "2"]], True),
        ([["1", "x"], ["2", "y"]], False),
        ([["x", "y"], ["x", "z"], ["w", "y"]], False),
        ([["name", "town"], ["x", "y"], ["w", "z"]], True),
        ([["?", "x"], ["2", "y"]], False),
        ([["", "b"], ["0", "1"], ["1", "2"]], True),
        ([["", "Private"], ["39", "Private"]], False),
        ([["yes", "yes"], ["no", "maybe"]], False),
        ([["a", "b"]], True),
        ([["void", "x"], ["", "u"], ["", "v"]], True),
    ],
    ids=str,
)
def test_header_is_inferred(rows: list[list[str]], header: bool) -> None:
    assert infer_header(rows)[0] == header


def test_header_can_be_forced(tmp_path: Path) -> None:
    path = write(tmp_path, "1,2\n3,4\n5,6\n")
    assert look(path).names == ("0", "1")
    frame, notes = read_delimited(path, header=True)
    assert (list(frame.columns), len(frame), notes) == (["1", "2"], 2, ())
    frame, _ = read_delimited(write(tmp_path, "a,b\n3,4\n"), header=False)
    assert (list(frame.columns), len(frame)) == (["0", "1"], 2)


@pytest.mark.parametrize(("separator", "word"), [(";", "semicolons"), ("\t", "tabs"), ("|", "vertical bars")])
def test_separators_are_found_and_said(tmp_path: Path, separator: str, word: str) -> None:
    rows = ["a,b,c", "1,,x", '2,"3",y', " 4 ,5, z "]
    frame, notes = read_delimited(write(tmp_path, "\n".join(rows).replace(",", separator)))
    assert frame["a"].tolist() == [1, 2, 4]
    assert frame["b"].tolist()[1:] == [3, 5]
    assert frame["b"].isna().tolist() == [True, False, False]
    assert [value.strip() for value in frame["c"]] == ["x", "y", "z"]
    assert notes == (f"Cells are separated by {word}.",)


def test_tabs_in_tsv_need_no_words(tmp_path: Path) -> None:
    assert look(write(tmp_path, "a\tb\n1\t2\n", "t.tsv")).notes == ()


def test_separators_and_line_ends_inside_quotes_are_text(tmp_path: Path) -> None:
    frame, _ = read_delimited(write(tmp_path, 'n,said\n1,"a, b"\n2,"line\nbreak"\n3,"say ""no"""\n'))
    assert frame["said"].tolist() == ["a, b", "line\nbreak", 'say "no"']


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, ending: str) -> None:
    path = write(tmp_path, ending.join(["größe,b", "1,ä", "2,ö", ""]), encoding=encoding)
    frame, _ = read_delimited(path)
    assert list(frame.columns) == ["größe", "b"]
    assert frame["b"].tolist() == ["ä", "ö"]


def test_unnamed_columns_are_numbered(tmp_path: Path) -> None:
    assert look(write(tmp_path, ",b,\n0,1,2\n1,2,3\n")).names == ("0", "b", "2")


def test_a_single_column_is_a_table(tmp_path: Path) -> None:
    frame, notes = read_delimited(write(tmp_path, "5\n6\n7\n"))
    assert frame["0"].tolist() == [5, 6, 7]
    assert notes[0].startswith(HEADLESS)
