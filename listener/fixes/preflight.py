"""The proofs of a plan: its checks run, read-only, before anything is changed."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg
from psycopg import AsyncConnection, AsyncCursor, sql
from psycopg.rows import TupleRow

from ..errors import ProofRefuted
from ..hand import MARK
from .composed import verbatim
from .execution.session import milliseconds
from .limits import Limits
from .plan import Check, Proof, Verdict
from .shown import shown
from .sqlstates import is_passing

_SETTINGS = """
select pg_catalog.set_config('statement_timeout', %s, true), pg_catalog.set_config('row_security', 'off', true)
"""


async def preflight(
    connection: AsyncConnection[TupleRow], checks: Sequence[Check], limits: Limits
) -> tuple[Proof, ...]:
    """A proof for each check that needs no transaction of the plan's own; one that could not be run proves nothing."""
    return tuple([await _prove(connection, check, limits) for check in checks if not check.in_transaction])


def objection(proofs: Sequence[Proof], *, alone: bool = False) -> str | None:
    """Why a plan with these proofs may not run, with the rows that speak against it; None where it may.

    Who acts `alone` needs all of them proved.
    """
    lines: list[str] = []
    for proof in proofs:
        if (
            proof.verdict is Verdict.PROVED
            or proof.forecast
            or (proof.alone and not alone and proof.verdict is Verdict.UNPROVED)
        ):
            continue
        rows = "".join(f"\n  {example}" for example in proof.counter_examples)
        verb = "does not hold" if proof.verdict is Verdict.REFUTED else "could not be proved"
        lines.append(f"{proof.name}: {verb} ({proof.figures}){rows}")
    return "\n".join(lines) or None


def forsaken(before: Sequence[Proof], now: Sequence[Proof]) -> str | None:
    """Why a plan that was queued or approved with proofs may not run: what was proved then is not any more."""
    proved = {proof.name for proof in before if proof.verdict is Verdict.PROVED}
    return objection([proof for proof in now if proof.name in proved], alone=True)


async def confirm(connection: AsyncConnection[TupleRow], checks: Sequence[Check], limits: Limits) -> None:
    """Run checks inside the caller's transaction; raises ProofRefuted with the rows of the first that does not hold.

    They are sent as one message.
    """
    if not checks:
        return
    cursor = await connection.execute(sql.SQL("; ").join(_bounded(check, limits) for check in checks))
    for check in checks:
        examples = _examples(cursor)
        cursor.nextset()
        if examples:
            raise ProofRefuted(
                f"{check.name} does not hold at the end ({check.meaning})"
                + "".join(f"\n  {example}" for example in examples[: limits.counter_examples])
            )


async def _prove(connection: AsyncConnection[TupleRow], check: Check, limits: Limits) -> Proof:
    started = time.monotonic()
    try:
        async with connection.transaction():
            await connection.execute("set transaction isolation level repeatable read, read only")
            await connection.execute(_SETTINGS, (milliseconds(limits.check_time),))
            examples = _examples(await connection.execute(_bounded(check, limits)))
            found = str(len(examples)) if len(examples) <= limits.counter_examples else await _count(connection, check)
    except psycopg.OperationalError as error:
        if connection.broken:
            raise
        return _unproved(check, error)
    except psycopg.Error as error:
        return _unproved(check, error)
    figures = f"{found} found in {time.monotonic() - started:.2f} s. {check.meaning}"
    verdict = Verdict.REFUTED if examples else Verdict.PROVED
    return Proof(check.name, verdict, figures, tuple(examples[: limits.counter_examples]))


def _unproved(check: Check, error: psycopg.Error) -> Proof:
    figures = f"it could not be run ({error.sqlstate}): {error.diag.message_primary}"
    return Proof(check.name, Verdict.UNPROVED, figures, kept_out=is_passing(error))


def _bounded(check: Check, limits: Limits) -> sql.Composed:
    """The check's query, for one row more than is shown."""
    return sql.SQL(MARK + " select * from ({}) as found limit {}").format(
        verbatim(check.query), limits.counter_examples + 1
    )


async def _count(connection: AsyncConnection[TupleRow], check: Check) -> str:
    """How many counter-examples there are."""
    cursor = await connection.execute(
        sql.SQL(MARK + " select pg_catalog.count(*) from ({}) as found").format(verbatim(check.query))
    )
    row = await cursor.fetchone()
    return str(row[0]) if row else "many"


def _examples(cursor: AsyncCursor[TupleRow]) -> list[str]:
    """The rows as `column=value, …`, in PostgreSQL's own text (Python has no date for 'infinity')."""
    result = cursor.pgresult
    assert result is not None
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    return [
        ", ".join(f"{name}={_said(result.get_value(row, column))}" for column, name in enumerate(names))
        for row in range(result.ntuples)
    ]


def _said(value: bytes | None) -> str:
    return "NULL" if value is None else shown(value.decode(errors="replace"))
