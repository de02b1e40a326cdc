"""What the value of an expression surely is where it stands: never None, and of no subclass.

More is asked here than for telling a defect (`source.proofs`): what is removed from code is removed on the strength of
this. A name is known by all of its bindings, or by one that is surely the last before its use, whatever way the
code took there. Nothing is known of what another file, another thread or `exec` may put into a name: such names do
not count, unless they are a module's constants.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from ..forms.form import dotted
from .syntax import LATER, Binding, Syntax

_DEEPEST: Final = 12
_OF_BUILTINS: Final = {"int": "int", "str": "str", "float": "float", "bool": "bool", "len": "int", "ord": "int"}
_OF_TEXT: Final = frozenset(
    {"strip", "lstrip", "rstrip", "lower", "upper", "title", "replace", "removeprefix", "removesuffix", "zfill", "join"}
)
_IMPORTED: Final = {
    "uuid.UUID": "UUID",
    "uuid.uuid1": "UUID",
    "uuid.uuid3": "UUID",
    "uuid.uuid4": "UUID",
    "uuid.uuid5": "UUID",
    "decimal.Decimal": "Decimal",
    "datetime.date.today": "date",
}
_ANNOTATED: Final = {"uuid.UUID": "UUID", "decimal.Decimal": "Decimal", "datetime.date": "date"}
_WHOLE: Final = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr)
_LOOPS: Final = (ast.For, ast.AsyncFor, ast.While)
_FIELDS: Final = ("body", "orelse", "finalbody", "handlers", "cases")


class Certain(NamedTuple):
    """A Python type by its name, and why."""

    type: str
    why: str


Known = Callable[[ast.expr], Certain | None]
"""What else is known of an expression, such as an item of a row that a described query returns."""


class Certainty:
    """Proves of one file."""

    def __init__(self, syntax: Syntax, known: Known = lambda _: None) -> None:
        self._syntax = syntax
        self._known = known

    def of(self, node: ast.expr, depth: int = 0) -> Certain | None:  # noqa: PLR0911 - one case per kind of expression
        """The type of the expression's value; None where it is not sure."""
        if depth > _DEEPEST:
            return None
        if (found := self._known(node)) is not None:
            return found
        match node:
            case ast.Constant(value=value):
                kind = type(value).__name__
                return Certain(kind, f"{self._syntax.source(node)} is a literal") if kind in _OF_BUILTINS else None
            case ast.JoinedStr():
                return Certain("str", "it is an f-string")
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Name():
                return self._of_name(node, depth)
            case ast.NamedExpr(value=value):
                return self.of(value, depth + 1)
            case ast.UnaryOp(op=ast.Not()) | ast.Compare(ops=[ast.Is() | ast.IsNot() | ast.In() | ast.NotIn()]):
                return Certain("bool", "it is a comparison")
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                found = self.of(operand, depth + 1)
                return found if found is not None and found.type == "int" else None
            case ast.BinOp(left=left, op=op, right=right):
                one, other = self.of(left, depth + 1), self.of(right, depth + 1)
                both = one.type if one is not None and other is not None and one.type == other.type else None
                fits = (both == "int" and isinstance(op, _WHOLE)) or (both == "str" and isinstance(op, ast.Add))
                return one if fits else None
            case ast.IfExp(body=body, orelse=orelse):
                one, other = self.of(body, depth + 1), self.of(orelse, depth + 1)
                return one if one is not None and other is not None and one.type == other.type else None
            case _:
                return None

    def reaching(self, node: ast.Name) -> Binding | None:
        """The binding that surely was the last before this use of the name; None where there is none that is sure."""
        scope = self._syntax.scope(node, node.id)
        if scope is None or any(each is not scope and isinstance(each, LATER) for each in self._until(node, scope)):
            return None
        bindings = self._syntax.bindings(scope)[node.id]
        if any(isinstance(each.node, LATER) and each.statement is None for each in bindings):
            return None  # a function within may bind it at any time
        use = self._syntax.span(node)[0]
        before = [each for each in bindings if self._end(each) <= use]
        last = max(before, key=self._end, default=None)
        if last is None or not self._leads_to(last, node):
            return None
        loops = [each for each in self._until(node, scope) if isinstance(each, _LOOPS)]
        for loop in loops:
            within = last.statement is not None and loop in (last.statement, *self._syntax.above(last.statement))
            if not within and any(loop in self._syntax.above(each.node) for each in bindings):
                return None  # the next round may come with another value
        return last

    def bindings(self, node: ast.Name) -> list[Binding]:
        """Every binding of the name that may be meant."""
        scope = self._syntax.scope(node, node.id)
        return [] if scope is None else self._syntax.bindings(scope)[node.id]

    def may_be_none(self, node: ast.expr) -> bool:  # noqa: PLR0911 - as above
        """Whether the code itself says that the value may be None: by an annotation, a default, or `.get()`."""
        match node:
            case ast.Constant(value=None):
                return True
            case ast.Call(func=ast.Attribute(attr="get"), args=args, keywords=keywords):
                default = args[1] if len(args) > 1 else next((e.value for e in keywords if e.arg == "default"), None)
                return default is None or self.may_be_none(default)
            case ast.IfExp(body=body, orelse=orelse):
                return self.may_be_none(body) or self.may_be_none(orelse)
            case ast.BoolOp(values=values):
                return any(self.may_be_none(each) for each in values)
            case ast.NamedExpr(value=value):
                return self.may_be_none(value)
            case ast.Name():
                return any(self._binds_none(each, node) for each in self.bindings(node))
            case _:
                return False

    def _binds_none(self, binding: Binding, use: ast.Name) -> bool:
        if isinstance(binding.node, ast.arg):
            default = self._default(binding.node)
            if default is not None and _holds_none(default):
                return True
            return binding.node.annotation is not None and _says_none(binding.node.annotation)
        value = binding.value
        if value is None or any(isinstance(each, ast.Name) and each.id == use.id for each in ast.walk(value)):
            return False
        return self.may_be_none(value)

    def _of_call(self, node: ast.Call, depth: int) -> Certain | None:
        match node.func:
            case ast.Name(id=name) if name in _OF_BUILTINS and self._syntax.is_builtin(node, name):
                return Certain(_OF_BUILTINS[name], f"`{name}(…)` makes it")
            case ast.Attribute(value=value, attr=method) if method in _OF_TEXT:
                found = self.of(value, depth + 1)
                if found is not None and found.type == "str":
                    return Certain("str", f"`.{method}(…)` of a str makes it")
            case _:
                pass
        name = dotted(node.func)
        meant = self._syntax.imported(node, name) if name is not None else None
        return Certain(_IMPORTED[meant], f"`{name}(…)` makes it") if meant in _IMPORTED else None

    def _of_name(self, node: ast.Name, depth: int) -> Certain | None:
        last = self.reaching(node)
        if last is not None:
            return self._given_by(last, depth)
        bindings = self.bindings(node)
        if self._syntax.scope(node, node.id) is self._syntax.tree and len(bindings) != 1:
            return None
        found = [self._given_by(each, depth) for each in bindings]
        first = found[0] if found else None
        same = first is not None and all(each is not None and each.type == first.type for each in found)
        return first if same else None

    def _given_by(self, binding: Binding, depth: int) -> Certain | None:
        match binding.node:
            case ast.arg() as parameter:
                return self._of_parameter(parameter)
            case ast.Name() as name:
                if binding.value is not None:
                    # Nothing checks an annotation: what is unpacked from a token or a body is what was put in.
                    return self.of(binding.value, depth + 1)
                parent = self._syntax.parents.get(name)
                return self._annotated(parent.annotation, name.id) if isinstance(parent, ast.AnnAssign) else None
            case _:
                return None

    def _of_parameter(self, parameter: ast.arg) -> Certain | None:
        arguments = self._syntax.parents[parameter]
        if not isinstance(arguments, ast.arguments) or parameter in (arguments.vararg, arguments.kwarg):
            return None
        decorators = getattr(self._syntax.parents[arguments], "decorator_list", ())
        if not all(self._keeps_arguments(each) for each in decorators):
            return None
        found = self._annotated(parameter.annotation, parameter.arg) if parameter.annotation is not None else None
        default = self._default(parameter)
        if found is None or default is None:
            return found
        if isinstance(default, ast.Constant):
            return found if type(default.value).__name__ == found.type else None
        return found if self._is_validated(default, found.type) else None

    def _keeps_arguments(self, decorator: ast.expr) -> bool:
        """Whether the function surely gets what is annotated: as its callers give it, or validated by FastAPI."""
        made = decorator.func if isinstance(decorator, ast.Call) else decorator
        name = dotted(made)
        if name is None:
            return False
        if name in ("staticmethod", "classmethod"):
            return self._syntax.is_builtin(decorator, name)
        if self._syntax.imported(decorator, name) in _HARMLESS:
            return True
        if not isinstance(decorator, ast.Call) or not isinstance(made, ast.Attribute) or made.attr not in _ROUTES:
            return False
        bindings = self.bindings(made.value) if isinstance(made.value, ast.Name) else []
        router = bindings[0].value if len(bindings) == 1 else None
        of = dotted(router.func) if isinstance(router, ast.Call) else None
        return router is not None and of is not None and self._syntax.imported(router, of) in _ROUTERS

    def _is_validated(self, given: ast.expr, kind: str) -> bool:
        """Whether it stands for what FastAPI reads from a request and validates, which it does not for `Depends`, nor
        for a default."""
        name = dotted(given.func) if isinstance(given, ast.Call) else None
        if not isinstance(given, ast.Call) or name is None or _holds_none(given):
            return False
        if self._syntax.imported(given, name) not in _VALIDATED:
            return False
        if any(each.arg in (None, "default_factory") for each in given.keywords):
            return False
        defaults = (*given.args[:1], *(each.value for each in given.keywords if each.arg == "default"))
        return all(
            (isinstance(each, ast.Constant) and each.value is ...)
            or ((found := self.of(each, 1)) is not None and found.type == kind)
            for each in defaults
        )

    def _default(self, parameter: ast.arg) -> ast.expr | None:
        arguments = self._syntax.parents[parameter]
        assert isinstance(arguments, ast.arguments)
        plain = [*arguments.posonlyargs, *arguments.args]
        if parameter in plain:
            place = plain.index(parameter) - (len(plain) - len(arguments.defaults))
            return arguments.defaults[place] if place >= 0 else None
        if parameter in arguments.kwonlyargs:
            return arguments.kw_defaults[arguments.kwonlyargs.index(parameter)]
        return None

    def _annotated(self, annotation: ast.expr, name: str) -> Certain | None:
        """The type that the annotation names, if it is one alone and no name of the code's own."""
        said = f"`{name}: {self._syntax.source(annotation)}` says so"
        match annotation:
            case ast.Constant(value=str(text)) if text.isidentifier():
                plain = ast.copy_location(ast.Name(text, ast.Load()), annotation)
                self._syntax.parents[plain] = self._syntax.parents[annotation]
                return self._annotated_by_name(plain, text, said)
            case ast.Subscript(value=value, slice=ast.Tuple(elts=[first, *more])):
                named = dotted(value)
                meant = self._syntax.imported(annotation, named) if named is not None else None
                found = self._annotated(first, name) if meant in _ANNOTATING else None
                if found is None:
                    return None
                plain = all(isinstance(e, ast.Constant) or self._is_validated(e, found.type) for e in more)
                return found if plain else None
            case ast.Name() | ast.Attribute():
                named = dotted(annotation)
                return self._annotated_by_name(annotation, named, said) if named is not None else None
            case _:
                return None

    def _annotated_by_name(self, node: ast.expr, name: str, said: str) -> Certain | None:
        if name in ("int", "str", "float", "bool"):
            return Certain(name, said) if self._syntax.is_builtin(node, name) else None
        meant = self._syntax.imported(node, name)
        return Certain(_ANNOTATED[meant], said) if meant in _ANNOTATED else None

    def _end(self, binding: Binding) -> int:
        """From where on the name holds what the binding gives."""
        match binding.node:
            case ast.arg() as parameter:
                return self._syntax.span(parameter)[0]
            case ast.Name() as name if isinstance(parent := self._syntax.parents[name], ast.NamedExpr):
                return self._syntax.span(parent)[1]
            case ast.Name() as name if isinstance(binding.statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
                return self._syntax.span(binding.statement)[1]
            case ast.Name() as name:
                return self._syntax.span(name)[1]
            case _:
                return self._syntax.span(binding.statement)[0] if binding.statement is not None else 0

    def _leads_to(self, binding: Binding, use: ast.AST) -> bool:
        """Whether there is no way to the use but over the binding."""
        if isinstance(binding.node, ast.arg):
            return True
        statement = binding.statement
        parent = self._syntax.parents.get(binding.node)
        if isinstance(statement, ast.For | ast.AsyncFor) and _is_target(binding.node, statement.target):
            return any(each in statement.body for each in (use, *self._syntax.above(use)))
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or parent is not statement:
            return False
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            return False
        block = self._block(statement)
        return any(each is not statement and each in block for each in self._syntax.above(use))

    def _block(self, statement: ast.stmt) -> list[ast.stmt]:
        """The statements that this one stands among."""
        parent = self._syntax.parents[statement]
        blocks: list[list[ast.stmt]] = [getattr(parent, field, None) or [] for field in _FIELDS]
        return next(each for each in blocks if statement in each)

    def _until(self, node: ast.AST, scope: ast.AST) -> Iterator[ast.AST]:
        """What is around the node within the scope."""
        for each in self._syntax.above(node):
            if each is scope:
                return
            yield each


_ANNOTATING: Final = frozenset({"typing.Annotated", "typing_extensions.Annotated"})
_HARMLESS: Final = frozenset(
    {
        *("functools.cache", "functools.lru_cache", "contextlib.contextmanager", "contextlib.asynccontextmanager"),
        *("typing.override", "typing_extensions.override", "typing.final", "abc.abstractmethod"),
    }
)
"""Decorators that hand on what they are given."""
_ROUTERS: Final = frozenset({"fastapi.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter"})
_ROUTES: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "websocket", "api_route"})
_VALIDATED: Final = frozenset(f"fastapi.{each}" for each in ("Query", "Path", "Header", "Body", "Form", "Cookie"))


def _is_target(node: ast.AST, target: ast.expr) -> bool:
    return any(each is node for each in ast.walk(target))


def _holds_none(default: ast.expr) -> bool:
    return any(isinstance(each, ast.Constant) and each.value is None for each in ast.walk(default))


def _says_none(annotation: ast.expr) -> bool:
    match annotation:
        case ast.Constant(value=str(text)):
            return "None" in text or "Optional" in text
        case _:
            return any(
                (isinstance(each, ast.Constant) and each.value is None)
                or (isinstance(each, ast.Name) and each.id == "Optional")
                or (isinstance(each, ast.Attribute) and each.attr == "Optional")
                for each in ast.walk(annotation)
            )
