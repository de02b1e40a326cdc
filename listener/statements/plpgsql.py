"""The queries of a PL/pgSQL function, each as the server would see it: with a value of its type for each variable.

The server looks at a query of such a body only when it runs. Here every variable in it becomes a NULL of the variable's
type, so that it can be described by itself. The fields of a RECORD have no type before something runs. What is assigned
to a variable or a field is converted to its type: that type is asked for, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final, NamedTuple, cast

import pglast
from pglast import ast
from pglast.visitors import Visitor
from psycopg import sql

from ..nesting import require_shallow
from .dissection import NotTakenApart

_EXPRESSION: Final = 2
_ASSIGNED: Final = re.compile(r":=|=")
_NAME: Final = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_ONE: Final = re.compile(_NAME)
_TWO: Final = re.compile(rf"{_NAME}\s*\.\s*{_NAME}")
_PARAMETER: Final = re.compile(r"\$\d+")
_OF_COLUMN: Final = "%type"
_OF_ROW: Final = "%rowtype"
_DECLARED: Final = rf"\s+(?:constant\s+)?({_NAME}(?:\s*\.\s*{_NAME})?)\s*(?=;|:=|=|not\s+null|default\b)"
_RECORD: Final = "record"
_ROWS_OF_TRIGGER: Final = frozenset({"new", "old"})
_TARGET: Final = ("varno", "target")
_DYNAMIC: Final = ("PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors")


@dataclass(frozen=True, slots=True)
class Piece:
    """A query of the body with its variables replaced; `untyped` is a RECORD variable that is left in it."""

    text: str
    untyped: str | None = None


class Place(NamedTuple):
    """What a value is put into or taken from (`new.c`, a variable, an argument), and a query of a value of its type."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a function runs. `composes` says that it runs text which it puts together only then; `untold` are the places
    whose type is known to nobody here."""

    pieces: tuple[Piece, ...]
    composes: bool
    places: tuple[Place, ...] = ()
    untold: tuple[str, ...] = ()


class Argument(NamedTuple):
    """One argument of a function; `mode` is that of pg_proc (i, o, b, v, t)."""

    mode: str
    name: str
    type_name: str


@dataclass(frozen=True, slots=True)
class Routine:
    """A PL/pgSQL function or procedure. `gives` is what it returns: trigger, void, set or value; `returns` its type."""

    name: str
    arguments: tuple[Argument, ...]
    gives: str
    source: str
    returns: str | None = None


def body_of(routine: Routine, row_type: str | None) -> Body:
    """The queries of a routine; raises NotTakenApart. `row_type` is what NEW and OLD of a trigger's function are."""
    if "#variable_conflict" in routine.source.lower():
        raise NotTakenApart("it says itself what its names mean (#variable_conflict)")
    try:
        tree = json.loads(pglast.parser.parse_plpgsql_json(_definition(routine)))
    except RecursionError as error:
        raise NotTakenApart("it is nested too deeply") from error
    except (pglast.Error, ValueError) as error:
        raise NotTakenApart(f"its body does not parse ({error.args[0] if error.args else error})") from error
    try:
        values = {
            **_values(tree, routine, row_type),
            **{each.name: f"(null::{each.type_name})" for each in routine.arguments if each.name},
        }
        arguments = [each.type_name for each in routine.arguments if each.mode in "ibv"]
        places = frozenset({routine.name, *_labels(tree)})
        pieces = [_piece(text, values, places, arguments) for text in _queries(tree)]
        constant, composes = _composed(tree)
        pieces += [Piece(text) for text in constant]
    except pglast.Error as error:
        raise NotTakenApart(f"a query of it does not parse ({error.args[0] if error.args else error})") from error
    except RecursionError as error:
        raise NotTakenApart("it is nested too deeply") from error
    return Body(
        tuple(pieces), composes, tuple(_places(tree, routine, row_type, values)), tuple(_untold(tree, routine, values))
    )


def _definition(routine: Routine) -> str:
    """A function with the same body and the same names: the parser knows no types but the server's own, so that the
    arguments have one of these; their own are known from the catalog."""
    modes = {"i": "in", "o": "out", "b": "inout", "v": "in", "t": "out"}
    arguments = ", ".join(
        f"{modes[each.mode]} {sql.Identifier(each.name).as_string() if each.name else ''} int4"
        for each in routine.arguments
    )
    outs = sum(each.mode in "obt" for each in routine.arguments)
    returns = {
        "trigger": "returns trigger",
        "void": "returns void",
        "set": f"returns setof {'record' if outs > 1 else 'int4'}",
        "value": "" if outs else "returns int4",
    }[routine.gives]
    body = sql.Literal(routine.source).as_string()
    return f"create function f({arguments}) {returns} language plpgsql as {body}"


