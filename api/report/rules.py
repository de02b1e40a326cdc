"""Rules as people and scripts read of them: all in a table, one with its page."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from ...listener.judging.registry import BUILT_IN, Reads
from ...listener.judging.roster import Place, Roster
from ...listener.source.panel import Panel, Seat
from .document import SCHEMA_VERSION
from .printable import printable

PAGES = "pgmend.pages"  # docs/rules, as it is installed


def rules_document(roster: Roster, panel: Panel) -> dict[str, Any]:
    """What `pgmend rules --format json` prints."""
    return {
        "schema_version": SCHEMA_VERSION,
        "rules": [
            {
                "issue_type": place.rule.issue_type,
                "rule": place.rule.stem,
                "severity": (place.settings.severity or place.rule.severity).value,
                "source": place.rule.source,
                "enabled": place.off is None,
                "why_not": place.off,
                "reads": _reads(place),
                "exclude": list(place.settings.exclude),
                "automatic": roster.why_not_automatic(place.rule.issue_type) is None,
                "summary": place.rule.summary,
            }
            for place in roster.places
        ]
        + [
            {
                "issue_type": seat.judgement.issue_type,
                "rule": seat.judgement.issue_type.lower(),
                "severity": _severity(seat),
                "source": BUILT_IN,
                "enabled": seat.off is None,
                "why_not": seat.off,
                "reads": ["code"],
                "exclude": list(seat.settings.exclude),
                "automatic": False,
                "summary": seat.summary,
            }
            for seat in panel.seats
        ],
        "could_not_load": [{"source": lack.source, "reason": lack.reason} for lack in roster.lacks],
    }


def rules_table(roster: Roster, panel: Panel) -> Table:
    """One line for each rule."""
    table = Table(title="Rules", title_justify="left", header_style="bold")
    table.add_column("type", no_wrap=True)
    for column in ("severity", "source", "enabled", "reads", "finds"):
        table.add_column(column, overflow="fold")
    for place in roster.places:
        rule = place.rule
        severity = (place.settings.severity or rule.severity).value
        cells = (rule.issue_type, severity, rule.source, "no" if place.off else "yes", " ".join(_reads(place)))
        table.add_row(*(Text(printable(cell)) for cell in (*cells, rule.summary)))
    for seat in panel.seats:
        enabled = "no" if seat.off else "yes"
        cells = (seat.judgement.issue_type, _severity(seat), BUILT_IN, enabled, "code", seat.summary)
        table.add_row(*(Text(printable(cell)) for cell in cells))
    return table


def lack_texts(roster: Roster) -> Iterator[Text]:
    """A line for each source whose rules could not be loaded."""
    for lack in roster.lacks:
        yield Text(printable(lack.reason), style="bold magenta")


def rule_page(place: Place) -> RenderableType:
    """A built-in rule's page of the docs; what an own rule says of itself."""
    rule = place.rule
    if rule.own:
        text = f"# {rule.issue_type}\n\n{rule.judge.__doc__ or 'Its function has no docstring.'}\n"
    else:
        text = files(PAGES).joinpath(f"{rule.stem}.md").read_text(encoding="utf-8")
    severity = (place.settings.severity or rule.severity).value
    facts = f"severity {severity}; reads {', '.join(_reads(place))}; from {rule.source}"
    off = [] if place.off is None else [Text(printable(place.off), style="yellow")]
    return Group(Markdown(printable(text)), Text(), Text(printable(facts), style="dim"), *off)


def judgement_page(seat: Seat) -> RenderableType:
    """The page on what is judged in code."""
    text = files(PAGES).joinpath(f"{seat.judgement.issue_type.lower()}.md").read_text(encoding="utf-8")
    facts = f"severity {_severity(seat)}; found in code by `pgmend analyze`"
    off = [] if seat.off is None else [Text(printable(seat.off), style="yellow")]
    return Group(Markdown(printable(text)), Text(), Text(facts, style="dim"), *off)


def _severity(seat: Seat) -> str:
    return (seat.settings.severity or seat.judgement.severity).value


def _reads(place: Place) -> list[str]:
    return [each.name.lower() for each in Reads if each in place.rule.reads and each.name]
