"""What is read out of names, and what is not."""

from __future__ import annotations

import pytest
from pgmend.listener.relations.naming import read_column, read_table, spellings, words_of

LONG = "a" * 60


@pytest.mark.parametrize(
    ("name", "stems", "suffix"),
    [
        ("user_id", [("user",)], "id"),
        ("userId", [("user",)], "id"),
        ("userID", [("user",)], "id"),
        ("UserId", [("user",)], "id"),
        ("user-id", [("user",)], "id"),
        ("users_id", [("users", "user")], "id"),
        ("id_user", [("user",)], "id"),
        ("jobid", [("job",)], "id"),
        ("user_uuid", [("user",)], "uuid"),
        ("user_id_fk", [("user",)], "fk"),
        ("author_user_id", [("author_user",), ("user",)], "id"),
        ("HTTPServerId", [("http_server",), ("server",)], "id"),
        ("größe_id", [("größe",)], "id"),
        ("пользователь_id", [("пользователь",)], "id"),
        (f"{LONG}_id", [(LONG,)], "id"),
    ],
)
def test_column_that_speaks_of_a_table(name: str, stems: list[tuple[str, ...]], suffix: str) -> None:
    reading = read_column(name)
    assert reading is not None
    assert (list(reading.stems), reading.suffix) == (stems, suffix)


@pytest.mark.parametrize(
    ("name", "stem", "keys"),
    [
        ("tzid", "tz", ["tzid"]),
        ("itemid", "item", ["itemid", "temid"]),
        ("master_itemid", "master_item", ["master_itemid", "itemid", "temid"]),
        ("author_user_id", "author_user", ["author_user_id", "user_id"]),
        ("AuthorUserId", "author_user", ["author_user_id", "user_id"]),
        ("scratchpoolid", "scratchpool", ["scratchpoolid", "poolid"]),
    ],
)
def test_keys_that_a_name_could_repeat(name: str, stem: str, keys: list[str]) -> None:
    reading = read_column(name)
    assert reading is not None
    assert (reading.stems[0][0], reading.keys[0]) == (stem, keys[0])
    assert [key for key in reading.keys if key in keys] == keys


@pytest.mark.parametrize(
    ("name", "words"),
    [("user_id_2", ("user",)), ("selementid1", ("selement",)), ("iconid_off", ("icon",)), ("user_id_old", ("user",))],
)
def test_role_behind_the_suffix(name: str, words: tuple[str, ...]) -> None:
    reading = read_column(name)
    assert reading is not None
    assert (reading.words, reading.suffix, reading.role_behind) == (words, "id", True)


@pytest.mark.parametrize("name", ["valid_from", "user_id_count", "paid_at", "sha2", "md5", "id2", "covid_19"])
def test_name_with_an_identifier_inside_that_means_none(name: str) -> None:
    reading = read_column(name)
    assert reading is None or not reading.role_behind


@pytest.mark.parametrize("name", ["id", "uuid", "name", "email", "created_at", "_", "", "bid", "identity", "42", "№"])
def test_column_that_speaks_of_nothing(name: str) -> None:
    assert read_column(name) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("users", {"users", "user"}),
        ("categories", {"categories", "category", "categorie"}),
        ("boxes", {"boxes", "boxe", "box"}),
        ("people", {"people", "person"}),
        ("app_people", {"app_people", "app_person"}),
        ("address", {"address"}),
        ("movies", {"movies", "movie", "movy"}),
        ("bus", {"bus", "bu"}),
        ("gas", {"gas", "ga"}),
        ("as", {"as"}),
        ("", set()),
    ],
)
def test_spellings_of_a_table(name: str, expected: set[str]) -> None:
    assert set(spellings(name)) == expected


def test_words_are_the_same_in_every_notation() -> None:
    assert words_of("OrderItems") == words_of("order_items") == words_of("Order Items") == ("order", "items")
    assert read_table("OrderItems") == read_table("__order__items") == "order_items"
