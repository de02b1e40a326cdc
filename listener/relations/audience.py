"""The audience: which tables listen to a name, that is, would think otherwise of a column if it changed its meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..catalog.snapshot import Oid, Table
from .appellation import readings_of
from .commentary import mentions
from .families import family
from .name_sets import Names
from .naming import read_table, spellings
from .postings import Postings
from .register import composite_key_names, foreign_key_names, free_columns, may_refer, telling_key_name
from .votes import ENOUGH

_KEY = "="


class Audience:
    """Tables by what they listen to. `add` and `remove` take the time of one table.

    Per schema, `free` has tables by the names of columns that no foreign key covers, `wanting` by the words that such a
    column's name could mean a table with (behind _KEY: a key of that name); whatever the schema, `mentioning` has them
    by the tables that their comments name, and `pointing` knows under which names a table is pointed at.
    """

    def __init__(self, tables: Iterable[Table]) -> None:
        self._free: dict[str, Postings[str]] = {}
        self._wanting: dict[str, Postings[str]] = {}
        self._mentioning: Postings[str] = Postings()
        self._pointing: dict[Oid, dict[Names, set[Oid]]] = {}
        for table in tables:
            self.add(table)

    def add(self, table: Table) -> None:
        """Let the table listen."""
        for postings, word in self._postings(table):
            postings.add(word, table.oid)
        for names, key in foreign_key_names(table):
            self._pointing.setdefault(key.table, {}).setdefault(names, set()).add(table.oid)

    def remove(self, table: Table) -> None:
        """Let the table listen no longer."""
        for postings, word in self._postings(table):
            postings.discard(word, table.oid)
        for names, key in foreign_key_names(table):
            sources = self._pointing.get(key.table, {})
            tables = sources.get(names, set())
            tables.discard(table.oid)
            if not tables and sources.pop(names, None) is not None and not sources:
                del self._pointing[key.table]

    def of_table(self, table: Table) -> set[Oid]:
        """The tables with a free column that may mean the table: by name, by siblings, by comments."""
        reached: set[Oid] = set()
        words = read_table(table.name)
        start = 0
        while words:
            for spelling in spellings(words):
                # Only the whole name is looked for across schemas.
                for schema in self._wanting if start == 0 else (table.schema,):
                    reached |= self._in(self._wanting, schema).under(spelling)
            words = words.partition("_")[2]
            start += 1
        if (key_name := telling_key_name(table)) is not None:
            reached |= self._in(self._wanting, table.schema).under(f"{_KEY}{key_name}")
        for names in self._pointing.get(table.oid, ()):
            reached |= self.of_columns(names)
        for names in composite_key_names(table):
            reached |= self.of_columns(names, [table.schema])
        return reached | self._mentioning.under(table.name)

    def pointing_at(self, table: Oid) -> set[Oid]:
        """The tables whose foreign keys refer to it."""
        return {oid for sources in self._pointing.get(table, {}).values() for oid in sources}

    def of_columns(self, names: Names, schemas: Iterable[str] | None = None) -> set[Oid]:
        """The tables of the schemas (None: all) in which all columns of those names are free."""
        reached: set[Oid] = set()
        for schema in tuple(self._free) if schemas is None else schemas:
            free = self._in(self._free, schema)
            smallest, *rest = sorted((free.under(name) for name in names), key=len)
            reached |= smallest.intersection(*rest) if rest else smallest
        return reached

    def namesakes(self, schema: str, name: str, family_name: str, tables: Mapping[Oid, Table]) -> bool:
        """Whether in ENOUGH tables of the schema a free column of that name has a type of the family."""
        found = 0
        for oid in self._in(self._free, schema).under(name):
            column = tables[oid].column_named(name)
            if column is not None and family(column.type_oid) == family_name:
                found += 1
                if found == ENOUGH:
                    return True
        return False

    def _postings(self, table: Table) -> Iterator[tuple[Postings[str], str]]:
        if not may_refer(table):
            return
        free, wanting = self._in(self._free, table.schema), self._in(self._wanting, table.schema)
        for column in free_columns(table):
            yield free, column.name
            for reading in readings_of(table, column):
                for stem in reading.stems if reading.suffix else reading.stems[:1]:
                    for spelling in stem:
                        yield wanting, spelling
                for name in reading.keys:
                    yield wanting, f"{_KEY}{name}"
        for _, comment in table.column_comments:
            for mention in mentions(comment):
                yield self._mentioning, mention.table

    @staticmethod
    def _in(by_schema: dict[str, Postings[str]], schema: str) -> Postings[str]:
        postings = by_schema.get(schema)
        if postings is None:
            postings = by_schema[schema] = Postings()
        return postings
