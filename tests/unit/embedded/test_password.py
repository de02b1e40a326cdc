"""What the server keeps of a password."""

from __future__ import annotations

import re

from pgmend.listener.embedded.password import Password


def test_passwords_differ_and_are_not_shown() -> None:
    one, other = Password.random(), Password.random()
    assert one.text != other.text
    assert one.text not in repr(one)


def test_verifier_has_the_form_of_rfc_5803_and_a_salt_of_its_own() -> None:
    password = Password("secret")
    form = r"SCRAM-SHA-256\$1:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}="
    assert re.fullmatch(form, password.verifier())
    assert password.verifier() != password.verifier()
