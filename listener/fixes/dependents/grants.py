"""Rights on a relation that is made anew, granted again by those who had granted them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from ...errors import PlanRefused
from ..composed import identifier

# A list of rights as this module reads them; `{acl}` and `{owner}` are columns.
RIGHTS = """
(select pg_catalog.jsonb_agg(pg_catalog.jsonb_build_array(
    pg_catalog.pg_get_userbyid(x.grantor), x.grantee <> 0,
    pg_catalog.pg_get_userbyid(x.grantee), x.privilege_type, x.is_grantable) order by item.place, x.place)
  from pg_catalog.unnest({acl}) with ordinality as item (acl, place),
    pg_catalog.aclexplode(array[item.acl])
      with ordinality as x (grantor, grantee, privilege_type, is_grantable, place))
"""


@dataclass(frozen=True, slots=True)
class Right:
    """One privilege, as aclexplode tells it; a grantee of None is PUBLIC."""

    grantor: str
    grantee: str | None
    privilege: str
    grantable: bool


def read_rights(rows: Iterable[tuple[str, bool, str, str, bool]] | None) -> tuple[Right, ...]:
    """Rights from the JSON that `RIGHTS` makes."""
    return tuple(
        Right(grantor, grantee if named else None, privilege, grantable)
        for grantor, named, grantee, privilege, grantable in rows or ()
    )


def grant_again(relation: str, owner: str, role: str, rights: Sequence[Right], columns: str = "") -> Iterator[str]:
    """GRANTs that give those rights on a relation of `owner`, run by `role`, who may act as every grantor.

    `relation` and `columns` (a list in parentheses) are SQL.
    """
    for (grantor, grantee, grantable), group in groupby(
        in_order(rights, owner), key=lambda each: (each.grantor, each.grantee, each.grantable)
    ):
        privileges = ", ".join(f"{each.privilege.lower()}{columns}" for each in group)
        option = " with grant option" if grantable else ""
        grant = f"grant {privileges} on {relation} to {_grantee(grantee)}{option}"
        if grantor == owner:
            yield grant
        else:
            # A right is recorded as its owner's, whoever of the owner's members grants it; another's only as himself.
            yield f"set local role {identifier(grantor).as_string()}"
            yield grant
            yield f"set local role {identifier(role).as_string()}"


def revoke_all(relation: str, grantees: Iterable[str | None]) -> Iterator[str]:
    """REVOKEs of every right that those have on the relation."""
    for grantee in dict.fromkeys(grantees):
        yield f"revoke all on {relation} from {_grantee(grantee)}"


def in_order(rights: Sequence[Right], owner: str) -> list[Right]:
    """The owner's grants first, then those of whom they allow to grant, and so on."""
    granting, waiting, ordered = {owner}, list(rights), list[Right]()
    while waiting:
        ready = [each for each in waiting if each.grantor in granting]
        if not ready:
            raise PlanRefused(f"Rights granted by {waiting[0].grantor}, who may not grant them, cannot be given again.")
        waiting = [each for each in waiting if each.grantor not in granting]
        granting |= {each.grantee for each in ready if each.grantable and each.grantee}
        ordered += ready
    return ordered


def _grantee(name: str | None) -> str:
    return identifier(name).as_string() if name else "public"
