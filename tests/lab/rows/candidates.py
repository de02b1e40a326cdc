"""Values that a CHECK's own text suggests: its literals, their neighbours, lengths, and what its patterns match."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from random import Random

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample, Unsatisfiable

_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w'])")
_PATTERN = re.compile(r"~\*?\s*'((?:[^']|'')*)'")
_LONGEST = 200
_OF_A_PATTERN = 4


def candidates(text: str, random: Random) -> list[str]:
    """Values worth a try, each once, in the order of the text."""
    return list(dict.fromkeys([*_strings(text), *_matches(text, random), *_numbers(text, random)]))


def _strings(text: str) -> Iterator[str]:
    yield from (found.replace("''", "'") for found in _STRING.findall(text))


def _numbers(text: str, random: Random) -> Iterator[str]:
    """Each number, both of its neighbours, and for a length that may be asked for, texts that are so long."""
    found = [*_NUMBER.findall(text), *(each for each in _STRING.findall(text) if _NUMBER.fullmatch(each))]
    for number in found:
        yield number
        whole = int(float(number))
        yield from (str(whole - 1), str(whole + 1))
        if 0 < whole <= _LONGEST:
            yield "".join(random.choice(string.ascii_lowercase) for _ in range(whole))


def _matches(text: str, random: Random) -> Iterator[str]:
    """Some texts that each pattern matches, where Python reads the pattern as PostgreSQL does."""
    for pattern in _PATTERN.findall(text):
        seen: set[str] = set()
        for _ in range(_OF_A_PATTERN):
            try:
                match = _match(pattern.replace("''", "'"), seen, random)
            except (re.error, NoSuchExample, Unsatisfiable):
                break
            seen.add(match)
            yield match


def _match(pattern: str, seen: set[str], random: Random) -> str:
    quietly = settings(
        database=None,
        max_examples=50,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
    )
    strategy = st.from_regex(pattern, alphabet=st.characters(min_codepoint=32, max_codepoint=126))
    return find(strategy, lambda text: text not in seen, settings=quietly, random=Random(random.random()))
