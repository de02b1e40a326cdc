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