def _values(tree: Any, routine: Routine, row_type: str | None) -> Mapping[str, str | None]:
    """An expression of its type for each variable; None for one whose type nobody knows."""
    found: dict[str, str | None] = {}
    for kind, told in _datums(tree):
        if kind not in {"PLpgSQL_var", "PLpgSQL_rec"} or "refname" not in told:
            continue
        name = told["refname"]
        if kind == "PLpgSQL_var":
            value = _value(told["datatype"]["PLpgSQL_type"]["typname"])
        elif routine.gives == "trigger" and name in _ROWS_OF_TRIGGER:
            value = f"(null::{row_type})" if row_type is not None else None
        else:
            type_name = _declared(name, routine.source)
            value = f"(null::{type_name})" if type_name not in {None, _RECORD} else None
        # Two blocks may have two variables of one name.
        found[name] = value if found.get(name, value) == value else None
    return found


def _declared(name: str, source: str) -> str | None:
    """What the source says the variable is: the parser tells no types but the server's own."""
    said = f"(?:{re.escape(name)}|{re.escape(sql.Identifier(name).as_string())})"
    found = set(re.findall(rf"(?<![\w$]){said}{_DECLARED}", source, re.IGNORECASE))
    if len(found) != 1:
        return None
    (type_name,) = found
    return _RECORD if type_name.lower() == _RECORD else type_name


