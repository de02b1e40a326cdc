"""Tests of own rules without a server: a schema in a few words, what a rule finds in it.

    from pgmend.testing import judged

    def test_prices_are_numeric():
        (issue,) = judged("shop.items: id int pk, price money", acme_no_money)
        assert issue.column == "price"

`pgmend.testing.text` says how a schema is written. `altered` changes what the words do not say, `scene` adds counts of
rows and past changes. docs/own-rules.md is the guide.
"""

from .alteration import altered, dropped, put, retyped, table, without
from .scenes import counted, counting, judged, link, scene
from .text import FIRST_TABLE, NOON, STEP, TYPES, snapshot

__all__ = [
    "FIRST_TABLE",
    "NOON",
    "STEP",
    "TYPES",
    "altered",
    "counted",
    "counting",
    "dropped",
    "judged",
    "link",
    "put",
    "retyped",
    "scene",
    "snapshot",
    "table",
    "without",
]
