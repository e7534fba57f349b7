"""Servers of a small site, launched for tests."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import MachineLock
from pytest_djworkers.system.port import LOOPBACK, ReservedPort
from tests.support.profiles import make_profile
from tests.support.site import SETTINGS, URLS

DATABASES = {"default": DatabaseTarget("test.sqlite3")}
JSON = SentRequest("/json")

MakeServer = Callable[..., Server]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a site that can be imported."""
    settings = SETTINGS.replace('"urls"', '"site_urls"')
    (tmp_path / "site_settings.py").write_text(settings)
    (tmp_path / "site_urls.py").write_text(URLS)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def lock() -> MachineLock:
    """The test's own, which waits for nobody."""
    return MachineLock(wait_at_most_s=0)


@pytest.fixture
def make_server(folder: Path, lock: MachineLock) -> Iterator[MakeServer]:
    """Yield a function that makes servers, which are stopped with the test."""
    ports: dict[str, ReservedPort] = {}
    with ExitStack() as stack:

        def make(
            backend: Backend, *, workers: int = 1, host: str = LOOPBACK, **changes: Any
        ) -> Server:
            if host not in ports:
                ports[host] = ReservedPort(host)
                stack.callback(ports[host].release)
            spec = replace(spec_of(folder, ports[host].number, workers), host=host)
            made = Server(backend, replace(spec, **changes), lock)
            stack.callback(made.stop)
            return made

        yield make


def spec_of(folder: Path, port: int, workers: int) -> LaunchSpec:
    """The launch of the site in this folder."""
    return LaunchSpec(
        settings_module="site_settings",
        databases=DATABASES,
        folder=folder,
        port=port,
        workers=workers,
        startup_timeout_s=30.0,
    )


def start(server: Server, probe: SentRequest = JSON, connections: int = 8) -> Server:
    """Launch it for a burst."""
    server.launch(BurstNeeds(connections, probe))
    return server


def fire(server: Server, *, connections: int) -> BurstResult:
    """Fire a burst that is longer than a busy machine responds to nothing."""
    profile = make_profile(JSON, connections=connections, duration_s=1, warmup_s=0.1, timeout_s=20)
    return AsyncioGenerator().fire(profile, server.target)


def facts(server: Server) -> dict[str, Any]:
    """Return what a worker says about itself."""
    with urllib.request.urlopen(f"{server.url}/facts", timeout=15) as answer:
        said: dict[str, Any] = json.load(answer)
    return said
