"""Agents on other machines: what is read, and which runs can't have them."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from importlib.machinery import ModuleSpec

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.settings.reading import read_settings

SSH = "ssh=load@10.0.0.7//python=/venv/bin/python"
ELSEWHERE = ("--djworkers-url=http://192.0.2.5:8000", "--djworkers-allow-host=192.0.2.5")
UNION = pytest.version_tuple >= (9, 2)

Read = Callable[..., AgentPlaces]


@pytest.fixture
def read(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The places from flags, or from a line of a configuration file."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    def read(*flags: str, file: str = "pytest.ini", text: str = "[pytest]") -> AgentPlaces:
        (pytester.path / file).write_text(f"{text}\n")
        settings = read_settings(pytester.parseconfig(*flags))
        assert settings is not None
        return settings.agents

    return read


@pytest.mark.parametrize(
    ("file", "text", "places"),
    [
        ("pytest.ini", "[pytest]\ndjworkers_agents = 2", AgentPlaces(2)),
        ("pytest.ini", "[pytest]\ndjworkers_agents = 2, popen", AgentPlaces(2, ("popen",))),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\ndjworkers_agents = 2",
            AgentPlaces(2),
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\ndjworkers_agents = "2*popen"',
            AgentPlaces(0, ("popen", "popen")),
        ),
        pytest.param(
            "pyproject.toml",
            "[tool.pytest]\ndjworkers_agents = 2",
            AgentPlaces(2),
            marks=pytest.mark.skipif(not UNION, reason="older versions take one type"),
        ),
        pytest.param(
            "pytest.toml",
            '[pytest]\ndjworkers_agents = "1,popen"',
            AgentPlaces(1, ("popen",)),
            marks=pytest.mark.skipif(pytest.version_tuple < (9,), reason="new in pytest 9"),
        ),
    ],
)
def test_a_number_or_a_list_is_read_from_every_kind_of_file(
    file: str, text: str, places: AgentPlaces, read: Read
) -> None:
    assert read("--djworkers=granian", file=file, text=text) == places


@pytest.mark.parametrize("value", [2.5, True, ["popen"]])
@pytest.mark.skipif(pytest.version_tuple < (9,), reason="new in pytest 9")
def test_another_type_in_native_toml_is_refused(value: object, read: Read) -> None:
    text = f"[pytest]\ndjworkers_agents = {json.dumps(value)}"
    with pytest.raises(SettingsError, match="must be a whole number or a string"):
        read("--djworkers=granian", file="pytest.toml", text=text)


def test_the_flag_wins(read: Read) -> None:
    text = "[pytest]\ndjworkers_agents = 3"
    assert read("--djworkers=granian", "--djworkers-agents=popen", text=text) == AgentPlaces(
        0, ("popen",)
    )


@pytest.mark.parametrize("spec", [SSH, "socket=10.0.0.8:8888"])
def test_agents_elsewhere_need_a_server_that_they_reach(spec: str, read: Read) -> None:
    agents = f"--djworkers-agents=1,{spec}"
    assert read(*ELSEWHERE, agents) == AgentPlaces(1, (spec,))
    for server in ("--djworkers=granian", "--djworkers-url=http://127.0.0.1:8000"):
        with pytest.raises(SettingsError) as raised:
            read(server, agents)
        assert str(raised.value) == (
            f"{agents}: {spec} can't reach a server that listens on this machine's loopback"
            " address: serve the site at another one with --djworkers-bind=ADDRESS, or name a"
            " server on the network with --djworkers-url; allow either with --djworkers-allow-host"
        )


def test_wrk_has_no_agents_elsewhere(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_djworkers.settings.checks.find_wrk", lambda: "/usr/bin/wrk")
    with pytest.raises(SettingsError) as raised:
        read("--djworkers=granian", "--djworkers-agents=popen", "--djworkers-generator=wrk")
    assert str(raised.value) == (
        "--djworkers-agents=popen: only the built-in generator has agents behind gateways: use"
        " --djworkers-generator=asyncio, or a number of agents"
    )


def test_a_comparison_has_none(read: Read) -> None:
    text = "[pytest]\ndjworkers_agents = popen"
    flags = ("--djworkers=granian", "--djworkers-calibrate")
    with pytest.raises(SettingsError) as raised:
        read(*flags, text=text)
    assert str(raised.value) == (
        "djworkers_agents in pytest.ini: a comparison fires with one agent on this machine, next to"
        " both servers: use --djworkers-agents=1 with it"
    )
    assert read(*flags, "--djworkers-agents=1", text=text) == AgentPlaces(1)


def test_a_missing_execnet_is_said_with_the_extra(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def find(name: str, *rest: str) -> ModuleSpec | None:
        return None if name == "execnet" else found(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    assert read("--djworkers=granian", "--djworkers-agents=2") == AgentPlaces(2)
    with pytest.raises(SettingsError) as raised:
        read("--djworkers=granian", "--djworkers-agents=popen")
    assert str(raised.value) == (
        "--djworkers-agents=popen: agents behind gateways need execnet: pip install"
        " 'pytest-djworkers[agents]'"
    )
