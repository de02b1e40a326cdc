"""Tokens: what opens what, and where a generated one may stand."""

from __future__ import annotations

import pytest
from pgmend.api.http.tokens import Role, Tokens, is_loopback
from pgmend.listener.errors import SettingsError
from pgmend.listener.settings import Settings

VIEWER, OPERATOR = "viewer-token-0123456", "operator-token-01234"


def configured(**tokens: str) -> Tokens:
    return Tokens.from_settings(Settings.model_validate(tokens))


@pytest.mark.parametrize(
    ("presented", "role"),
    [
        (VIEWER, Role.VIEWER),
        (OPERATOR, Role.OPERATOR),
        (OPERATOR[:-1], None),
        (OPERATOR + "x", None),
        (OPERATOR.upper(), None),
        ("", None),
        ("\udcff", None),
    ],
)
def test_token_opens_its_role_and_nothing_else_opens_any(presented: str, role: Role | None) -> None:
    assert configured(viewer_token=VIEWER, operator_token=OPERATOR).role_of(presented) is role


def test_without_an_operator_token_nobody_operates() -> None:
    tokens = configured(viewer_token=VIEWER)
    assert tokens.role_of(VIEWER) is Role.VIEWER
    assert tokens.role_of("") is None
    assert not tokens.generated


def test_an_operator_token_is_generated_anew_where_none_is_set() -> None:
    first, second = configured(), configured()
    assert first.generated
    assert first.operator is not None
    assert second.operator is not None
    assert first.role_of(first.operator.get_secret_value()) is Role.OPERATOR
    assert first.role_of(second.operator.get_secret_value()) is None
    assert len(first.operator.get_secret_value()) >= 43


def test_same_token_for_both_roles_is_refused() -> None:
    with pytest.raises(SettingsError, match="the same"):
        configured(viewer_token=VIEWER, operator_token=VIEWER)


def test_token_is_in_no_representation() -> None:
    assert OPERATOR not in repr(configured(operator_token=OPERATOR))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LOCALHOST"])
def test_generated_token_may_guard_this_machine(host: str) -> None:
    assert is_loopback(host)
    configured().check_reach(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "db.example", "localhost.example", "127.0.0.1.nip"])
def test_generated_token_may_not_guard_what_others_can_reach(host: str) -> None:
    with pytest.raises(SettingsError, match="PGMEND_OPERATOR_TOKEN"):
        configured().check_reach(host)
    configured(operator_token=OPERATOR).check_reach(host)
