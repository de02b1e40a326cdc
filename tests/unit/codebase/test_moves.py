"""What of the schema's moves is told to whoever reads the code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pgmend.listener.catalog.change import Change, ChangeKind
from pgmend.listener.codebase.account import Moved
from pgmend.listener.codebase.watch import moved
from pgmend.listener.event import Event
from pgmend.listener.judging.outcome import Outcome

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(object_type: str, identity: str | None) -> Event:
    return Event("e", NOW, 1, "command", "ALTER", object_type, "s", identity, 1, 1, "r", None, 1, None)


def outcome(*changes: Change) -> Outcome:
    return Outcome((), (), (), changes, frozenset(), 0, 0)


@pytest.mark.parametrize(
    ("told", "names"),
    [
        (event("table", "public.orders"), {"orders"}),
        (event("table", 'public."Straße ""1"""'), {'Straße "1"'}),
        (event("table", '"a.b"."c.d"'), {"c.d"}),
        (event("table column", "public.orders.total"), {"orders", "total"}),
        (event("function", "public.f(pg_catalog.int4,text)"), {"f"}),
        (event("table constraint", "k on public.orders"), {"orders"}),
    ],
)
def test_an_event_names_what_it_is_about(told: Event, names: set[str]) -> None:
    news = moved("event", [told], outcome())
    assert (news.names.keys(), set(news.names.values()), news.everything) == (names, {"e"}, False)


@pytest.mark.parametrize("told", [event("type", "public.mood"), event("schema", "app"), event("table", None)])
def test_what_no_name_tells_has_all_judged_again(told: Event) -> None:
    assert moved("event", [told], outcome()).everything


def test_a_renamed_table_has_both_names_and_a_scan_or_a_change_without_events_is_about_everything() -> None:
    names: dict[str, Any] = {"before": {"name": "Aufträge"}, "after": {"name": "orders"}}
    change = Change(ChangeKind.TABLE_RENAMED, 1, "public", "orders", "", event_id="e", **names)
    news = moved("event", [event("table", "public.orders")], outcome(change))
    assert news == Moved({"orders": "e", "Aufträge": "e"})
    assert moved("event", [], outcome(change)).everything
    assert moved("safety", [], outcome()).everything
    assert moved("event", [], outcome()) == Moved()
