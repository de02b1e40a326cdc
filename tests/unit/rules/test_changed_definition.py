"""Another definition, name, owner, right or comment."""

from __future__ import annotations

from pgmend.listener.expected.difference import Aspect
from pgmend.listener.expected.portrait import Address, ObjectKind, ObjectName, Portrayed
from pgmend.listener.issue import Severity
from pgmend.listener.judging.judge import CheckStatus, Judge
from pgmend.listener.judging.registry import builtin_rules
from pgmend.listener.remedy import RestoreObject

from tests.support.expectations import difference, expecting, issues
from tests.support.snapshots import snapshot, table

SHOP = snapshot("""
    users: id int pk, email text
    sessions: id int pk, user_id int, note text
""")
USERS = table(SHOP, "users").oid


def changed(kind: ObjectKind, name: str, aspect: Aspect, **fields: str) -> list[tuple[str, bool]]:
    difference_ = difference(kind, name, aspect, "before", "after", **fields)
    found = issues(expecting(SHOP, difference_), "changed_definition")
    assert {each.severity for each in found} == {Severity.MEDIUM}
    remedies = [each.remedy for each in found]
    assert all(isinstance(each, RestoreObject) for each in remedies)
    return [(each.aspect, each.drops) for each in remedies if isinstance(each, RestoreObject)]


def test_each_aspect_is_an_issue_of_its_own() -> None:
    both = [
        difference(ObjectKind.TABLE, "users", "owner", "a", "b", table=USERS),
        difference(ObjectKind.TABLE, "users", "comment", "a", "b", table=USERS),
    ]
    found = issues(expecting(SHOP, *both), "changed_definition")
    assert [each.object_name for each in found] == ["table users: comment", "table users: owner"]


def test_what_cannot_be_replaced_has_to_go_first() -> None:
    assert changed(ObjectKind.INDEX, "i", "definition") == [("definition", True)]
    assert changed(ObjectKind.FUNCTION, "f()", "definition") == [("definition", False)]
    assert changed(ObjectKind.POLICY, "p", "comment") == [("comment", False)]


def test_a_rename_tells_what_the_object_is_called_now() -> None:
    there = Portrayed(ObjectName(ObjectKind.VIEW, "public", "", "w"), "…")
    renamed = difference(ObjectKind.VIEW, "v", "name", "public.v", "public.w", found=there)
    (issue,) = issues(expecting(SHOP, renamed), "changed_definition")
    assert issue.remedy == RestoreObject(0, "view", "public", "", "v", "name", found_as="w")


def test_what_went_to_another_schema_comes_back_and_is_known_by_its_oid() -> None:
    there = Portrayed(ObjectName(ObjectKind.VIEW, "other", "", "v"), "…", address=Address(1259, 77))
    (issue,) = issues(
        expecting(SHOP, difference(ObjectKind.VIEW, "v", "name", "public.v", "other.v", found=there)),
        "changed_definition",
    )
    assert issue.remedy == RestoreObject(0, "view", "public", "", "v", "name", found_as="v", oids=(77,))


def test_what_could_not_be_compared_is_undecided() -> None:
    scene = expecting(SHOP, unseen="a lock was in the way")
    judgement = Judge([rule for rule in builtin_rules() if rule.stem == "changed_definition"]).judge(scene, [USERS, 0])
    assert judgement.undecided == {("CHANGED_DEFINITION", USERS), ("CHANGED_DEFINITION", 0)}
    assert judgement.checks[0].status is CheckStatus.COULD_NOT_RUN
