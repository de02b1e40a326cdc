"""A text that is made in several steps."""

from __future__ import annotations

from ..code import Code, Draft, block, braces_doubled, percents_doubled


def _added(d: Draft) -> Code:
    first, *others = d.halves(3)
    return Code("sql", setup=[f"sql = {d.literal(first)}", *(f"sql += {d.literal(each)}" for each in others)])


def _added_between(d: Draft) -> Code:
    first, second = d.halves(2)
    setup = [f"query = {d.literal(first)}", 'logger.debug("so far: %s", query)', f"query = query + {d.literal(second)}"]
    return Code("query", setup=setup)


def _added_by_condition(d: Draft) -> Code | None:
    if not d.where_is_last():
        return None
    setup = [f"sql = {d.literal(d.text)}", block("if verbose:", ['sql += " and 1 = 1"'])]
    return Code("sql", setup=setup, given=["verbose=False"])


def _filled_later(d: Draft) -> Code | None:
    places = d.apart()
    if not places:
        return None
    parts = [_space(d, n) + "%s" if n in places else percents_doubled(each) for n, each in enumerate(d.pieces)]
    given = ", ".join(d.literal(d.pieces[place].strip()) for place in places)
    setup = [f"sql = {d.literal(''.join(parts))}", f"sql = sql % ({given},)"]
    return Code("sql", setup=setup)


def _formatted_later(d: Draft) -> Code | None:
    places = d.apart()
    if not places:
        return None
    parts = [_space(d, n) + "{}" if n in places else braces_doubled(each) for n, each in enumerate(d.pieces)]
    given = ", ".join(d.literal(d.pieces[place].strip()) for place in places)
    name = d.name("TEMPLATE")
    return Code("query", above=[f"{name} = {d.literal(''.join(parts))}"], setup=[f"query = {name}.format({given})"])


def _space(d: Draft, place: int) -> str:
    return " " if d.pieces[place].startswith(" ") else ""


def _appended(d: Draft) -> Code:
    first, *others = (each.strip() for each in d.halves(3))
    setup = [f"parts = [{d.literal(first)}]", *(f"parts.append({d.literal(each)})" for each in others)]
    return Code('" ".join(parts)', setup=setup)


def _listed_columns(d: Draft) -> Code | None:
    """The names of an INSERT or what a SELECT gives, joined from a list."""
    commas = [n for n, each in enumerate(d.words) if each == ","]
    if not commas or commas[0] - 1 not in d.names() or commas[0] + 1 not in d.names():
        return None
    first, last = commas[0] - 1, commas[0] + 1
    before, behind = "".join(d.pieces[:first]) + _space(d, first), "".join(d.pieces[last + 1 :])
    names = ", ".join(d.literal(d.pieces[n].strip()) for n in (first, last))
    said = f'{d.literal(before)} + ", ".join(columns) + {d.literal(behind)}'
    return Code("sql", setup=[f"columns = [{names}]", f"sql = {said}"])


def _through_names(d: Draft) -> Code:
    return Code("statement", setup=[f"sql = {d.literal(d.text)}", "statement = sql.strip()"])


def _by_branches(d: Draft) -> Code:
    text = d.literal(d.text)
    return Code(
        "sql", setup=[block("if verbose:", [f"sql = {text}"]), block("else:", [f"sql = {text}"])], given=["verbose=1"]
    )


def _in_try(d: Draft) -> Code:
    tried = block("try:", [f"sql = {d.literal(d.text)}"]) + "\n" + block("finally:", ["logger.info('made')"])
    return Code("sql", setup=[tried])


WAYS = {
    "+=": _added,
    "+, in steps": _added_between,
    "+= by a condition": _added_by_condition,
    "% later": _filled_later,
    ".format later": _formatted_later,
    ".join of a list that grows": _appended,
    ".join of names": _listed_columns,
    ".strip() later": _through_names,
    "by branches": _by_branches,
    "in try": _in_try,
}
