"""Which lines a comment speaks of, and which comments are told as no use."""

from __future__ import annotations

from pathlib import Path

import pytest
from pgmend.listener.source.folder import find_files
from pgmend.listener.source.remarks import Remarks

WHY = "pgmend: ignore[UNKNOWN_COLUMN] because"
PLACES = {
    "the line that it stands on": (f"a = 1\nb = 2  # {WHY}\nc = 3\n", (2, 2)),
    "all of the statement that ends there": (f"x.execute(\n    'select a',\n    1,\n)  # {WHY}\n", (1, 4)),
    "all of the statement that begins there": (f"x.execute(  # {WHY}\n    'select a',\n)\ny = 1\n", (1, 3)),
    "a line within a statement": (f"Q = {{\n    'a': 'select a',  # {WHY}\n    'b': 'select b',\n}}\n", (2, 2)),
    "all of the string that ends there": (f"Q = [\n    '''\n    select a\n    ''',  # {WHY}\n    'b',\n]\n", (2, 4)),
    "the next statement": (f"# {WHY}\n\n# more\nx.execute(\n    'select a'\n)\ny = 1\n", (4, 6)),
    "the next line within a statement": (f"Q = [\n    # {WHY}\n    'select a',\n    'b',\n]\n", (3, 3)),
    "the next string within a statement": (f"Q = [\n    # {WHY}\n    '''\n    a\n    ''',\n    'b',\n]\n", (3, 5)),
    "the head of a block": (f"def f():  # {WHY}\n    x.execute('select a')\n", (1, 1)),
    "nothing": (f"x = 1\n# {WHY}\n", (2, 2)),
    "a line of SQL": (f"x.execute('''\n    select a -- {WHY}\n    from b\n''')\n", (2, 2)),
    "the next line of SQL": (f"x.execute('''\n    -- {WHY}\n    select a\n''')\n", (2, 3)),
    "a line of SQL with holes": (f"x.execute(f'''\n    select {{a}},\n b -- {WHY}\n''')\n", (3, 3)),
}


def written(folder: Path, text: str, name: str = "app.py") -> Remarks:
    (folder / name).write_text(text, encoding="utf-8")
    return Remarks.of(find_files(folder))


@pytest.mark.parametrize("case", PLACES)
def test_it_speaks_of(tmp_path: Path, case: str) -> None:
    text, span = PLACES[case]
    (remark,) = written(tmp_path, text).usable
    assert (remark.first, remark.last) == span
    assert (remark.types, remark.reason) == (("UNKNOWN_COLUMN",), "because")


def test_files_of_sql_have_them_too(tmp_path: Path) -> None:
    found = written(tmp_path, f"-- name: get\n-- {WHY}\nselect a\nfrom b -- {WHY}\n", "q.sql")
    assert [(each.first, each.last) for each in found.usable] == [(2, 3), (4, 4)]


def test_several_types_by_either_name(tmp_path: Path) -> None:
    (remark,) = written(tmp_path, "a = 1  #pgmend:ignore[ unknown_table , INVALID_SQL] größer als\n").usable
    assert (remark.types, remark.reason) == (("UNKNOWN_TABLE", "INVALID_SQL"), "größer als")


WRONG = {
    "# pgmend: ignore[UNKNOWN_COLUMN]": "it has no reason",
    "# pgmend: ignore because": "it names no issue type",
    "# pgmend: ignore[] because": "it names no issue type",
    "# pgmend: ignore[UNKNOWN_COLUM] because": "no UNKNOWN_COLUM is found",
    "# pgmend: ignore[UNKNOWN_COLUMN, NOTHING] because": "no NOTHING is found",
}


@pytest.mark.parametrize("comment", WRONG)
def test_what_cannot_be_used_is_told(tmp_path: Path, comment: str) -> None:
    found = written(tmp_path, f"x = 1\ny = 2  {comment}\n")
    assert not found.usable
    (complaint,) = found.complaints
    assert complaint.startswith("the comment at app.py:2 is not used: ")
    assert WRONG[comment] in complaint


@pytest.mark.parametrize(
    "text",
    [
        f"SAID = '# {WHY}'\n",
        "# pgmend: ignored it all the time\n",
        "# pgmend:\n# ignore[UNKNOWN_COLUMN] because\n",
        f"def f(:\n    x = 1  # {WHY}\n",
        "x = '''\n# pgmend: ",
    ],
)
def test_what_is_no_such_comment_is_none(tmp_path: Path, text: str) -> None:
    found = written(tmp_path, text)
    assert [each.types for each in found.usable if "def f(:" not in text] == []
    assert found.complaints == ()
