"""Serving on a Unix socket: what is read, and which runs can't."""

from __future__ import annotations

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.settings.reading import read_settings

FLAG = "--djworkers-unix-socket"
URL = "--djworkers-url=http://127.0.0.1:8000"
BAD = {
    "url": ([URL], f"{FLAG} can't be combined with {URL}, which names another address"),
    "bind": (
        ["--djworkers=granian", "--djworkers-bind=127.0.0.2"],
        f"{FLAG} can't be combined with --djworkers-bind=127.0.0.2, which names another address",
    ),
    "tls": (
        ["--djworkers=granian", "--djworkers-tls"],
        f"{FLAG} can't be combined with --djworkers-tls",
    ),
    "agents": (
        ["--djworkers=granian", "--djworkers-agents=1,popen"],
        f"{FLAG} can't be combined with --djworkers-agents=1,popen: it can be reached from here",
    ),
    "wrk": (
        ["--djworkers=granian", "--djworkers-generator=wrk"],
        f"{FLAG} can't be combined with --djworkers-generator=wrk: only the built-in generator",
    ),
    "server": (
        ["--djworkers=granian,runserver"],
        f"{FLAG}: runserver can't listen on a Unix socket; those that can are gunicorn-sync, ",
    ),
}


def is_read(pytester: pytest.Pytester, *flags: str, file: str = "pytest.ini", text: str) -> bool:
    """Read flags and a configuration file."""
    (pytester.path / file).write_text(f"{text}\n")
    settings = read_settings(pytester.parseconfig(*flags))
    assert settings is not None
    return settings.on_unix_socket


@pytest.fixture(autouse=True)
def no_site(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is served."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr("pytest_djworkers.settings.checks.find_wrk", lambda: "/usr/bin/wrk")


@pytest.mark.parametrize(
    ("file", "section"),
    [
        ("pytest.ini", "[pytest]"),
        ("pyproject.toml", "[tool.pytest.ini_options]"),
        ("pytest.toml", "[pytest]"),
    ],
)
def test_a_unix_socket_is_asked_for_by_a_configuration_file(
    file: str, section: str, pytester: pytest.Pytester
) -> None:
    assert not is_read(pytester, "--djworkers=granian", file=file, text=section)
    text = f"{section}\ndjworkers_unix_socket = true"
    assert is_read(pytester, "--djworkers=granian", file=file, text=text)
    # It is for other runs, too.
    assert not is_read(pytester, URL, file=file, text=text)


def test_a_unix_socket_is_asked_for_by_a_flag(pytester: pytest.Pytester) -> None:
    assert is_read(pytester, "--djworkers=granian", FLAG, text="[pytest]")


@pytest.mark.parametrize(("flags", "said"), BAD.values(), ids=list(BAD))
def test_a_run_that_cannot_have_one_is_refused(
    flags: list[str], said: str, pytester: pytest.Pytester
) -> None:
    with pytest.raises(SettingsError) as error:
        is_read(pytester, *flags, FLAG, text="[pytest]")
    assert str(error.value).startswith(said)
