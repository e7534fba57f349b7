"""The environment of a process that loads the site."""

from __future__ import annotations

import pytest

from pytest_djworkers.entry.site_environment import site_environment


@pytest.mark.parametrize(
    "name",
    [
        *("SCRIPT_NAME", "FORWARDED_ALLOW_IPS", "SENDFILE", "WEB_CONCURRENCY", "NOTIFY_SOCKET"),
        *("LISTEN_FDS", "DJANGO_ALLOW_ASYNC_UNSAFE"),
    ],
)
def test_variables_that_change_a_server_are_left_out(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "1")
    monkeypatch.setenv(f"{name}_OF_THE_SITE", "kept")
    kept = site_environment()
    assert name not in kept
    assert f"{name}_OF_THE_SITE" in kept


def test_variables_that_a_backend_names_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.setenv("GRANIAN_PORT", "1")
    assert not {"WEB_CONCURRENCY", "GRANIAN_PORT"} & site_environment(("GRANIAN_",)).keys()
