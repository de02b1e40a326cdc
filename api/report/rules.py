"""Rules as people and scripts read of them: all in a table, one with its page."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text

from ...listener.judging.registry import Reads
from ...listener.judging.roster import Place, Roster
from ...listener.source.judgements.judgement import Judgement
from .document import SCHEMA_VERSION
from .printable import printable

PAGES = "pgmend.pages"  # docs/rules, as it is installed


def rules_document(roster: Roster) -> dict[str, Any]:
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
        ],
        "could_not_load": [{"source": lack.source, "reason": lack.reason} for lack in roster.lacks],
    }


def rules_table(roster: Roster) -> Table:
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


def judgement_page(judgement: Judgement) -> RenderableType:
    """The page on what is judged in code."""
    text = files(PAGES).joinpath(f"{judgement.issue_type.lower()}.md").read_text(encoding="utf-8")
    facts = f"severity {judgement.severity.value}; found in code by `pgmend analyze`"
    return Group(Markdown(printable(text)), Text(), Text(facts, style="dim"))


def _reads(place: Place) -> list[str]:
    return [each.name.lower() for each in Reads if each in place.rule.reads and each.name]
