"""What is remembered of a table, and what of it meets the table again."""

from __future__ import annotations

import pytest
from pgmend.listener.catalog.diff import diff_table
from pgmend.listener.catalog.fingerprint import decode, encode
from pgmend.listener.catalog.snapshot import Table
from pgmend.listener.catalog.veil import lifted, veiled_setting

from .samples import TABLE

CONSTANT = "{CONST :constvalue 4 [ 104 117 110 116 ]}"
INDEX = TABLE.indexes[0]._replace(
    oid=77, name="Über", shape=f"{CONSTANT}|", definition="CREATE INDEX … ((key || 'hunter2'))", constraint=0
)
COMMENTED = TABLE._replace(
    comment="hunter2", column_comments=((1, "hunter2"), (2, "")), indexes=(*TABLE.indexes, INDEX)
)


def test_what_is_remembered_has_no_text() -> None:
    assert "hunter2" not in encode(COMMENTED)
    assert "104 117" not in encode(COMMENTED)


@pytest.mark.parametrize("stored", [decode(encode(COMMENTED)), COMMENTED], ids=["digests", "an earlier version"])
def test_what_stayed_as_it_was_is_no_change(stored: Table) -> None:
    assert lifted(stored, COMMENTED) == COMMENTED
    assert diff_table(lifted(stored, COMMENTED), COMMENTED) == ()


@pytest.mark.parametrize(
    ("now", "kinds"),
    [
        (COMMENTED._replace(comment="hunter3"), ["table_altered"]),
        (COMMENTED._replace(comment=None), ["table_altered"]),
        (COMMENTED._replace(column_comments=((1, "hunter3"), (2, ""))), ["column_altered"]),
        (COMMENTED._replace(indexes=(*TABLE.indexes, INDEX._replace(shape=f"{CONSTANT} |"))), ["index_altered"]),
        (COMMENTED._replace(indexes=(*TABLE.indexes, INDEX._replace(oid=78))), ["index_remade"]),
        (COMMENTED._replace(indexes=TABLE.indexes), ["index_dropped"]),
        (COMMENTED._replace(row_security=not TABLE.row_security), ["table_altered"]),
    ],
)
def test_only_what_moved_is_a_change_and_it_has_no_text_either(now: Table, kinds: list[str]) -> None:
    changes = diff_table(lifted(decode(encode(COMMENTED)), now), now)
    assert [each.kind.value for each in changes] == kinds
    assert "hunter" not in str([(each.before, each.after) for each in changes])


def test_of_settings_the_search_path_alone_is_kept() -> None:
    assert veiled_setting("search_path=pg_catalog, pg_temp") == "search_path=pg_catalog, pg_temp"
    assert veiled_setting("app.key=a=hunter2").startswith("app.key=#")
