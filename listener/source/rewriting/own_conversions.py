"""Functions of a tree that do nothing but convert their one argument, and what goes with the last use of one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, NamedTuple

from ..folder import find_files, module_name
from ..forms.form import dotted
from .code_file import NotEditable
from .conversion import conversion_of
from .edit import Edit
from .sources import Sources
from .surroundings import Surroundings
from .syntax import Place, Syntax

_TEXTS: Final = (".py", ".pyi", ".sql", ".toml", ".cfg", ".ini", ".json", ".yml", ".yaml", ".html", ".jinja", ".j2")
_MOST_BYTES: Final = 2_000_000
_BLANK_LINES: Final = re.compile(r"(?:[ \t\f]*(?:\r\n|\r|\n))*")


class OwnConversion(NamedTuple):
    """A function that returns `str(x)` or its like of its one parameter."""

    file: str
    name: str
    to: str
    node: ast.FunctionDef


@dataclass(frozen=True)
class OwnConversions:
    """Those of the tree at `root`, found when they are met."""

    root: Path
    sources: Sources
    around: Surroundings

    def of(self, syntax: Syntax, call: ast.Call) -> OwnConversion | None:
        """The function that the call surely means."""
        name = dotted(call.func)
        if name is None:
            return None
        if "." not in name and syntax.scope(call, name) is syntax.tree:
            found = syntax.bindings(syntax.tree)[name]
            if len(found) == 1 and isinstance(found[0].node, ast.FunctionDef):
                return _converts(syntax, found[0].node)
        meant = syntax.imported(call, name)
        return self._imported(syntax, meant) if meant is not None else None

    def gone(
        self,
        called: Iterable[tuple[Syntax, ast.Call]],
        edits: Iterable[Edit],
        told: Callable[[str, int, str], None],
    ) -> Iterator[Edit]:
        """What goes with those calls, which the edits take away: functions without another use, imports of them, and
        imports that only they had a use for. `told` gets the file and line of what stays, and why."""
        removed: defaultdict[tuple[str, str], list[tuple[Syntax, ast.Call]]] = defaultdict(list)
        functions: dict[tuple[str, str], OwnConversion] = {}
        for syntax, call in called:
            own = self.of(syntax, call)
            if own is not None:
                functions[own.file, own.name] = own
                removed[own.file, own.name].append((syntax, call))
        taken: dict[str, list[Edit]] = defaultdict(list)
        for each in edits:
            taken[each.file].append(each)
        for key, own in functions.items():
            gone = list(self._taken_out(own, removed[key], taken))
            elsewhere = self.around.naming(own.name, self._texts) if gone else None
            if elsewhere is None:
                yield from gone
            else:
                told(own.file, own.node.lineno, f"{own.name} stays: {elsewhere} has its name")

    def _imported(self, syntax: Syntax, meant: str) -> OwnConversion | None:
        module, _, name = meant.rpartition(".")
        path = self._paths.get(_absolute(syntax.file.path, module) or "")
        if path is None:
            return None
        try:
            there = self.sources.syntax(path)
        except NotEditable:
            return None
        found = there.bindings(there.tree).get(name, [])
        return (
            _converts(there, found[0].node) if len(found) == 1 and isinstance(found[0].node, ast.FunctionDef) else None
        )

    def _taken_out(
        self, own: OwnConversion, calls: Sequence[tuple[Syntax, ast.Call]], taken: Mapping[str, Sequence[Edit]]
    ) -> Iterator[Edit]:
        word = re.compile(rf"\b{re.escape(own.name)}\b")
        using = {syntax.file.path: syntax for syntax, _ in calls}
        imports: list[tuple[Syntax, ast.stmt, ast.alias]] = []
        for path, text in self._texts.items():
            places = [match.start() for match in word.finditer(text)]
            if not places:
                continue
            if path not in using and path != own.file:
                return
            syntax = self.sources.syntax(path)
            known = [edit for edit in taken.get(path, ()) if edit.start < edit.end]
            left = [each for each in places if not any(edit.start <= each < edit.end for edit in known)]
            if path == own.file:
                start, end = syntax.span(own.node)
                left = [each for each in left if not start <= each < end]
            for statement, alias in _aliases(syntax, own.name):
                start, end = syntax.span(alias)
                if any(start <= each < end for each in left) and alias.asname is None:
                    left = [each for each in left if not start <= each < end]
                    imports.append((syntax, statement, alias))
            if left:
                return
        if own.file not in self._texts or own.node.decorator_list:
            return
        home = self.sources.syntax(own.file)
        why = f"nothing calls {own.name} any more"
        if isinstance(home.parents[own.node], ast.Module):
            start, end = _lines_of(home, own.node)
            yield Edit(own.file, start, end, "", why)
            yield from self._unused_imports(home, own, why)
            for syntax, statement, alias in imports:
                yield without_alias(syntax, statement, alias, why)

    def _unused_imports(self, home: Syntax, own: OwnConversion, why: str) -> Iterator[Edit]:
        """The imports of the function's file that nothing but the function has a use for."""
        if own.file.endswith("__init__.py"):
            return
        start, end = home.span(own.node)
        names = {each.id for each in ast.walk(own.node) if isinstance(each, ast.Name)}
        for name in sorted(names):
            found = home.bindings(home.tree).get(name, [])
            if len(found) != 1 or not isinstance(alias := found[0].node, ast.alias) or found[0].statement is None:
                continue
            begin, behind = home.span(alias)
            places = [match.start() for match in re.finditer(rf"\b{re.escape(name)}\b", home.file.text)]
            if any(not (start <= each < end or begin <= each < behind) for each in places):
                continue
            module = module_name(own.file).rpartition(".")[2]
            handed = re.compile(
                rf"(?:\b{re.escape(module)}\s+import\b[^#]*?\b{re.escape(name)}\b)|(?:\b{module}\.{name}\b)"
            )
            outside = self.around.having(re.compile(handed.pattern.encode()), self._texts)
            if outside is None and not any(
                handed.search(text) for path, text in self._texts.items() if path != own.file
            ):
                yield without_alias(home, found[0].statement, alias, why)

    @cached_property
    def _paths(self) -> Mapping[str, str]:
        return {module_name(path): path for path in find_files(self.root).python}

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """Every text of the tree, tests and settings too: who is named in one may be used by it."""
        if self.root.is_file():
            return {self.root.name: self.sources.file(self.root.name).text}
        found: dict[str, str] = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            hidden = any(part.startswith(".") or part == "node_modules" for part in path.relative_to(self.root).parts)
            if not hidden and path.suffix in _TEXTS and path.is_file() and path.stat().st_size < _MOST_BYTES:
                try:
                    found[name] = (
                        self.sources.file(name).text if name.endswith(".py") else path.read_text(errors="replace")
                    )
                except NotEditable:
                    found[name] = path.read_bytes().decode("latin-1")
        return found


