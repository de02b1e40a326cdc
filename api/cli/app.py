"""`pgmend`: the commands and where each lives. A command's imports come when it runs, so that each starts quickly."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from . import analyze, automatic, check, demo, expect, fixing, installation, issues, migration, rules, start, status

app = typer.Typer(
    name="pgmend",
    help="Mends PostgreSQL schemas by itself: hears every DDL, judges with evidence, heals, and keeps the undo.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"pgmend {version('pgmend')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


app.command("demo")(demo.demo)
app.command("install")(installation.install)
app.command("uninstall")(installation.uninstall)
app.command("check")(check.check)
app.command("analyze")(analyze.analyze)
app.command("plan")(fixing.plan)
app.command("start")(start.start)
app.command("fix")(fixing.fix)
app.command("rollback")(fixing.rollback)
app.command("migration")(migration.migration)
app.command("status")(status.status)
app.command("issues")(issues.issues)
app.command("history")(status.history)
app.command("ignore")(issues.ignore)
app.command("rules")(rules.rules)
app.command("rule")(rules.rule)
app.command("auto")(automatic.auto)
app.command("pause")(automatic.pause)
app.command("resume")(automatic.resume)
app.add_typer(expect.app)


def main() -> None:
    """The console script."""
    app()
