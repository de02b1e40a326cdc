"""Whose an object is that is in no table: who has not its owner's rights alters nothing of it."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import PlanRefused
from ..readiness import how_to_own
from .site import Site


class Owner(NamedTuple):
    """A role that owns something, and whether its rights are ours."""

    name: str
    ours: bool
    superuser: bool


def refuse_unless_ours(site: Site, name: str, owner: Owner) -> None:
    """Raise PlanRefused where the object of that name is a role's whose rights are not ours, with the cure."""
    if not owner.ours:
        cure = how_to_own(site.connection, owner.name, superuser=owner.superuser)
        raise PlanRefused(f"{name} belongs to role {owner.name}, which pgmend's role is no member of. Cure: {cure}")
