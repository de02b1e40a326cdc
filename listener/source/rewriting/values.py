"""What is to be written at a call for a value whose parameter gets another type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..extracted import Site
from ..forms.form import called, dotted
from .certainty import Certain, Certainty
from .conversion import Conversion, Own, conversion_of, removed, replaced, wrapped
from .demand import Demand
from .edit import Edit
from .syntax import Syntax
from .type_change import PYTHON, family

_ROWS: Final = re.compile(r"fetch|execute|row|one|first|all|scalar|select|query|get")
_ANYTHING: Final = frozenset({"str", "Any", "object"})
_SIMPLE: Final = (ast.Name, ast.Attribute, ast.Subscript)


class Order(StrEnum):
    """When a change of code may be out: it works on both sides of the schema's change, or before it (then it goes
    first), or after it (then it comes second), or on neither other side: both at one moment."""

    EITHER = "either"
    CODE_FIRST = "code first"
    SCHEMA_FIRST = "schema first"
    TOGETHER = "together"


@dataclass(frozen=True, slots=True)
class CodeChange:
    """Edits that belong together, at a place of the code, with the statement that they are for and why."""

    site: Site
    edits: tuple[Edit, ...]
    order: Order
    why: str
    called: ast.Call | None = None


class Stays(Exception):
    """Why a value is not changed."""


@dataclass(frozen=True, slots=True)
class Values:
    """Decides of one file. `certain` is what is sure afterwards; `own` tells conversions of the tree; `demands` are
    those on all values, by their place."""

    syntax: Syntax
    certain: Certainty
    own: Own
    demands: Mapping[Site, Sequence[Demand]]

    def change(self, site: Site) -> CodeChange | None:
        """What becomes of the value there; None where it is right as it is. Raises Stays."""
        wanted = self.demands[site]
        node = self.syntax.value_at(site.line, site.column)
        if node is None:
            raise Stays("it is not found there")
        if not any(each.changes for each in wanted):
            return None
        if any(not self._is_given(node, each) for each in wanted):
            raise Stays("it stands in a function that may be called with other texts")
        target = PYTHON.get(family(wanted[0].after))
        if target is None:
            if all(each.takes_after(PYTHON.get(family(each.before), "")) for each in wanted):
                return None
            raise Stays(f"what code has to give for {wanted[0].after} is not known")
        if len({family(each.after) for each in wanted}) > 1:
            other = next(each for each in wanted if family(each.after) != family(wanted[0].after))
            raise Stays(
                f"the same value goes to a parameter of type {wanted[0].after} and to one of type {other.after}"
            )
        return self._changed(node, site, wanted, target)

    def _is_given(self, node: ast.expr, demand: Demand) -> bool:
        """Whether who gives the text gives the value, too; a text with no wrappers between is its own."""
        statement = demand.one.statement
        if not statement.through:
            return True
        call = statement.call
        around = self.syntax.calls_at(call.line, call.column) if call.file == self.syntax.file.path else []
        return any(each in around for each in self.syntax.above(node))

    def _changed(self, node: ast.expr, site: Site, wanted: Sequence[Demand], target: str) -> CodeChange | None:
        found = conversion_of(self.syntax, node, self.own)
        known = self.certain.of(node)
        sent = known.type if known is not None else (found.function if found else None)
        presumed = sent or PYTHON.get(family(wanted[0].before)) or ""
        fits = all(each.takes_after(presumed) for each in wanted)
        if found is not None and found.function == PYTHON.get(family(wanted[0].before)):
            inner = self.certain.of(found.inner)
            if inner is not None and inner.type == target and found.function == "str":
                why = f"{self.syntax.source(found.inner)} is a {target}: {inner.why}"
                edits = tuple(removed(self.syntax, found, why))
                called = node if found.own and isinstance(node, ast.Call) else None
                return CodeChange(site, edits, _order(wanted, "str", target), why, called)
            if fits:
                return None
            if found.function == "str" and target == "int":
                return self._converted(found, inner, site, wanted)
        if isinstance(node, ast.Name) and (change := self._at_its_binding(node, site, wanted, target)) is not None:
            return change
        if fits:
            return None
        edit = self._wrapped(node, known, wanted, target)
        return CodeChange(site, (edit,), _order(wanted, presumed, target), edit.why)

    def _converted(self, found: Conversion, inner: Certain | None, site: Site, wanted: Sequence[Demand]) -> CodeChange:
        """`int(x)` for `str(x)`."""
        said = self.syntax.source(found.inner)
        if inner is not None and inner.type != "str":
            raise Stays(f"{said} is a {inner.type}: what is to be sent of it is for a person to say")
        if inner is None and self.certain.may_be_none(found.inner):
            raise Stays(f"{said} may be None, of which `str` makes 'None'")
        if inner is None and (not isinstance(found.inner, _SIMPLE) or self._is_found(found.inner)):
            raise Stays(f"what {said} is could not be followed: it may be NULL, or of a class of its own")
        if not self.syntax.is_builtin(found.node, "int"):
            raise Stays("`int` means something else there")
        why = f"{wanted[0].after} wants an int, and what {said} is comes from outside"
        if inner is not None:
            why = f"{wanted[0].after} wants an int, and {said} is a str: {inner.why}"
        called = found.node if found.own and isinstance(found.node, ast.Call) else None
        edits = tuple(replaced(self.syntax, found, "int", why))
        return CodeChange(site, edits, _order(wanted, "str", "int"), why, called)

    def _at_its_binding(self, node: ast.Name, site: Site, wanted: Sequence[Demand], target: str) -> CodeChange | None:
        """The change of `name = str(x)`, where all that the name is used for wants the same."""
        binding = self.certain.reaching(node)
        if binding is None or binding.value is None or len(self.certain.bindings(node)) != 1:
            return None
        statement = self.syntax.parents[binding.node]
        own = isinstance(self.syntax.scope(node, node.id), ast.FunctionDef | ast.AsyncFunctionDef)
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1 or not own or self.syntax.looks_around:
            return None
        found = conversion_of(self.syntax, binding.value, self.own)
        if found is None or found.function != "str":
            return None
        together = list(wanted)
        for use in self._uses(node):
            line, column = self.syntax.line(use)
            demanded = self.demands.get(Site(site.file, line, column), ())
            if self.syntax.value_at(line, column) is not use or not demanded:
                return None
            if any(family(each.after) != family(wanted[0].after) or not each.changes for each in demanded):
                return None
            together += demanded
        line, column = self.syntax.line(binding.value)
        return self._changed(binding.value, Site(site.file, line, column), together, target)

    def _uses(self, node: ast.Name) -> Iterator[ast.Name]:
        """Every use of the name in the file, be it of another scope."""
        for each in ast.walk(self.syntax.tree):
            if not isinstance(each, ast.Name) or each.id != node.id or not isinstance(each.ctx, ast.Load):
                continue
            if self.syntax.scope(each, node.id) is self.syntax.scope(node, node.id):
                yield each

    def _wrapped(self, node: ast.expr, known: Certain | None, wanted: Sequence[Demand], target: str) -> Edit:
        said = self.syntax.source(node)
        after = wanted[0].after
        match node:
            case ast.Constant(value=str(text)) if target == "int":
                if not _canonical(text) or "\n" in said or not said.endswith(text + said[-1]):
                    raise Stays(f"{said} is no integer as PostgreSQL would write it")
                return wrapped(self.syntax, node, text, f"{after} wants an int")
            case ast.Constant(value=int(number)) if target == "str" and not isinstance(number, bool):
                return wrapped(self.syntax, node, f'"{number}"', f"{after} wants a str")
            case _:
                pass
        if not self.syntax.is_builtin(node, target):
            raise Stays(f"`{target}` means something else there")
        why = f"{after} wants an {target}" if target == "int" else f"{after} wants a {target}"
        if known is not None and (isinstance(node, _SIMPLE) or conversion_of(self.syntax, node) is not None):
            if (known.type, target) not in _MADE:
                raise Stays(f"{said} is a {known.type}: what is to be sent of it is for a person to say")
            return wrapped(self.syntax, node, target + "({})", f"{why}, and {said} is a {known.type}: {known.why}")
        if known is None and isinstance(node, ast.Name) and not self._from_outside(node, target):
            form = f"None if {{0}} is None else {target}({{0}})"
            return wrapped(self.syntax, node, form, f"{why}; None stays None")
        if self.certain.may_be_none(node):
            raise Stays(f"{said} may be None, of which `{target}` makes something else")
        if known is None and isinstance(node, ast.Name | ast.Subscript) and self._from_outside(node, target):
            return wrapped(self.syntax, node, target + "({})", f"{why}, and {said} comes from outside")
        raise Stays(f"what {said} is could not be followed")

    def _from_outside(self, node: ast.expr, target: str) -> bool:
        """Whether it is an item of something that is no row (a token's claims, headers, a form): such a value is there,
        and is a str."""
        if isinstance(node, ast.Name):
            binding = self.certain.reaching(node)
            return binding is not None and binding.value is not None and self._is_item(binding.value, target)
        return self._is_item(node, target)

    def _is_found(self, node: ast.expr) -> bool:
        """Whether it comes from a row or a look-up, which may give None, or is annotated as something of its own."""
        if isinstance(node, ast.Subscript):
            return not self._is_item(node, "int")
        binding = self.certain.reaching(node) if isinstance(node, ast.Name) else None
        if binding is None:
            return False
        if isinstance(binding.node, ast.arg):
            annotation = binding.node.annotation
            return annotation is not None and (dotted(annotation) or "").rpartition(".")[2] not in _ANYTHING
        value = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
        found = isinstance(value, ast.Call) and _ROWS.search(called(value)) is not None
        return found or (isinstance(value, ast.Subscript) and not self._is_item(value, "int"))

    def _is_item(self, node: ast.expr, target: str) -> bool:
        if target == "str" or not isinstance(node, ast.Subscript) or isinstance(node.slice, ast.Slice):
            return False
        match node.value:
            case ast.Attribute():
                return True
            case ast.Name() as name:
                binding = self.certain.reaching(name)
                if binding is None:
                    return False
                if isinstance(binding.node, ast.arg):
                    return True
                value = binding.value.value if isinstance(binding.value, ast.Await) else binding.value
                return isinstance(value, ast.Call) and _ROWS.search(called(value)) is None
            case _:
                return False


_MADE: Final = frozenset({("str", "int"), ("int", "str"), ("UUID", "str")})
"""From which type the right value of which other is made."""


def _canonical(text: str) -> bool:
    return text.removeprefix("-").isdigit() and text.isascii() and str(int(text)) == text


def _order(wanted: Sequence[Demand], old: str, new: str) -> Order:
    ahead = all(each.takes_before(new) for each in wanted)
    behind = all(each.takes_after(old) for each in wanted)
    if ahead and behind:
        return Order.EITHER
    if ahead:
        return Order.CODE_FIRST
    return Order.SCHEMA_FIRST if behind else Order.TOGETHER
