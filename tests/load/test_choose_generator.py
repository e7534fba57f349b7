"""The generator of a burst depends on what was requested, installed, stored and possible."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.choose_generator import choose_generator
from pytest_djworkers.load.gateways import Gateways
from tests.support.profiles import make_profile

POSSIBLE = make_profile(duration_s=10, timeout_s=2)
IMPOSSIBLE = make_profile(duration_s=0.5, timeout_s=2)


@pytest.fixture
def wrk_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A program of that name; it is chosen, not run."""
    program = tmp_path / "wrk"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return str(program)


@pytest.fixture
def no_wrk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A PATH without wrk."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("wrk_on_path")
@pytest.mark.parametrize("stored", [None, "wrk", "asyncio"])
def test_agents_on_other_machines_are_those_of_the_built_in_generator(
    stored: str | None, tmp_path: Path
) -> None:
    gateways = Gateways(("popen",), tmp_path)
    chosen = choose_generator("auto", POSSIBLE, agents=2, gateways=gateways, stored=stored)
    assert chosen == AsyncioGenerator(2, gateways)


@pytest.mark.usefixtures("wrk_on_path")
@pytest.mark.parametrize(
    ("asked", "stored", "chosen"),
    [
        ("auto", None, "wrk"),
        ("auto", "wrk", "wrk"),
        ("auto", "asyncio", "asyncio"),
        ("wrk", None, "wrk"),
        ("wrk", "asyncio", "wrk"),
        ("asyncio", None, "asyncio"),
        ("asyncio", "wrk", "asyncio"),
    ],
)
def test_the_requested_generator_comes_before_the_stored_one_and_that_before_wrk(
    asked: str, stored: str | None, chosen: str
) -> None:
    assert choose_generator(asked, POSSIBLE, stored=stored).name == chosen


@pytest.mark.usefixtures("wrk_on_path")
@pytest.mark.parametrize(
    ("asked", "stored", "chosen"),
    [
        ("auto", None, "asyncio"),
        ("auto", "wrk", "wrk"),
        ("auto", "asyncio", "asyncio"),
        ("wrk", None, "wrk"),
        ("wrk", "asyncio", "wrk"),
    ],
)
def test_auto_is_the_built_in_generator_if_limits_need_every_request_and_nothing_is_stored(
    asked: str, stored: str | None, chosen: str
) -> None:
    assert choose_generator(asked, POSSIBLE, stored=stored, every_request=True).name == chosen


def test_wrk_is_found_on_path(wrk_on_path: str) -> None:
    assert getattr(choose_generator("auto", POSSIBLE), "program", None) == wrk_on_path


@pytest.mark.usefixtures("wrk_on_path")
@pytest.mark.parametrize("stored", [None, "wrk"])
def test_auto_is_the_built_in_generator_if_wrk_cannot_do_the_burst(stored: str | None) -> None:
    assert choose_generator("auto", IMPOSSIBLE, agents=2, stored=stored) == AsyncioGenerator(2)


@pytest.mark.usefixtures("wrk_on_path")
def test_wrk_that_cannot_do_the_burst_is_an_error_that_says_why() -> None:
    with pytest.raises(GeneratorError, match=r"'burst': a duration of 0\.5s is not in whole sec"):
        choose_generator("wrk", IMPOSSIBLE)


@pytest.mark.usefixtures("wrk_on_path")
def test_wrk_is_not_chosen_for_a_server_that_sends_interim_responses() -> None:
    assert choose_generator("auto", POSSIBLE, stored="wrk", interim=(103,)).name == "asyncio"
    with pytest.raises(GeneratorError, match="it counts the interim 102 and 103 before each"):
        choose_generator("wrk", POSSIBLE, interim=(102, 103))


@pytest.mark.usefixtures("no_wrk")
@pytest.mark.parametrize("stored", [None, "wrk"])
def test_auto_is_the_built_in_generator_if_wrk_is_not_installed(stored: str | None) -> None:
    assert choose_generator("auto", POSSIBLE, stored=stored).name == "asyncio"


@pytest.mark.usefixtures("no_wrk")
def test_wrk_that_is_requested_and_not_installed_is_an_error() -> None:
    with pytest.raises(GeneratorError, match="wrk is not on PATH"):
        choose_generator("wrk", POSSIBLE)


@pytest.mark.usefixtures("wrk_on_path")
def test_wrk_fires_at_no_unix_socket() -> None:
    assert choose_generator("auto", POSSIBLE, unix_socket=True).name == "asyncio"
    with pytest.raises(GeneratorError, match="it connects to no Unix socket"):
        choose_generator("wrk", POSSIBLE, unix_socket=True)