def _datums(tree: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The variables, records and fields of records that something is put into: their kind and what is told of them;
    of a field also the name of its `record`."""
    for function in tree:
        datums = [next(iter(datum.items())) for datum in function["PLpgSQL_function"].get("datums", ())]
        targets = {number for key in _TARGET for number in _nodes(function, key) if isinstance(number, int)}
        for number, (kind, told) in enumerate(datums):
            if kind != "PLpgSQL_recfield":
                yield kind, told
            elif number in targets:
                # What is nought is not written.
                yield kind, {**told, "record": datums[told.get("recparentno", 0)][1]["refname"]}


def _places(tree: Any, routine: Routine, row_type: str | None, values: Mapping[str, str | None]) -> Iterator[Place]:
    """Those whose type may be that of a column or of a row."""
    for number, argument in enumerate(routine.arguments, start=1):
        yield Place(f"argument {argument.name or number}", f"select (null::{argument.type_name})")
    if routine.returns is not None:
        yield Place("what it returns", f"select (null::{routine.returns})")
    for kind, told in _datums(tree):
        if kind == "PLpgSQL_rec" or (kind == "PLpgSQL_var" and "%" in told["datatype"]["PLpgSQL_type"]["typname"]):
            name = str(told["refname"])
            if name not in _ROWS_OF_TRIGGER and (value := values.get(name)) is not None:
                yield Place(f"variable {name}", f"select {value}")
        elif kind == "PLpgSQL_recfield" and row_type is not None and told["record"] in _ROWS_OF_TRIGGER:
            field = sql.Identifier(told["fieldname"]).as_string()
            yield Place(f"{told['record']}.{field}", f"select (null::{row_type}).{field}")


def _untold(tree: Any, routine: Routine, values: Mapping[str, str | None]) -> Iterator[str]:
    """Variables and fields of variables whose type nobody knows, but for those of a record, which takes any."""
    rows = _ROWS_OF_TRIGGER if routine.gives == "trigger" else frozenset[str]()
    for kind, told in _datums(tree):
        if kind in {"PLpgSQL_var", "PLpgSQL_rec"} and (name := str(told["refname"])) not in rows:
            if values.get(name) is None and _declared(name, routine.source) != _RECORD:
                yield f"the type of variable {name} is not known here"
        elif kind == "PLpgSQL_recfield" and told["record"] not in rows:
            yield f"it assigns to field {told['fieldname']} of a record whose type is known only when it runs"


def _value(type_name: str) -> str | None:
    """A value of a type as the parser spells it: of a column and of a row without any quotes, all names as they are."""
    for ending, most in ((_OF_COLUMN, 3), (_OF_ROW, 2)):
        if type_name.lower().endswith(ending):
            names = type_name[: -len(ending)].split(".")
            if not (ending == _OF_COLUMN) < len(names) <= most:
                return None
            if ending == _OF_ROW:
                return f"(null::{sql.Identifier(*names).as_string()})"
            relation, column = (sql.Identifier(*each).as_string() for each in (names[:-1], names[-1:]))
            return f"(select of_type.{column} from {relation} as of_type)"
    return None if "%" in type_name or type_name == "UNKNOWN" else f"(null::{type_name})"


def _piece(text: str, values: Mapping[str, str | None], places: frozenset[str], arguments: Sequence[str]) -> Piece:
    require_shallow(text)
    uses = _Uses(values, places, arguments)
    for statement in cast("tuple[Any, ...]", pglast.parse_sql(text)):
        uses(statement.stmt)
    untyped = None
    for location, name, value, pattern in sorted(uses.found, key=itemgetter(0), reverse=True):
        spot = pattern.match(text, location)
        if spot is None:
            raise NotTakenApart(f"variable {name} is not found where it stands")
        if value is None:
            untyped = name
        else:
            text = text[: spot.start()] + value + text[spot.end() :]
    return Piece(text, untyped)


_Use = tuple[int, str, str | None, re.Pattern[str]]


class _Uses(Visitor):
    """Where variables stand in a query."""

    def __init__(self, values: Mapping[str, str | None], places: frozenset[str], arguments: Sequence[str]) -> None:
        super().__init__()
        self._values = values
        self._places = places
        self._arguments = arguments
        self._numbered: list[_Use] = []
        self._columns_of: set[str] = set()
        self._uses: list[tuple[int, Sequence[str]]] = []

    @property
    def found(self) -> Iterator[_Use]:
        """Where, which, its value, and what of the text there is its name."""
        yield from self._numbered
        for location, names in self._uses:
            if len(names) > 1 and names[0] in self._columns_of:
                continue  # a column of the query's own
            if names[0] in self._values:
                yield location, names[0], self._values[names[0]], _ONE
            elif len(names) > 1 and names[0] in self._places and names[1] in self._values:
                yield location, names[1], self._values[names[1]], _TWO

    def visit_ParamRef(self, _: object, node: ast.ParamRef) -> None:  # noqa: N802 - pglast finds it by this name
        number = int(node.number or 0)
        if not 0 < number <= len(self._arguments):
            raise NotTakenApart(f"it has no argument ${number}")
        value = f"(null::{self._arguments[number - 1]})"
        self._numbered.append((int(node.location or 0), f"${number}", value, _PARAMETER))

    def visit_RangeVar(self, _: object, node: ast.RangeVar) -> None:  # noqa: N802 - pglast finds it by this name
        alias = node.alias.aliasname if node.alias is not None else None
        self._columns_of.add(str(alias or node.relname))

    def visit_RangeSubselect(self, _: object, node: ast.RangeSubselect) -> None:  # noqa: N802 - as above
        if node.alias is not None:
            self._columns_of.add(str(node.alias.aliasname))

    def visit_ColumnRef(self, _: object, node: ast.ColumnRef) -> None:  # noqa: N802 - as above
        fields = cast("tuple[object, ...]", node.fields)
        names = [str(each.sval) for each in fields if isinstance(each, ast.String)]
        if names and node.location is not None:
            self._uses.append((int(node.location), names))


def _queries(tree: Any) -> Iterator[str]:
    """Every query and expression of the body, as a statement; what is assigned without its target."""
    for told in _nodes(tree, "PLpgSQL_expr"):
        text, mode = str(told["query"]), int(told.get("parseMode", 0))
        if mode > _EXPRESSION:
            target, text = _ASSIGNED.split(text, maxsplit=1)
            if "[" in target:
                yield f"select {target}"
        yield f"select {text}" if mode else text


def _composed(tree: Any) -> tuple[list[str], bool]:
    """The constant texts that are run by EXECUTE, and whether there are others."""
    expressions = [told["query"]["PLpgSQL_expr"]["query"] for kind in _DYNAMIC for told in _nodes(tree, kind)]
    expressions += [told["PLpgSQL_expr"]["query"] for told in _nodes(tree, "dynquery")]
    constants = [text for each in expressions if (text := _constant(each)) is not None]
    return constants, len(constants) < len(expressions)


def _constant(expression: str) -> str | None:
    (statement,) = cast("tuple[Any, ...]", pglast.parse_sql(f"select {expression}"))
    match statement.stmt:
        case ast.SelectStmt(targetList=(ast.ResTarget(val=ast.A_Const(val=ast.String(sval=str() as text))),)):
            return text
        case _:
            return None


def _labels(tree: Any) -> Iterator[str]:
    for kind in ("PLpgSQL_stmt_block", "PLpgSQL_stmt_loop", "PLpgSQL_stmt_fors", "PLpgSQL_stmt_fori"):
        yield from (str(told["label"]) for told in _nodes(tree, kind) if "label" in told)


def _nodes(tree: Any, kind: str) -> Iterator[Any]:
    """All parts of the tree that are of that kind."""
    if isinstance(tree, dict):
        for key, each in cast("dict[str, Any]", tree).items():
            if key == kind:
                yield each
            yield from _nodes(each, kind)
    elif isinstance(tree, list):
        for each in cast("list[Any]", tree):
            yield from _nodes(each, kind)


def row_of(schema: str, name: str) -> str:
    """The row type of a relation, as SQL writes it."""
    return sql.Identifier(schema, name).as_string()
