"""Addresses of databases: taken apart, shown without their password, refused without repeating any of it."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from steepest.base.errors import StoreError
from steepest.store.address import is_address, parse_address

words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@given(words, words, words, words)
def test_every_part_comes_back(user: str, password: str, database: str, study: str) -> None:
    parts = [quote(each, safe="") for each in (user, password, database, study)]
    url = "postgresql://{}:{}@db.lab:5433/{}?study={}".format(*parts)
    address = parse_address(url)
    assert address.study == study
    named = {"user": user, "password": password, "host": "db.lab", "port": "5433", "dbname": database}
    assert address.options == named
    again = parse_address(address.place)
    assert again.place == address.place
    assert again.options == {name: value for name, value in named.items() if name != "password"}
    assert again.study == study


@pytest.mark.parametrize("secret", ["Zq7/Zq8", "Zq7#Zq8", "Zq7?Zq8", "7/Zq8", "7?Zq=8", "7#Zq8", "7?Zq8"])
def test_a_password_that_was_not_quoted_is_not_repeated(secret: str) -> None:
    with pytest.raises(StoreError, match="%40 for @") as caught:
        parse_address(f"postgresql://ada:{secret}@db.lab/studies?study=wine")
    assert "Zq" not in str(caught.value)


@pytest.mark.parametrize("secret", ["Zq7@Zq8", "Zq7:Zq8@", ":Zq"])
def test_a_password_that_is_understood_unquoted_is_not_shown(secret: str) -> None:
    address = parse_address(f"postgresql://ada:{secret}@db.lab/studies?study=wine")
    assert address.options["password"] == secret
    assert "Zq" not in address.place + repr(address)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ada@db.lab/studies?password=Zq7&study=wine&sslmode=require",
        "postgresql://ada:Zq7@db.lab/studies?study=wine&sslpassword=Zq8",
    ],
)
def test_secrets_are_left_out_wherever_they_stand(url: str) -> None:
    address = parse_address(url)
    assert "Zq" not in address.place + repr(address)
    assert "Zq7" in address.secrets


def test_what_is_left_out_is_left_to_the_driver() -> None:
    address = parse_address("postgresql://?study=wine")
    assert address.options == {}
    assert address.place == "postgresql://?study=wine"
    assert parse_address("postgresql:///studies?host=/tmp/Socket&study=a").options == {
        "dbname": "studies",
        "host": "/tmp/Socket",
    }
    assert parse_address("postgres://[::1]:5433/studies").options["host"] == "::1"
    assert parse_address("postgresql://%2Ftmp%2FSocket/studies").options["host"] == "/tmp/Socket"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://a,b/studies?study=x",
        "postgresql://db.lab:port/studies",
        "postgresql://db.lab/studies?study",
    ],
)
def test_what_cannot_be_read_is_refused_with_the_shape(url: str) -> None:
    with pytest.raises(
        StoreError, match=r"cannot be read\. Write postgresql://user:password@host:port/database"
    ):
        parse_address(url)


def test_a_folder_is_no_address() -> None:
    assert not is_address("runs/wine")
    assert not is_address("postgresql")
    assert is_address("postgres://db.lab/studies")
