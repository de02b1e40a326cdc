"""What one file says by itself, before files are joined: small frozen values that travel between processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from .lists import Listed
from .sqltext import Alternatives


class Proof(NamedTuple):
    """The Python type that a value is proved to have, and by what."""

    type: str
    why: str


class Conversion(NamedTuple):
    """A call such as `str(x)` around a value, with what is known of the value; `drops_nothing` is left to the judge."""

    function: str
    said: str
    inner: Proof | None


class Argument(NamedTuple):
    """One argument of a call. `name` is that of the function's parameter which it is handed through from; `key` its
    keyword; `items` what a tuple, list or dict literal holds (of a dict with keys that are written out), `listed` the
    texts of the items of a list, or of the keys of a mapping. It stands in `file`."""

    said: str
    line: int
    column: int
    text: Alternatives | None = None
    proof: Proof | None = None
    name: str | None = None
    key: str | None = None
    starred: bool = False
    items: tuple[Argument, ...] | None = None
    keyed: bool = False
    conversion: Conversion | None = None
    file: str = ""
    listed: Listed | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """Why a place runs only sometimes: for another engine, or where the catalog has something."""

    engine: str | None = None
    condition: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call that may hand SQL on. `receiver` is what stands before the last dot of the `callee`, `driver` whose object
    that is known to be, `typed` the receiver by the class of its first part, where that is known. `function` is the
    qualified name of the function that it stands in. It is `told` where another function was handed the callee with the
    arguments, and may change these."""

    receiver: str
    name: str
    line: int
    column: int
    arguments: tuple[Argument, ...]
    function: str
    driver: str | None = None
    guard: Guard | None = None
    typed: str = ""
    told: bool = False

    @property
    def callee(self) -> str:
        """The dotted name that is called."""
        return f"{self.receiver}.{self.name}" if self.receiver else self.name


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method. `rest` is its `*args`, `named` its `**kwargs`; `parts` are what it returns, where that is a
    tuple; the parameters that are `empty` have None or an empty list for a default."""

    name: str
    owner: str
    parameters: tuple[str, ...]
    rest: str | None
    named: str | None
    method: bool
    returns: Alternatives | None = None
    defaults: dict[str, Alternatives] = field(default_factory=dict[str, Alternatives])
    parts: tuple[Alternatives | None, ...] = ()
    empty: frozenset[str] = frozenset()

    @property
    def qualified(self) -> str:
        """`Class.method`, `function`, `function.inner`."""
        return f"{self.owner}.{self.name}" if self.owner else self.name


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file of SQL whose queries have names (aiosql, pugsql), or that code reads whole."""

    pattern: str
    library: str | None
    line: int
    driver: str | None = None


@dataclass(frozen=True, slots=True)
class Module:
    """One file. `imports` lead from local names to dotted ones, `bases` from classes to the names of their bases,
    `classes` from `Class.attribute` to the name of the class that it holds an object of, `adapted` are types
    that it teaches drivers."""

    path: str
    name: str
    imports: dict[str, str] = field(default_factory=dict[str, str])
    constants: dict[str, Alternatives] = field(default_factory=dict[str, Alternatives])
    functions: dict[str, Function] = field(default_factory=dict[str, Function])
    bases: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    classes: dict[str, str] = field(default_factory=dict[str, str])
    calls: tuple[Call, ...] = ()
    loaded: tuple[Loaded, ...] = ()
    drivers: frozenset[str] = frozenset()
    adapted: frozenset[str] = frozenset()
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file that could not be read or parsed, and why."""

    path: str
    reason: str
    line: int = 0


class Reading(NamedTuple):
    """What one file came to: its facts, or why there are none; neither where nothing in it is about SQL. Where it
    imports a `mapper` (mappers.py), the line of that and its name."""

    lines: int
    module: Module | None = None
    unreadable: Unreadable | None = None
    mapper: tuple[int, str] | None = None
