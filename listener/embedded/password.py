"""A random password, and what the server keeps of it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class Password:
    """A password that is never shown by accident."""

    text: str = field(repr=False)

    @classmethod
    def random(cls) -> Self:
        return cls(secrets.token_urlsafe(24))

    def verifier(self) -> str:
        """The SCRAM secret (RFC 5803) for `ALTER ROLE … PASSWORD`, for an ASCII password.

        One iteration: 24 random bytes need no stretching, and the usual 4096 cost each connection 10 ms.
        """
        salt = secrets.token_bytes(16)
        salted = hashlib.pbkdf2_hmac("sha256", self.text.encode("ascii"), salt, 1)
        stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
        server_key = hmac.digest(salted, b"Server Key", "sha256")
        return f"SCRAM-SHA-256$1:{_base64(salt)}${_base64(stored_key)}:{_base64(server_key)}"


def _base64(value: bytes) -> str:
    return b64encode(value).decode("ascii")
