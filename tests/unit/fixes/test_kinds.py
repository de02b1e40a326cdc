"""Fix kinds find themselves."""

from __future__ import annotations

from typing import get_args

from pgmend.listener.fixes.fix_kind import builtin_kinds, kind_of
from pgmend.listener.remedy import AddForeignKey, Remedy


def test_every_remedy_has_its_fix_kind() -> None:
    assert set(builtin_kinds()) == set(get_args(Remedy))


def test_a_fix_kind_is_called_like_its_remedy() -> None:
    for remedy, kind in builtin_kinds().items():
        assert kind.plan.__name__ == remedy.__dataclass_fields__["kind"].default
        assert kind.plan.__module__.endswith(f".{kind.plan.__name__}")


def test_a_fix_kind_is_found_by_its_remedy() -> None:
    remedy = AddForeignKey(1, (1,), 2, (1,))
    assert kind_of(remedy) is builtin_kinds()[AddForeignKey]
