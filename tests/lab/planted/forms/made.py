"""A text that an expression makes: concatenated, formatted, composed, or with holes."""

from __future__ import annotations

from ..code import Code, Draft, braces_doubled, percents_doubled
from ..words import Name


def _implicit(d: Draft) -> Code:
    parts = [d.literal(each) for each in d.halves(d.chance.randint(2, 4))]
    return Code("(" + "\n        ".join(parts) + ")") if d.chance.random() < 0.5 else Code(" ".join(parts))


def _plus(d: Draft) -> Code:
    return Code(" + ".join(d.literal(each) for each in d.halves(3)))


def _plus_constants(d: Draft) -> Code:
    before, behind = d.halves(2)
    name = d.name("SELECT")
    return Code(f"{name} + {d.literal(behind)}", above=[f"{name} = {d.literal(before)}"])


def _apart(d: Draft) -> tuple[list[str], dict[int, str]]:
    """The constants that hold some of the names, and which stands for which word."""
    said: dict[int, str] = {}
    above: list[str] = []
    for number, place in enumerate(d.apart()):
        word = d.words[place]
        assert isinstance(word, Name)
        said[place] = d.name(f"NAME{number}")
        above.append(f"{said[place]} = {d.literal(d.pieces[place].strip())}")
    return above, said


def _space(d: Draft, place: int) -> str:
    return " " if d.pieces[place].startswith(" ") else ""


def _format(d: Draft) -> Code:
    above, said = _apart(d)
    parts = [_space(d, n) + "{}" if n in said else braces_doubled(each) for n, each in enumerate(d.pieces)]
    return Code(f"{d.literal(''.join(parts))}.format({', '.join(said.values())})", above=above)


def _format_keywords(d: Draft) -> Code:
    above, said = _apart(d)
    parts = [_space(d, n) + f"{{n{n}}}" if n in said else braces_doubled(each) for n, each in enumerate(d.pieces)]
    given = ", ".join(f"n{place}={name}" for place, name in said.items())
    return Code(f"{d.literal(''.join(parts))}.format({given})", above=above)


def _percent(d: Draft) -> Code:
    above, said = _apart(d)
    parts = [_space(d, n) + "%s" if n in said else percents_doubled(each) for n, each in enumerate(d.pieces)]
    given = ", ".join(said.values())
    return Code(f"{d.literal(''.join(parts))} % ({given}{',' if len(said) == 1 else ''})", above=above)


def _percent_keys(d: Draft) -> Code:
    above, said = _apart(d)
    parts = [_space(d, n) + f"%(n{n})s" if n in said else percents_doubled(each) for n, each in enumerate(d.pieces)]
    given = ", ".join(f'"n{place}": {name}' for place, name in said.items())
    return Code(f"{d.literal(''.join(parts))} % {{{given}}}", above=above)


def _interpolated(d: Draft) -> Code | None:
    above, said = _apart(d)
    parts = [
        _space(d, n) + "{" + said[n] + "}" if n in said else braces_doubled(each) for n, each in enumerate(d.pieces)
    ]
    return _f("".join(parts), above)


def _f(text: str, above: list[str], given: str = "") -> Code | None:
    """An f-string; nothing where it would need an escape, which not every Python takes there."""
    if "\\" in text or ('"' in text and "'" in text):
        if '"""' in text or text.endswith('"'):
            return None
        return Code(f'f"""{text}"""', above=above, given=[given] if given else [])
    quote = "'" if '"' in text else '"'
    return Code(f"f{quote}{text}{quote}", above=above, given=[given] if given else [])


def _replaced(d: Draft) -> Code | None:
    above, said = _apart(d)
    if not said:
        return None
    parts = [_space(d, n) + f"__N{n}__" if n in said else each for n, each in enumerate(d.pieces)]
    calls = "".join(f'.replace("__N{place}__", {d.literal(d.pieces[place].strip())})' for place in said)
    del above
    return Code(d.literal("".join(parts)) + calls)


def _joined_words(d: Draft) -> Code:
    parts = ", ".join(d.literal(each.strip()) for each in d.halves(4))
    between = d.chance.choice(('" "', '"\\n"'))
    return Code(f"{between}.join([{parts}])" if d.chance.random() < 0.5 else f"{between}.join(({parts}))")


