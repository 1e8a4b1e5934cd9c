"""How the API reads what it is sent: fields, hosts and origins."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from longtake.api.fields import Seconds, Whole
from longtake.api.origins import Origins
from longtake.settings import Settings

_WHOLE: TypeAdapter[int] = TypeAdapter(Whole)
_SECONDS: TypeAdapter[str] = TypeAdapter(Seconds)


@given(number=st.integers(0, 10**15 - 1))
def test_a_whole_number_may_come_as_text(number: int) -> None:
    assert _WHOLE.validate_python(number) == number
    assert _WHOLE.validate_python(str(number)) == number


@given(
    value=st.one_of(st.text(), st.floats(), st.booleans(), st.integers(max_value=-1))
)
def test_nothing_else_is_a_whole_number(value: Any) -> None:
    try:
        found = _WHOLE.validate_python(value)
    except ValidationError:
        return
    assert not isinstance(value, bool)
    assert found == float(value) >= 0


@given(value=st.text(alphabet="0123456789./-e+ ", max_size=30))
def test_seconds_are_exact_and_bounded_whatever_the_text(value: str) -> None:
    try:
        found = _SECONDS.validate_python(value)
    except ValidationError:
        return
    assert Fraction(1, 2) <= Fraction(found) <= 20


def origins(**given_settings: Any) -> Origins:
    return Origins(Settings(data=Path("data"), **given_settings))


@pytest.mark.parametrize(
    ("host", "served"),
    [
        ("127.0.0.1:8420", True),
        ("localhost:8420", True),
        ("LOCALHOST", True),
        ("[::1]:8420", True),
        ("127.8.8.8", True),
        ("films.example", True),
        ("films.example:443", True),
        ("evil.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("[", False),
        ("192.168.0.7", False),
    ],
)
def test_hosts_of_a_server_on_loopback(host: str, *, served: bool) -> None:
    rules = origins(public_url="https://films.example")
    assert (rules.refusal({"host": host}) is None) is served


@pytest.mark.parametrize(
    ("origin", "let"),
    [
        ("http://127.0.0.1:8420", True),
        ("https://films.example", True),
        ("https://studio.example", True),
        ("https://evil.example", False),
        ("https://films.example.evil.example", False),
        ("http://localhost:3000", False),
        ("null", False),
    ],
)
def test_origins_of_a_server_on_loopback(origin: str, *, let: bool) -> None:
    rules = origins(
        public_url="https://films.example", cors_origins=("https://studio.example",)
    )
    headers = {"host": "127.0.0.1:8420", "origin": origin}
    assert (rules.refusal(headers) is None) is let


def test_only_listed_origins_may_read() -> None:
    rules = origins(cors_origins=("https://studio.example",))
    listed = {"origin": "https://studio.example"}
    assert rules.shared(listed)["Access-Control-Allow-Origin"] == listed["origin"]
    assert "Authorization" in rules.preflight(listed)["Access-Control-Allow-Headers"]
    assert rules.shared({"origin": "https://evil.example"}) == {}
    assert rules.preflight({"origin": "https://evil.example"}) == {}


def test_a_server_on_other_addresses_is_reached_under_any_name() -> None:
    rules = origins(host="0.0.0.0")  # noqa: S104
    assert rules.refusal({"host": "a.example", "origin": "https://b.example"}) is None
    assert rules.shared({"origin": "https://b.example"}) == {}
