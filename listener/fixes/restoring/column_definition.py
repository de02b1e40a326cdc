"""A column that is stored, numbered or computed otherwise than expected: what differs is set, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from pglast.enums import AlterTableType

from ...expected.portrait import Portrayed
from ..plan import Plan
from .alteration import Alteration, alter, alter_table
from .column_identity import restore_identity
from .found import read_found
from .generated_column import restore_generation
from .options import options_turned
from .place import quote, said_of
from .subject import Subject

_WORD = "case {letter} when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end"
_USUAL = f"(select {_WORD.format(letter='t.typstorage')} from pg_catalog.pg_type t where t.oid = o.atttypid)"
_STORAGE = f"nullif({_WORD.format(letter='o.attstorage')}, {_USUAL})"
_COMPRESSION = "case o.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end"
_STATISTICS = "nullif(o.attstattarget, -1)::pg_catalog.text"
_OPTIONS = "pg_catalog.array_to_string(o.attoptions, ', ')"


async def restore_column_definition(subject: Subject) -> Plan:
    """Storage, compression, statistics, options, identity and expression as expected, in one transaction."""
    assert subject.column
    found = await read_found(subject)
    generation = await restore_generation(subject, found)
    if generation is not None and generation.anew:
        # The column is made with all that is said of it.
        return await alter(subject, "the expression", [generation.alteration])
    alterations = [
        *([generation.alteration] if generation else []),
        *await restore_identity(subject, found),
        *_settings(subject, found, await subject.value(said_of(subject.name, _USUAL))),
    ]
    return await alter(subject, "the definition", alterations)


def _settings(subject: Subject, found: Portrayed, usual: str) -> Iterator[Alteration]:
    """What is set by one word, and touches no row that is there."""
    settings = (
        ("storage", _STORAGE, "set storage {}", usual, AlterTableType.AT_SetStorage, False),
        ("compression", _COMPRESSION, "set compression {}", "default", AlterTableType.AT_SetCompression, False),
        ("statistics", _STATISTICS, "set statistics {}", "-1", AlterTableType.AT_SetStatistics, True),
    )
    wanted, there = subject.expected.fields, found.fields
    for field, state, words, none, command, gentle in settings:
        if wanted.get(field) != there.get(field):
            yield Alteration(
                state=said_of(subject.name, state),
                wanted=wanted.get(field),
                there=(_alter(subject, words.format(wanted.get(field, none)), command),),
                back=(_alter(subject, words.format(there.get(field, none)), command),),
                gentle=gentle,
            )
    if wanted.get("options") != there.get("options"):
        yield Alteration(
            state=said_of(subject.name, _OPTIONS),
            wanted=wanted.get("options"),
            there=tuple(_options(subject, there.get("options"), wanted.get("options"))),
            back=tuple(_options(subject, wanted.get("options"), there.get("options"))),
            gentle=True,
        )


def _options(subject: Subject, old: str | None, new: str | None) -> Iterator[str]:
    for action in options_turned(old, new):
        command = AlterTableType.AT_SetOptions if action.startswith("set") else AlterTableType.AT_ResetOptions
        yield _alter(subject, action, command)


def _alter(subject: Subject, action: str, command: AlterTableType) -> str:
    name = subject.name
    return alter_table((name.schema, name.relation), f"alter column {quote(name.name)} {action}", command)
