"""A tree of files with cases in them, and what has to be said of each."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .apart import HELPERS, LIBRARIES, aiosql, helped, pugsql
from .code import Code, Draft
from .forms import FORMS, Form
from .ground import Ground, Kind, Needs
from .plants import KINDS
from .quiet import QUIET, Still, quiet_source
from .routes import PREAMBLE, ROUTES, Journey, Source, direct
from .schema import Schema
from .sender import Sender, Style, senders

_IN_A_FILE = 8


@dataclass(frozen=True)
class Case:
    """One piece of code. Where something is `planted`, an issue of that type has to be told of it, of the name
    `missing` if that is one."""

    number: int
    sender: str
    issue_type: str
    variant: str
    form: str
    route: str
    planted: bool
    missing: str
    source: Source = field(compare=False)
    mark: str = ""


@dataclass
class Written:
    """A tree on disk. `cases` is by file and line, first lines only."""

    root: Path
    cases: list[Case]
    places: dict[str, list[tuple[int, Case]]]
    texts: dict[str, list[str]]

    def case(self, file: str, line: int) -> Case | None:
        """Whose code that line is."""
        started = [case for first, case in self.places.get(file, ()) if first <= line]
        return started[-1] if started else None

    def lines(self, case: Case) -> set[tuple[str, int]]:
        """Where the name that is missing in a case is written."""
        found: set[tuple[str, int]] = set()
        for file, places in self.places.items():
            for place, (first, each) in enumerate(places):
                if each.number == case.number and each.planted == case.planted:
                    last = places[place + 1][0] if place + 1 < len(places) else len(self.texts[file]) + 1
                    lines = enumerate(self.texts[file][first - 1 : last - 1], first)
                    found |= {(file, number) for number, text in lines if case.mark in text}
        return found


def cases(tree: str, number: int, seed: int, schema: Schema) -> Iterator[Case]:
    """Cases for one driver: each way to be wrong and its twin, and between them what is to be left alone."""
    those = list(senders(tree))
    kinds = [kind for kind in KINDS if any(kind.suits(each) for each in those)]
    made = 0
    for place in range(number * 4):
        chance = random.Random(f"{seed} {tree} {place}")
        if place % 9 == 8:
            name = list(QUIET)[place // 9 % len(QUIET)]
            sender = chance.choice(those)
            source = quiet_source(Still(place, chance, schema, sender), name)
            yield Case(place, sender.name, "", name, "quiet", "quiet", False, "", source)
            made += 1
        elif place % 9 == 7:
            for case in _apart(place, f"{seed} {tree} {place}", those, schema):
                made += 1
                yield case
        else:
            kind = kinds[(place + seed * 31) % len(kinds)]
            sender = chance.choice([each for each in those if kind.suits(each)])
            for case in _pair(place, f"{seed} {tree} {place}", kind, sender, schema):
                made += 1
                yield case
        if made >= number:
            return


def _pair(number: int, seed: str, kind: Kind, sender: Sender, schema: Schema) -> Iterator[Case]:
    """The wrong code and its twin."""
    for planted in (True, False):
        own = number * 2 + planted + 100_000
        chance = random.Random(seed)
        ground = Ground(own, chance, schema, sender, planted=planted)
        plant = kind.plant(ground)
        pieces = sender.written(plant.words, plant.style)
        draft = Draft(own, chance, sender, plant.words, pieces)
        form, code = _formed(draft, kind)
        route, source = _routed(Journey(draft, code, plant), kind)
        mark = ground.mark if ground.mark in plant.missing else ""
        yield Case(
            own, sender.name, kind.issue_type, kind.variant, form.name, route, planted, plant.missing, source, mark
        )


def _apart(number: int, seed: str, those: Sequence[Sender], schema: Schema) -> Iterator[Case]:
    """The same of what no call has."""
    plain = [each for each in those if each.style is not Style.PYFORMAT]
    for planted in (True, False):
        own = number * 2 + planted + 100_000
        chance = random.Random(seed)
        ground = Ground(own, chance, schema, chance.choice(plain), planted=planted)
        library = "pugsql" if ground.sender.tree == "sqlalchemy" else "aiosql"
        if number // 9 % 2 and (ground.sender.tree in LIBRARIES or library == "pugsql"):
            kind = chance.choice([each for each in KINDS if each.needs is not Needs.VALUES])
            plant = kind.plant(ground)
            draft = Draft(own, chance, ground.sender, plant.words, ground.sender.written(plant.words, Style.COLON))
            source, issue_type, form = (pugsql if library == "pugsql" else aiosql)(draft), kind.issue_type, library
            variant = kind.variant
        else:
            variant = list(HELPERS)[number // 9 % len(HELPERS)]
            issue_type, help_ = HELPERS[variant]
            (source, plant), form = helped(ground, help_), "helper without SQL"
        mark = ground.mark if ground.mark in plant.missing else ""
        yield Case(own, ground.sender.name, issue_type, variant, form, form, planted, plant.missing, source, mark)


def _formed(draft: Draft, kind: Kind) -> tuple[Form, Code]:
    tree = draft.sender.tree
    fitting = [each for each in FORMS if kind.needs in each.keeps and (each.trees is None or tree in each.trees)]
    while True:
        form = draft.chance.choice(fitting)
        code = form.write(draft)
        if code is not None:
            return form, code


def _routed(journey: Journey, kind: Kind) -> tuple[str, Source]:
    chance = journey.draft.chance
    if chance.random() < 0.5:
        return "direct", direct(journey)
    fitting = [name for name, (_, keeps) in ROUTES.items() if kind.needs in keeps]
    while True:
        name = chance.choice(fitting)
        source = ROUTES[name][0](journey)
        if source is not None:
            return name, source


def write(root: Path, tree: str, number: int, seed: int, schema: Schema) -> Written:
    """The tree of one driver in that folder."""
    (root / "__init__.py").write_text("")
    made = list(cases(tree, number, seed, schema))
    places: dict[str, list[tuple[int, Case]]] = {}
    texts: dict[str, list[str]] = {}
    imports = list(dict.fromkeys(line for each in senders(tree) for line in each.imports))
    head = [*PREAMBLE, *imports, "from psycopg import sql" if tree == "psycopg" else "from psycopg2 import sql"]
    if tree not in ("psycopg", "psycopg2", "aiopg"):
        head.pop()
    for start in range(0, len(made), _IN_A_FILE):
        name = f"part_{start // _IN_A_FILE}.py"
        lines = list(head)
        places[name] = []
        for case in made[start : start + _IN_A_FILE]:
            places[name].append((len(lines) + 1, case))
            lines += [*"\n\n".join(case.source.module).splitlines(), ""]
            for file, text in case.source.files.items():
                (root / file).parent.mkdir(exist_ok=True)
                (root / file).write_text(text, encoding="utf-8")
                places[file] = [(1, case)]
                texts[file] = text.splitlines()
        (root / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
        texts[name] = lines
    return Written(root, made, places, texts)
