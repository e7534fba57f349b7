"""What a gateway's other side answers, in the test's own process; and what unfits a machine."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from importlib import metadata

import pytest

from pytest_djworkers.load import gateway_check
from pytest_djworkers.load.gateway import _why_unfit
from tests.support.channel import FakeChannel

VERSION = metadata.version("pytest-djworkers")


def test_the_facts_come_first_and_the_clocks_when_they_are_asked_for() -> None:
    channel = FakeChannel(None, None)
    gateway_check.answer(channel)
    facts, (first_ns, unix_s), (second_ns, _) = channel.sent
    assert facts == {
        "python": sys.version_info[:3],
        "executable": sys.executable,
        "network": gateway_check.network(),
        "version": VERSION,
        "failure": "",
        "descriptors": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
    }
    assert first_ns < second_ns <= time.monotonic_ns()
    assert unix_s == pytest.approx(time.time(), abs=60)
    assert _why_unfit(facts) is None


def test_an_old_python_is_asked_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 2, "final", 0))
    facts = gateway_check.facts()
    assert facts["version"] is None
    assert _why_unfit(facts | {"executable": "/usr/bin/python3"}) == (
        "/usr/bin/python3 there is Python 3.9.2, and agents need 3.11 or newer: name another one"
        " with //python=PATH"
    )


def test_another_system_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert " net:[" in gateway_check.network()

    def unreadable(_: str) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(os, "readlink", unreadable)
    assert gateway_check.network() == platform.node()


def test_a_machine_without_a_limit_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    infinity = resource.RLIM_INFINITY
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, infinity))
    assert gateway_check.facts()["descriptors"] is None


def test_a_package_that_is_not_installed_is_asked_nothing_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gateway_check, "NEEDED", "there-is-none")
    facts = gateway_check.facts()
    assert (facts["version"], facts["failure"]) == (None, "")


@pytest.mark.parametrize(
    ("said", "failure"), [("Traceback\nImportError: no", "ImportError: no"), ("", "exit status 7")]
)
def test_an_agent_that_cannot_start_says_why(
    said: str, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 7, b"", said.encode())

    monkeypatch.setattr(subprocess, "run", run)
    facts = gateway_check.facts()
    assert facts["failure"] == failure
    assert str(_why_unfit(facts)).startswith(f"an agent can't start there: {failure}: install it")
