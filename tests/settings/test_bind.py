"""The address to serve at, which others may reach only if the user says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.settings.bind import bound_address
from pytest_djworkers.settings.checks import check
from pytest_djworkers.settings.values import Value

NO_URL = Value(None, "djworkers_url in pytest.ini", Path())
URL = Value("http://127.0.0.1:8000", "--djworkers-url=http://127.0.0.1:8000", Path())


def bind(address: str | None) -> Value:
    """The value of a flag."""
    return Value(address, f"--djworkers-bind={address}", Path())


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2"])
def test_an_address_that_only_this_machine_reaches_needs_no_leave(address: str) -> None:
    assert bound_address(bind(address), NO_URL, ()) == address


def test_an_address_that_others_reach_must_be_allowed() -> None:
    assert bound_address(bind("192.0.2.1"), NO_URL, ("192.0.2.1",)) == "192.0.2.1"
    with pytest.raises(SettingsError) as refusal:
        bound_address(bind("192.0.2.1"), NO_URL, ("192.0.2.2",))
    assert str(refusal.value) == (
        "--djworkers-bind=192.0.2.1: everyone who reaches 192.0.2.1 can use the site with its test"
        " databases while it is served: say --djworkers-allow-host=192.0.2.1 if they may"
    )


def test_a_server_that_runs_already_has_its_address() -> None:
    with pytest.raises(SettingsError) as refusal:
        bound_address(bind("127.0.0.2"), URL, ())
    assert str(refusal.value) == (
        "--djworkers-bind=127.0.0.2 can't be combined with"
        " --djworkers-url=http://127.0.0.1:8000: that server has its address already"
    )
    for default in (None, "127.0.0.1"):
        assert bound_address(bind(default), URL, ()) == "127.0.0.1"


@pytest.mark.parametrize("address", ["192.0.2.1", "255.255.255.255"])
def test_an_address_must_be_one_of_this_machines(address: str) -> None:
    assert check("bind", "127.0.0.2", Path()) == "127.0.0.2"
    with pytest.raises(ValueError, match=f"'{address}' is not an address of this machine"):
        check("bind", address, Path())
