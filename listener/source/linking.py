"""Calls joined over all files: what reaches a driver, through whatever wrappers, with which text and which values.

A function that hands a parameter on to a driver is a sink itself, and so is one that puts its parameters into a text
(`select_one(table=…, columns=[…])`): each of its callers gives them. So on until nothing new is found.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from .drivers import drivers, outermost, sinks_named
from .drivers.driver import Binding, Sink
from .extracted import CodeStatement, Dynamic, Site
from .facts import Argument, Call, Function, Guard, Module
from .guards import engine_named
from .handing import argument_for, as_part, given, handed_through, nothing, values
from .likeness import OF_DATABASES, SQL, TELLING, names_a_table
from .liveness import engine_of, standing
from .namespace import Namespace
from .secret import cut
from .sqltext import (
    Alternatives,
    Hole,
    HoleKind,
    Parameter,
    Piece,
    Text,
    Written,
    concatenated,
    is_pointless,
    parameters,
)
from .telling import told

MOST_WRAPPERS: Final = 6


@dataclass(frozen=True, slots=True)
class _Sent:
    """A text on its way: at which call it is now, and how it goes on from there. `call_module` is where the values
    are."""

    text: Text
    module: Module
    call: Call
    driver: str | None
    binding: Binding
    arguments: tuple[Argument, ...] | None
    keyed: bool
    sure: bool
    rewrites: bool = False
    composed: bool = False
    through: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()


class Linker:
    """Follows texts from the calls of drivers to those who write them."""

    def __init__(self, modules: Iterable[Module], namespace: Namespace) -> None:
        self._modules = list(modules)
        self._names = namespace
        self._calls: defaultdict[str, list[tuple[Module, Call]]] = defaultdict(list)
        self._definitions: defaultdict[str, list[tuple[Module, Function]]] = defaultdict(list)
        for module in self._modules:
            for function in module.functions.values():
                self._definitions[function.name].append((module, function))
        self._sending = [
            (module, each)
            for module in self._modules
            for call in module.calls
            for each in (call, *told(call, module, namespace, self._definitions))
        ]
        self._meant: dict[int, Function | None] = {}
        for module, call in self._sending:
            self._calls[call.name].append((module, call))
            renamed = call.name in module.imports and call.name not in self._definitions
            if renamed and (function := self._target(module, call)) is not None:
                self._calls[function.name].append((module, call))
        used = {
            driver.partition(" ")[0]
            for module in self._modules
            for driver in module.drivers
            if drivers()[driver].foreign is None
        }
        only = outermost(used)
        self._only = only[0] if len(only) == 1 else None
        everywhere = {driver for module in self._modules for driver in module.drivers}
        # Which cursors a connection makes is said where it is made: then either style may be meant.
        self._adapted = frozenset(each for module in self._modules for each in module.adapted)
        self._chosen_by_cursor = frozenset({"psycopg"} if "psycopg raw" in everywhere else ())
        self._found: dict[tuple[object, ...], CodeStatement] = {}
        self._dynamic: dict[Site, Dynamic] = {}
        self._helpers: set[str] = set()
        self._engines = {
            (module.path, found.qualified): engine
            for module in self._modules
            for call in module.calls
            if (engine := engine_named(call.receiver)) is not None
            for argument in call.arguments
            for _, found in namespace.functions("", argument.said, module, call.function)
        }
        # With None in them: they are sent only where nobody asks whether it is None, which is where all others are so.
        self._pointless: list[_Sent] = []
        self._arrive: Callable[[_Sent], None] = self._arrived

    def link(self) -> tuple[tuple[CodeStatement, ...], tuple[Dynamic, ...]]:
        """The statements by file and line, and the calls whose SQL is dynamic."""
        self._follow(self._arrived)
        return (
            tuple(sorted(self._found.values(), key=lambda each: (each.site, each.call))),
            tuple(self._dynamic[site] for site in sorted(self._dynamic)),
        )

    def helpers(self) -> set[str]:
        """The names of functions that make SQL of what their callers give, and of classes whose constructors do."""
        self._follow(lambda _: None)
        return self._helpers

    def _follow(self, arrived: Callable[[_Sent], None]) -> None:
        self._arrive = arrived
        waiting = deque(sent for module, call in self._sending for sent in self._begun(module, call))
        seen: set[tuple[object, ...]] = set()
        while waiting:
            sent = waiting.popleft()
            key = (sent.module.path, sent.call.line, sent.call.column, sent.text, sent.rewrites)
            if key in seen:
                continue
            seen.add(key)
            waiting.extend(self._followed(sent))
        sites = {each.call for each in self._found.values()}
        for sent in self._pointless:
            if Site(sent.module.path, sent.call.line, sent.call.column) not in sites:
                self._arrive(sent)

    def _begun(self, module: Module, call: Call) -> Iterator[_Sent]:
        """What a call sends to a driver by itself."""
        known = sinks_named().get(call.name)
        if known is None:
            return
        driver, sink = self._sink(module, call, known)
        if sink is None or self._is_own(module, call):
            return
        argument = given(call, sink.position, sink.keywords)
        if argument is None:
            return
        texts = argument.text
        foreign = driver is not None and call.driver is not None
        named = any(call.name in drivers()[name].functions for name, _ in known)
        sure = foreign or named or OF_DATABASES.search(call.receiver) is not None
        if texts is None:
            if sure and argument.proof is None:
                self._add_dynamic(module, call, argument.said)
            return
        handed, keyed = values(call, argument, sink)
        for text in texts:
            for resolved in self._names.resolved(text, module, call.function):
                sent = _Sent(
                    resolved,
                    module,
                    call,
                    driver,
                    sink.binding,
                    handed,
                    keyed,
                    sure,
                    call.told,
                    guards=(call.guard,) if call.guard else (),
                )
                if is_pointless(sent.text):
                    self._pointless.append(sent)
                else:
                    yield sent

    def _sink(self, module: Module, call: Call, known: tuple[tuple[str, Sink], ...]) -> tuple[str | None, Sink | None]:
        """The driver that is called, where it can be told, and how the method takes SQL."""
        by_driver = dict(known)
        if call.driver is not None:
            return call.driver, by_driver.get(call.driver)
        imported = [name for name in by_driver if name in module.drivers]
        ours = outermost(name for name in imported if drivers()[name].foreign is None)
        if len(ours) == 1:
            return ours[0], by_driver[ours[0]]
        if len(imported) == 1:
            return imported[0], by_driver[imported[0]]
        if self._only in by_driver:
            return self._only, by_driver[self._only or ""]
        values = [sink for name, sink in known if drivers()[name].foreign is None]
        return None, (values or [known[0][1]])[0]

    def _is_own(self, module: Module, call: Call) -> bool:
        """Whether the call surely means a function of the tree, and no driver's."""
        return call.driver is None and self._target(module, call) is not None

    def _target(self, module: Module, call: Call) -> Function | None:
        """The function of the tree that is surely called."""
        key = id(call)
        if key not in self._meant:
            receiver = call.typed or call.receiver
            found = next(self._names.functions(receiver, call.name, module, call.function), None)
            self._meant[key] = None if found is None or self._names.is_protocol(*found) else found[1]
        return self._meant[key]

    def _followed(self, sent: _Sent) -> Iterator[_Sent]:
        """The same text one caller further out; where there is none, it is a statement."""
        wanted = {each.name for each in parameters(sent.text)}
        function = sent.module.functions.get(sent.call.function) if sent.call.function else None
        callers = []
        if wanted and function is not None and len(sent.through) < MOST_WRAPPERS:
            callers = list(self._callers(sent.module, function))
            self._helpers.add(function.owner.rpartition(".")[2] if function.name == "__init__" else function.name)
        handed = 0
        for module, call in callers:
            if call is sent.call:
                continue
            texts = self._filled(sent, function, module, call) if function else ()
            for text in texts:
                handed += 1
                outer = self._outer(sent, text, function, module, call)
                if is_pointless(text):
                    self._pointless.append(outer)
                else:
                    yield outer
        by_default = self._by_default(sent, function) if wanted and function is not None else ()
        for text in by_default:
            self._arrive(replace(sent, text=text))
        if not handed and not by_default:
            self._arrive(sent)

    def _by_default(self, sent: _Sent, function: Function) -> Alternatives:
        """The text as it is for callers that give none of its parameters; nothing where these have to be given."""
        parts: list[Alternatives] = []
        for piece in sent.text:
            default = function.defaults.get(piece.name) if isinstance(piece, Parameter) else ((piece,),)
            if default is None:
                return ()
            parts.append(
                tuple(each for text in default for each in self._names.resolved(text, sent.module, function.owner))
            )
        return concatenated(parts, Hole(HoleKind.UNKNOWN, "too many possibilities", sent.call.line, sent.call.column))

    def _callers(self, module: Module, function: Function) -> Iterator[tuple[Module, Call]]:
        """The calls that mean the function: surely, or as the only one of that name that may be meant."""
        calls = self._calls.get(function.name, ())
        if function.name == "__init__":
            calls = [*calls, *self._calls.get(function.owner.rpartition(".")[2], ())]
        for where, call in calls:
            if call.driver is not None:
                continue
            meant = self._target(where, call)
            if (
                meant is function
                or (meant is None and function.method and call.receiver and not _is_special(function.name))
                or (meant is None and not call.receiver and not function.owner and _star_imported(where, module))
            ):
                yield where, call

    def _filled(self, sent: _Sent, function: Function, module: Module, call: Call) -> Iterator[Text]:
        """The text with what the caller gives in the place of parameters; nothing where it gives none of them."""
        parts: list[Alternatives] = []
        known = False
        for piece in sent.text:
            if not isinstance(piece, Parameter):
                parts.append(((piece,),))
                continue
            argument = argument_for(piece.name, function, call)
            default = function.defaults.get(piece.name) if argument is None else None
            known = known or argument is not None
            if argument is None and piece.name in function.empty:
                default = ((),) if piece.separator is not None else nothing(piece)
            where = (sent.module, "") if default is not None else (module, call.function)
            alternatives = default or as_part(piece, argument)
            parts.append(tuple(each for text in alternatives for each in self._names.resolved(text, *where)))
        if known:
            hole = Hole(HoleKind.UNKNOWN, "too many possibilities", call.line, call.column)
            yield from concatenated(parts, hole)

    def _outer(self, sent: _Sent, text: Text, function: Function | None, module: Module, call: Call) -> _Sent:
        wrapper = "" if function is None else function.qualified
        rewrites = sent.rewrites or any(each.rewritten for each in parameters(sent.text))
        handed, keyed = handed_through(sent.arguments, function, call, keyed=sent.keyed)
        return _Sent(
            text,
            module,
            call,
            sent.driver,
            sent.binding,
            handed,
            keyed,
            sent.sure and self._surely(function, module, call, text),
            rewrites,
            sent.composed or any(isinstance(piece, Written) for piece in sent.text),
            (wrapper, *sent.through),
            (*sent.guards, *((call.guard,) if call.guard else ())),
        )

    def _surely(self, function: Function | None, module: Module, call: Call, text: Text) -> bool:
        """Whether a call that may mean the function does: it leads there, or is of a database by the words in it."""
        if self._target(module, call) is function or OF_DATABASES.search(call.receiver) is not None:
            return True
        return any(isinstance(piece, Hole) and TELLING.search(piece.said) for piece in text)

    def _arrived(self, sent: _Sent) -> None:
        literal = "".join(piece.text for piece in sent.text if isinstance(piece, Written))
        if not literal.strip():
            pure = len(sent.text) == 1 and isinstance(sent.text[0], Parameter)
            if sent.sure and not pure and any(isinstance(each, Hole) for each in sent.text):
                self._add_dynamic(sent.module, sent.call, "".join(_said(each) for each in sent.text))
            return
        first = sent.text[0]
        begins = isinstance(first, Written) and SQL.match(literal) is not None
        starts_with_hole = sent.sure and " " in literal.strip() and not isinstance(first, Written)
        surely_sent = sent.sure and sent.driver is not None and sent.call.driver is not None
        if not (begins or starts_with_hole or surely_sent):
            return
        if not begins and not isinstance(first, Written) and not SQL.search(literal):
            self._add_dynamic(sent.module, sent.call, "".join(_said(each) for each in sent.text))
            return
        driver = drivers().get(sent.driver or "")
        style = driver.style if driver else None
        if driver is not None and driver.name in self._chosen_by_cursor:
            style = None
        engine = next((each.engine for each in sent.guards if each.engine), None)
        engine = engine or next((each.engine for each in sent.text if isinstance(each, Written) and each.engine), None)
        engine = engine or self._engines.get((sent.module.path, sent.call.function))
        engine = (
            engine or (driver.foreign if driver else None) or engine_of(sent.module.path, sent.call.function, literal)
        )
        condition = next((each.condition for each in sent.guards if each.condition), None)
        start = next(piece for piece in sent.text if isinstance(piece, Written))
        call = Site(sent.module.path, sent.call.line, sent.call.column)
        statement = CodeStatement(
            sent.text,
            call if sent.composed else Site(start.file or sent.module.path, start.line, start.column),
            call,
            sent.call.callee,
            sent.call.function,
            sent.driver,
            style,
            sent.binding,
            None if any(isinstance(piece, Written) and piece.bound for piece in sent.text) else sent.arguments,
            sent.keyed,
            sent.through,
            sent.rewrites,
            engine,
            condition,
            standing(sent.module.path),
            self._adapted,
        )
        if not sent.sure and not names_a_table(statement):
            self._add_dynamic(sent.module, sent.call, statement.sql)
            return
        key = statement.text, call, sent.guards
        known = self._found.setdefault(key, statement)
        if statement.rewrites and not known.rewrites:
            known = self._found[key] = replace(known, rewrites=True)
        if known.driver != statement.driver:
            # Several drivers may stand behind it: only what holds for all of them can be said.
            style = statement.style if statement.style is known.style else None
            self._found[key] = replace(known, driver=None, style=style)

    def _add_dynamic(self, module: Module, call: Call, said: str) -> None:
        site = Site(module.path, call.line, call.column)
        self._dynamic.setdefault(site, Dynamic(site, cut(f"{call.callee}({said})")))


def _is_special(name: str) -> bool:
    """Whether every class may have a method of that name, so that it tells nothing of the object."""
    return name.startswith("__") and name.endswith("__")


def _star_imported(where: Module, module: Module) -> bool:
    return any(target == f"{module.name}.*" for target in where.imports.values())


def _said(piece: Piece) -> str:
    match piece:
        case Written(text=text):
            return text
        case Hole(said=said):
            return "{" + said + "}"
        case _:
            return "{" + piece.name + "}"
