"""A text that is written out whole, wherever code keeps it."""

from __future__ import annotations

from ..code import INDENT, Code, Draft, block


def _argument(d: Draft) -> Code:
    return Code(d.literal(d.text))


def _over_lines(d: Draft) -> str | None:
    """The statement in a literal of several lines."""
    if any(each in d.text for each in ("\\", '"""')):
        return None
    return '"""\n' + "\n".join(INDENT + each.strip() for each in d.halves(4)) + "\n" + INDENT + '"""'


def _lines(d: Draft) -> Code | None:
    said = _over_lines(d)
    return Code(said) if said else None


def _dedented(d: Draft) -> Code | None:
    said = _over_lines(d)
    return Code(f"dedent({said})") if said else None


def _constant(d: Draft) -> Code:
    name = d.name("SQL")
    return Code(name, above=[f"{name} = {d.literal(d.text)}"])


def _typed_constant(d: Draft) -> Code:
    name = d.name("QUERY")
    return Code(name, above=[f"{name}: Final[str] = {d.literal(d.text)}"])


def _constant_lines(d: Draft) -> Code | None:
    said = _over_lines(d)
    return Code(d.name("SQL"), above=[f"{d.name('SQL')} = {said}"]) if said else None


def _elsewhere(d: Draft) -> Code:
    name, module = d.name("SQL"), d.name("queries")
    text = f"{name} = {d.literal(d.text)}\n"
    return Code(name, above=[f"from .{module} import {name}"], files={f"{module}.py": text})


def _of_module(d: Draft) -> Code:
    name, module = d.name("SQL"), d.name("queries")
    text = f"{name} = {d.literal(d.text)}\n"
    return Code(f"{module}.{name}", above=[f"from . import {module}"], files={f"{module}.py": text})


def _renamed(d: Draft) -> Code:
    name, module = d.name("SQL"), d.name("queries")
    text = f"{name} = {d.literal(d.text)}\n"
    return Code(f"A{name}", above=[f"from .{module} import {name} as A{name}"], files={f"{module}.py": text})


def _of_self(d: Draft) -> Code:
    return Code("self.SQL", held=[f"SQL = {d.literal(d.text)}"])


def _of_class(d: Draft) -> Code:
    name = d.name("Queries")
    return Code(f"{name}.FIND", above=[block(f"class {name}:", [f"FIND: ClassVar[str] = {d.literal(d.text)}"])])


def _of_object(d: Draft) -> Code:
    made = block("def __init__(self):", [f"self._sql = {d.literal(d.text)}"])
    return Code("self._sql", held=[made])


def _local(d: Draft) -> Code:
    return Code("query", setup=[f"query = {d.literal(d.text)}"])


def _local_lines(d: Draft) -> Code | None:
    said = _over_lines(d)
    return Code("sql", setup=[f"sql = {said}"]) if said else None


def _walrus(d: Draft) -> Code:
    return Code(f"(sql := {d.literal(d.text)})" if d.chance.random() < 0.5 else f"sql := {d.literal(d.text)}")


def _default(d: Draft) -> Code:
    return Code("sql", given=[f"sql={d.literal(d.text)}"])


def _returned(d: Draft) -> Code:
    name = d.name("query")
    return Code(f"{name}()", above=[block(f"def {name}():", [f"return {d.literal(d.text)}"])])


def _property(d: Draft) -> Code:
    made = "@property\n" + block("def sql(self):", [f"return {d.literal(d.text)}"])
    return Code("self.sql", held=[made])


def _file_beside(d: Draft) -> Code:
    name = f"{d.name('find')}.sql"
    text = f"-- {d.number}\n{d.text}\n"
    said = d.chance.choice(
        (
            f'(Path(__file__).parent / "{name}").read_text()',
            f'Path(__file__).with_name("{name}").read_text(encoding="utf-8")',
            f'(HERE / "{name}").read_text()',
        )
    )
    if d.chance.random() < 0.5:
        return Code(d.name("SQL"), above=[f"{d.name('SQL')} = {said}"], files={name: text})
    return Code(said, files={name: text})


def _file_opened(d: Draft) -> Code:
    name = f"{d.name('find')}.sql"
    opened = block(f'with open(HERE / "{name}") as file:', ["sql = file.read()"])
    return Code("sql", setup=[opened], files={name: "\n".join(each.strip() for each in d.halves(3)) + "\n"})


WAYS = {
    "argument": _argument,
    "argument over lines": _lines,
    "dedent": _dedented,
    "module constant": _constant,
    "typed constant": _typed_constant,
    "constant over lines": _constant_lines,
    "constant of another file": _elsewhere,
    "constant by its module": _of_module,
    "constant under another name": _renamed,
    "class attribute": _of_self,
    "attribute of another class": _of_class,
    "attribute of an object": _of_object,
    "local": _local,
    "local over lines": _local_lines,
    "named within": _walrus,
    "default of a parameter": _default,
    "returned": _returned,
    "property": _property,
    ".sql file": _file_beside,
    ".sql file, opened": _file_opened,
}
