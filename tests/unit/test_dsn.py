"""Where the database is, whatever form people write it in."""

from __future__ import annotations

import pytest
from pgmend.listener.dsn import describe, find_dsn, normalise
from pgmend.listener.errors import SettingsError
from psycopg.conninfo import conninfo_to_dict

FORMS = [
    "postgresql://ann:s3cret@db:5433/shop",
    "postgres://ann:s3cret@db:5433/shop",
    "postgresql+asyncpg://ann:s3cret@db:5433/shop",
    "postgresql+psycopg2://ann:s3cret@db:5433/shop",
    "POSTGRESQL+psycopg://ann:s3cret@db:5433/shop",
    "host=db port=5433 user=ann password=s3cret dbname=shop",
    "  postgresql://ann:s3cret@db:5433/shop\n",
]


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str) -> None:
    expected = {"host": "db", "port": "5433", "user": "ann", "password": "s3cret", "dbname": "shop"}
    assert conninfo_to_dict(normalise(form)) == expected


def test_the_option_wins_over_the_environment_and_pgmend_dsn_over_database_url() -> None:
    environment = {"PGMEND_DSN": "dbname=own", "DATABASE_URL": "dbname=general", "PGHOST": "elsewhere"}
    assert find_dsn("dbname=given", environment) == "dbname=given"
    assert find_dsn(None, environment) == "dbname=own"
    assert find_dsn(None, {"DATABASE_URL": "dbname=general"}) == "dbname=general"


@pytest.mark.parametrize("variable", ["PGHOST", "PGSERVICE", "PGDATABASE"])
def test_libpq_variables_are_left_to_libpq(variable: str) -> None:
    assert find_dsn(None, {variable: "x"}) == ""


def test_nothing_given_is_a_wrong_setting_that_names_the_cures() -> None:
    with pytest.raises(SettingsError, match=r"--dsn.*PGMEND_DSN.*DATABASE_URL"):
        find_dsn(None, {})


@pytest.mark.parametrize(
    "wrong",
    [
        "mysql://ann:s3cret@db/shop",
        "postgresql://ann:s3cret@[::/shop",
        "not an address s3cret",
        "postgresql://ann:s3cret@db/sh\0op",
        "host=db passwort=s3cret",
        "postgresql://ann:s3cret@db:notaport/shop",
        "postgresql://ann:s3cret/5@db:5433/shop",
        "host=db port=0 password=s3cret",
        "host=a,b port=5432,65536 password=s3cret",
        "host=db port=٣ password=s3cret",
    ],
)
def test_a_wrong_address_is_refused_without_echoing_its_password(wrong: str) -> None:
    with pytest.raises(SettingsError) as refused:
        normalise(wrong, "DATABASE_URL")
    assert "s3cret" not in str(refused.value)
    assert "DATABASE_URL" in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_description_has_no_password() -> None:
    assert describe(normalise(FORMS[0])) == "shop on db:5433 as ann"


@pytest.mark.parametrize("port", ["notaport", "65536", "-1"])
def test_a_port_that_is_none_is_called_the_port(port: str) -> None:
    with pytest.raises(SettingsError, match="its port is no number from 1 to 65535"):
        normalise(f"postgresql://u@h:{port}/x")


def test_several_hosts_may_have_ports_of_their_own_or_none() -> None:
    assert conninfo_to_dict(normalise("host=a,b port=5432,5433 dbname=x"))["port"] == "5432,5433"
    assert conninfo_to_dict(normalise("postgresql://a:5432,b/x"))["port"] == "5432,"
