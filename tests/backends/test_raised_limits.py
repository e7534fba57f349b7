"""The backends' command lines: limits that hold the burst's connections, and nothing else."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from pytest_djworkers.backends import gunicorn_base
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.hypercorn import Hypercorn
from pytest_djworkers.backends.protocol import ENTRY_FILES, WSGI_ENTRY, Backend, LaunchPlan
from pytest_djworkers.backends.uvicorn import Uvicorn


def plan(workers: int = 2, connections: int = 2000) -> LaunchPlan:
    return LaunchPlan("127.0.0.1", 4321, workers, connections)


def flags(backend: Backend, plan: LaunchPlan) -> dict[str, str]:
    """The options of a backend's command line that take a value."""
    command = backend.command("python", plan)
    return {
        flag.removeprefix("--"): value
        for flag, value in pairwise(command)
        if flag.startswith("--") and not value.startswith("--")
    }


@pytest.mark.parametrize("connections", [1, 1000, 1001, 2000, 5000])
@pytest.mark.parametrize("workers", [1, 2, 20])
def test_each_worker_of_gunicorn_gevent_holds_all_connections(
    workers: int, connections: int
) -> None:
    given = flags(GunicornGevent(), plan(workers, connections))
    assert int(given["worker-connections"]) == max(1000, connections)
    assert int(given["backlog"]) == max(2048, connections)


@pytest.mark.parametrize("connections", [1, 64, 1024, 2000, 5000])
@pytest.mark.parametrize("workers", [1, 2, 3, 20, 2000])
def test_the_workers_of_granian_hold_unevenly_spread_connections(
    workers: int, connections: int
) -> None:
    given = flags(Granian(), plan(workers, connections))
    fair_share = connections / workers
    assert int(given["backlog"]) == max(1024, connections)
    assert int(given["backpressure"]) >= min(connections, 1.3 * fair_share)
    assert int(given["backpressure"]) >= 1024 // workers


@pytest.mark.parametrize(("workers", "threads"), [(1, 512), (2, 256), (20, 25), (5000, 1)])
@pytest.mark.parametrize("connections", [1, 5000])
def test_granians_threads_are_its_own_default(workers: int, connections: int, threads: int) -> None:
    assert flags(Granian(), plan(workers, connections))["blocking-threads"] == str(threads)


def test_granians_threads_can_be_set() -> None:
    backend = Granian(blocking_threads=1)
    assert flags(backend, plan())["blocking-threads"] == "1"
    assert backend.options(plan())["blocking_threads"] == 1


@pytest.mark.parametrize(("version", "has_socket"), [("23.0.0", 0), ("25.0.0", 1), ("27.0.1", 1)])
def test_gunicorns_control_socket_is_turned_off_in_versions_that_have_one(
    monkeypatch: pytest.MonkeyPatch, version: str, has_socket: int
) -> None:
    monkeypatch.setattr(gunicorn_base, "version", lambda _: version)
    command = GunicornGevent().command("python", plan())
    assert command.count("--no-control-socket") == has_socket


def test_the_whole_command_line_of_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gunicorn_base, "version", lambda _: "27.0.1")
    assert GunicornGevent().command("python", plan()) == [
        *("python", "-P", "-m", "gunicorn"),
        *("--config", str(Path(gunicorn_base.__file__).with_name("gunicorn_empty_config.py"))),
        "--no-control-socket",
        *("--bind", "127.0.0.1:4321", "--workers", "2", "--worker-class", "gevent"),
        *("--backlog", "2048", "--worker-connections", "2000", "--log-level", "warning"),
        WSGI_ENTRY,
    ]


def test_the_whole_command_line_of_granian() -> None:
    assert Granian().command("python", plan()) == [
        *("python", "-P", "-m", "granian", "--interface", "wsgi"),
        *("--host", "127.0.0.1", "--port", "4321", "--workers", "2"),
        *("--backlog", "2000", "--backpressure", "1301", "--blocking-threads", "256"),
        *("--log-level", "warning", "--no-access-log"),
        ENTRY_FILES[WSGI_ENTRY],
    ]


@pytest.mark.parametrize(
    ("flag", "backend"),
    [
        ("keep-alive", GunicornGevent()),
        ("timeout-keep-alive", Uvicorn()),
        ("keep-alive", Hypercorn()),
    ],
)
def test_connections_that_will_be_idle_stay_open(flag: str, backend: Backend) -> None:
    idle = LaunchPlan("127.0.0.1", 4321, 2, 8, idle_s=120)
    assert flags(backend, idle)[flag] == "120"
    assert flag not in flags(backend, plan())


def test_the_users_own_file_says_how_long_connections_stay_open(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.touch()
    idle = LaunchPlan("127.0.0.1", 4321, 2, 8, idle_s=120)
    for backend in (GunicornGevent(config=str(own)), Hypercorn(config=str(own))):
        assert "keep-alive" not in flags(backend, idle)