def without_alias(syntax: Syntax, statement: ast.stmt, alias: ast.alias, why: str) -> Edit:
    """The import without one of its names; nothing of it where that is the only one."""
    assert isinstance(statement, ast.Import | ast.ImportFrom)
    path, names = syntax.file.path, statement.names
    if len(names) == 1:
        start, end = _lines_of(syntax, statement)
        return Edit(path, start, end, "", why)
    place = names.index(alias)
    start, end = syntax.span(alias)
    if place + 1 < len(names):
        return Edit(path, start, syntax.span(names[place + 1])[0], "", why)
    return Edit(path, syntax.span(names[place - 1])[1], end, "", why)


def _aliases(syntax: Syntax, name: str) -> Iterator[tuple[ast.stmt, ast.alias]]:
    for node in ast.walk(syntax.tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node, each) for each in node.names if each.name == name)


def _lines_of(syntax: Syntax, node: ast.stmt) -> Place:
    """The whole lines of a statement, with the blank ones after it."""
    text = syntax.file.text
    start, end = syntax.span(node)
    begin = start
    while begin > 0 and text[begin - 1] in " \t\f":
        begin -= 1
    rest = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|$)").match(text, end)
    if rest is None or (begin > 0 and text[begin - 1] not in "\r\n"):
        return start, end
    behind = _BLANK_LINES.match(text, rest.end())
    return begin, behind.end() if behind is not None and isinstance(node, ast.FunctionDef) else rest.end()


def _converts(syntax: Syntax, node: ast.FunctionDef) -> OwnConversion | None:
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    if len(plain) != 1 or arguments.kwonlyargs or arguments.vararg or arguments.kwarg or arguments.defaults:
        return None
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    match body:
        case [ast.Return(value=ast.expr() as value)] if not node.decorator_list:
            found = conversion_of(syntax, value)
            if found is not None and isinstance(found.inner, ast.Name) and found.inner.id == plain[0].arg:
                return OwnConversion(syntax.file.path, node.name, found.function, node)
            return None
        case _:
            return None


def _absolute(path: str, module: str) -> str | None:
    """The module's dotted name from the tree's root on, where it is imported in that file."""
    level = len(module) - len(module.lstrip("."))
    if not level:
        return module
    parts = module_name(path).split(".")
    if not path.endswith("__init__.py"):
        parts = parts[:-1]
    parts = parts[: len(parts) - (level - 1)] if level > 1 else parts
    return ".".join([*parts, module.lstrip(".")]) if parts or module.lstrip(".") else None
