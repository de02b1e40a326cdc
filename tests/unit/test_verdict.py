"""What is told of a difference, and what of it is kept back."""

from __future__ import annotations

import pytest
from pgmend.listener.expected.difference import Aspect, Difference
from pgmend.listener.expected.portrait import ObjectKind, ObjectName, Portrayed
from pgmend.listener.expected.verdict import states, untold
from pgmend.listener.issue import definition_hash
from pgmend.listener.literals import without_literals

COLUMN = ObjectName(ObjectKind.COLUMN, "app", "Bestellungen, alt", "Schlüssel")


def difference(aspect: Aspect, before: str, after: str) -> Difference:
    return Difference(COLUMN, aspect, before, after, Portrayed(COLUMN, "text"))


def hashed(each: Difference) -> str:
    return definition_hash(*states(each), untold(each))


@pytest.mark.parametrize(
    ("aspect", "before", "after"),
    [
        ("default", "'x'::text", "'hunter2'::text"),
        ("default", "0", "4111111111111111"),
        ("default", "now()", "E'it\\'s hunter2'"),
        ("comment", "", "hunter2"),
        ("definition", "", "CREATE FUNCTION f() AS $f$ select 'hunter2' $f$"),
        ("existence", "text DEFAULT 'hunter2'::text", ""),
    ],
)
def test_no_literal_is_told_and_another_one_is_another_definition(aspect: Aspect, before: str, after: str) -> None:
    told = difference(aspect, before, after)
    assert "hunter2" not in str(states(told))
    assert "411111" not in str(states(told))
    other = difference(
        aspect, before.replace("hunter2", "other"), after.replace("hunter2", "other").replace("41", "42")
    )
    assert states(told) == states(other)
    assert hashed(told) != hashed(other)


@pytest.mark.parametrize(
    ("aspect", "before", "after"),
    [
        ("default", "now()", ""),
        ("type", "text", "character varying(12)"),
        ("name", "it's", "its"),
        ("default", "0", "1"),
    ],
)
def test_where_nothing_is_kept_back_the_words_say_it_all(aspect: Aspect, before: str, after: str) -> None:
    told = difference(aspect, before, after)
    assert untold(told) == ""
    assert hashed(told) == definition_hash(*states(told))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\"it's\" = 'hunter2'", "\"it's\" = '…'"),
        ("x > 12345 and y < 123456 and t1234567 and a$1234567", "x > 12345 and y < '…' and t1234567 and a$1234567"),
        ("$q$ ' hunter2 $q$ || b'1010' -- hunter2", "'…' || b'…' '…'"),
        ("1.5e100 + '", "'…' + '…'"),
    ],
)
def test_literals_and_long_numbers_are_the_places_of_secrets(text: str, shown: str) -> None:
    assert without_literals(text) == shown
