"""`pgmend rules` and `pgmend rule`: what is looked for, by whom, and the page on each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .asking import mustered
from .outcome import guarded
from .status import Shape, ShapeOption, as_json

if TYPE_CHECKING:
    from ...listener.judging.roster import Roster
    from ...listener.source.panel import Panel


def rules(format: ShapeOption = Shape.TEXT) -> None:
    """Every rule: what it finds, how bad that is, where it comes from, whether it judges. Asks no database."""
    roster, panel = guarded(_mustered)
    from ..report.rules import lack_texts, rules_document, rules_table

    if format is Shape.JSON:
        typer.echo(as_json(rules_document(roster, panel)))
        return
    from rich.console import Console

    console = Console(soft_wrap=True)
    console.print(rules_table(roster, panel))
    for text in lack_texts(roster):
        console.print(text)


def rule(name: Annotated[str, typer.Argument(help="Such as MISSING_INDEX or missing_index.")]) -> None:
    """The page on one rule: what is wrong, how it is found, how it is mended, when to ignore it."""
    from rich.console import Console

    from ..report.rules import judgement_page, rule_page

    roster, panel = guarded(_mustered)
    seat = panel.find(name)
    if seat is not None:
        Console().print(judgement_page(seat))
        return
    Console().print(rule_page(guarded(lambda: roster.find(name))))


def _mustered() -> tuple[Roster, Panel]:
    from ...listener.settings import load_settings
    from ...listener.source.panel import Panel

    settings = load_settings()[0]
    return mustered(settings), Panel.muster(settings)
