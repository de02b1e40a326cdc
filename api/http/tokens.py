"""Bearer tokens: who may look, and who may act."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from ipaddress import ip_address

from pydantic import SecretStr

from ...listener.errors import SettingsError
from ...listener.settings import Settings

GENERATED_BYTES = 32


class Role(StrEnum):
    """What a token is good for; an operator may also do what a viewer may."""

    VIEWER = "viewer"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that open this server. `generated` says that nobody configured one, so that `start` must print it."""

    viewer: SecretStr | None = None
    operator: SecretStr | None = None
    generated: bool = False

    @classmethod
    def from_settings(cls, settings: Settings) -> Tokens:
        """The configured tokens, or one generated operator token. Raises SettingsError where both are the same."""
        viewer, operator = settings.viewer_token, settings.operator_token
        if viewer is None and operator is None:
            return cls(operator=SecretStr(secrets.token_urlsafe(GENERATED_BYTES)), generated=True)
        if viewer == operator:
            raise SettingsError("viewer_token and operator_token are the same: whoever may look could also act.")
        return cls(viewer, operator)

    def role_of(self, presented: str) -> Role | None:
        """The role that a token opens; every token is compared, in a time that tells nothing of how much fits."""
        is_operator = _same(self.operator, presented)
        is_viewer = _same(self.viewer, presented)
        return Role.OPERATOR if is_operator else Role.VIEWER if is_viewer else None

    def check_reach(self, host: str) -> None:
        """Raise SettingsError where a generated token would guard an address that other machines can reach."""
        if self.generated and not is_loopback(host):
            raise SettingsError(
                f"host {host!r} can be reached from other machines, and no token is set. Set PGMEND_OPERATOR_TOKEN"
                " (and PGMEND_VIEWER_TOKEN) to at least 16 characters each, or stay on 127.0.0.1."
            )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach that address; of names only `localhost` is believed."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _same(token: SecretStr | None, presented: str) -> bool:
    if token is None:
        return False
    # Digests are of one length: compared directly, the time would tell the token's.
    return hmac.compare_digest(_digest(token.get_secret_value()), _digest(presented))


def _digest(text: str) -> bytes:
    return sha256(text.encode(errors="surrogateescape")).digest()
