"""The catalog queries of `sql/catalog/`, put together in the words that a server's version understands.

Each file tells one aspect of the wanted tables as one row of arrays. All of them make one statement with one row: a
statement sees one moment even where the transaction is READ COMMITTED, and it costs one message, not a dozen. Where
everything is read they make a few, so that the values of one are made while the server is busy with the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from ...sql.scripts import packaged
from .rows import AROUND, ASPECTS

# What older servers lack, and what they would say. Before 17 a stored expression also tells where in the statement
# each part of it stood; that is no part of what it means.
_LACKING = (
    (180000, "k.conenforced", "true"),
    (180000, "k.conperiod", "false"),
    (
        170000,
        "d.adbin::pg_catalog.text",
        r"pg_catalog.regexp_replace(d.adbin::pg_catalog.text, ':location -?\d+', '', 'g')",
    ),
    (
        170000,
        "k.conbin::pg_catalog.text",
        r"pg_catalog.regexp_replace(k.conbin::pg_catalog.text, ':location -?\d+', '', 'g')",
    ),
    *(
        (170000, tree, rf"pg_catalog.regexp_replace({tree}, ':(stmt_)?(location|len) -?\d+', '', 'g')")
        for tree in (
            "t.tgqual::pg_catalog.text",
            "p.polqual::pg_catalog.text",
            "p.polwithcheck::pg_catalog.text",
            "p.prosqlbody::pg_catalog.text",
        )
    ),
    (150000, "k.confdelsetcols", "null::pg_catalog.int2[]"),
    (150000, "i.indnullsnotdistinct", "false"),
    # A partition's triggers that it has by its parent were internal ones, as those behind foreign keys are.
    (150000, "not t.tgisinternal", "(not t.tgisinternal or t.tgparentid <> 0 and t.tgconstraint = 0)"),
)


@cache
def reading(wanted: str, server_version: int, aspects: tuple[str, ...] = tuple(ASPECTS)) -> str:
    """What is to be read of the tables that the file `wanted` tells; the version is as libpq tells it (180004).

    It gives one row: the server's time, the OIDs that were looked for, and the fields of the `aspects` in their order.
    """
    return _reading(wanted, server_version, aspects, "w.taken_at, w.oids, ")


def remembering(server_version: int) -> str:
    """Has the server remember until the end of the transaction which tables are all; gives its time."""
    return text("remembered", server_version)


@cache
def reading_all(server_version: int, aspects: tuple[str, ...]) -> str:
    """One row with the fields of the `aspects`, of the tables that were remembered; it takes no parameters."""
    return _reading("wanted_again", server_version, aspects, "")


def _reading(wanted: str, server_version: int, aspects: tuple[str, ...], first: str) -> str:
    fields = ", ".join(f"{name}.*" for name in aspects)
    return (
        f"with wanted as materialized (\n{text(wanted, server_version)})\n"
        f"select {first}{fields}\nfrom wanted as w\ncross join {_joined(aspects, server_version)}"
    )


@cache
def reading_around(server_version: int) -> str:
    """What is to be read of the surroundings: one row with the fields of `AROUND`; it takes no parameters."""
    return f"select {', '.join(f'{name}.*' for name in AROUND)}\nfrom {_joined(AROUND, server_version)}"


def _joined(aspects: Iterable[str], server_version: int) -> str:
    return "\ncross join ".join(f"(\n{text(name, server_version)}) as {name}" for name in aspects)


@cache
def text(name: str, server_version: int) -> str:
    """One file."""
    return older(packaged().joinpath("catalog", f"{name}.sql").read_text(encoding="utf-8"), server_version)


def older(query: str, server_version: int) -> str:
    """The query in the words of that server."""
    for since, newer, older in _LACKING:
        if server_version < since:
            query = query.replace(newer, older)
    return query