def _choice(d: Draft) -> Code:
    text = d.literal(d.text)
    return Code(f"{text} if verbose else {text}", given=["verbose=False"])


# With holes. A query of WITH goes before most statements and changes nothing of what they name.


def _starts_plain(d: Draft) -> bool:
    return d.words[0] in ("select", "insert", "update", "delete")


def _value_hole(d: Draft) -> Code | None:
    if not _starts_plain(d):
        return None
    said = d.chance.choice(("int(limit)", "limit"))
    return _f(f"with h as (select 1 where 1 = {{{said}}}) {braces_doubled(d.text)}", [], "limit")


def _value_hole_behind(d: Draft) -> Code | None:
    if not d.where_is_last():
        return None
    return _f(f"{braces_doubled(d.text)} and 1 < {{int(limit)}}", [], "limit")


def _name_hole(d: Draft) -> Code | None:
    if not _starts_plain(d):
        return None
    return _f(f"with h as (select * from {{table}}) {braces_doubled(d.text)}", [], "table")


def _clause_hole(d: Draft) -> Code | None:
    return _f(f"{braces_doubled(d.text)} {{more}}", [], "more") if d.where_is_last() else None


def _clause_hole_of_format(d: Draft) -> Code | None:
    if not d.where_is_last():
        return None
    return Code(f"{d.literal(braces_doubled(d.text) + ' {}')}.format(more)", given=["more"])


# What drivers and libraries compose.


def _composed(d: Draft) -> Code | None:
    places = d.apart()
    if not places:
        return None
    parts = [_space(d, n) + "{}" if n in places else braces_doubled(each) for n, each in enumerate(d.pieces)]
    given = [f"sql.Identifier({d.literal(_plain(d, place))})" for place in places]
    return Code(f"sql.SQL({d.literal(''.join(parts))}).format({', '.join(given)})")


def _composed_keys(d: Draft) -> Code | None:
    places = d.apart()
    if not places:
        return None
    parts = [_space(d, n) + f"{{n{n}}}" if n in places else braces_doubled(each) for n, each in enumerate(d.pieces)]
    given = [f"n{place}=sql.Identifier({d.literal(_plain(d, place))})" for place in places]
    return Code("query", setup=[f"query = sql.SQL({d.literal(''.join(parts))}).format({', '.join(given)})"])


def _plain(d: Draft, place: int) -> str:
    word = d.words[place]
    assert isinstance(word, Name)
    return word.parts[0]


def _composed_sum(d: Draft) -> Code:
    return Code(" + ".join(f"sql.SQL({d.literal(each)})" for each in d.halves(2)))


def _bound(d: Draft) -> Code:
    return Code(f"text({d.literal(d.text)}).bindparams(v1=1)", ready=True)


def _text_constant(d: Draft) -> Code:
    name = d.name("QUERY")
    return Code(name, above=[f"{name} = text({d.literal(d.text)})"], ready=True)


def _text_local(d: Draft) -> Code:
    return Code("stmt", setup=[f"stmt = text({d.literal(d.text)})"], ready=True)


WAYS = {
    "implicit concatenation": _implicit,
    "+": _plus,
    "+, with a constant": _plus_constants,
    ".format": _format,
    ".format, by keyword": _format_keywords,
    "%": _percent,
    "%, by key": _percent_keys,
    "f-string": _interpolated,
    ".replace": _replaced,
    ".join of a display": _joined_words,
    "a choice": _choice,
}
HOLES_OF_VALUES = {"f-string with a value": _value_hole, "f-string with a value behind": _value_hole_behind}
HOLES = {
    "f-string with a name": _name_hole,
    "f-string with a clause": _clause_hole,
    ".format with a clause": _clause_hole_of_format,
}
COMPOSED = {
    "sql.SQL().format": _composed,
    "sql.SQL().format by keyword": _composed_keys,
    "sql.SQL + sql.SQL": _composed_sum,
}
BOUND = {"text().bindparams": _bound}
TEXTS = {"text() constant": _text_constant, "text() local": _text_local}
