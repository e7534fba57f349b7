"""Bursts in tests that stop time, run an event loop, or keep tests from the network."""

from __future__ import annotations

import importlib.util
import re
import sys
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import freezegun
import pytest
import time_machine

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.compare.arms import NAMES, Arm, PreparedArms
from pytest_djworkers.compare.blocks import run_block
from pytest_djworkers.compare.numbers import DEFAULT_NUMBERS
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.runtime import this_runtime
from pytest_djworkers.system.port import ReservedPort
from tests.support.comparisons import SIZE
from tests.support.launches import DATABASES, JSON
from tests.support.site import CONFTEST, Site

PROLOGUE = """
import asyncio
import time

import freezegun
import time_machine


def check(result):
    # The burst took 300 ms by the real clock, which other processes share the CPU with.
    assert 0.2 < result.window_s < 3, result.window_s
    assert 1 < result.rps < 1_000_000
    assert 0 < result.latency.p50 < 3
    assert result.usage.cpu_s > 0
"""
FROZEN = """
@freezegun.freeze_time("2000-01-01")
def test_frozen(burst):
    check(burst("/json"))
"""
IN_A_LOOP = """
@pytest.mark.anyio
async def test_async(burst):
    check(burst("/users", contains='"users": 1'))
"""
BLOCKED = """
@pytest.mark.disable_socket
def test_blocked(burst):
    check(burst("/json"))
"""
MORE = """
@time_machine.travel("2000-01-01", tick=False)
def test_moved(burst):
    check(burst("/json"))


@pytest.fixture
def leaps():
    with freezegun.freeze_time("2030-01-01", auto_tick_seconds=3600):
        yield


def test_each_look_at_the_clock_moves_it(leaps, burst):
    check(burst("/json"))


@pytest.fixture
def moved_around():
    with time_machine.travel("2000-01-01"):
        yield


def test_moved_by_a_fixture(moved_around, burst):
    check(burst("/json"))


def test_sleep_is_replaced(monkeypatch, burst):
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    check(burst("/json"))


@pytest.mark.anyio
async def test_in_a_thread(burst):
    check(await asyncio.to_thread(burst, "/json"))


@pytest.fixture
def running_loop():
    loop = asyncio.new_event_loop()
    asyncio._set_running_loop(loop)
    yield
    asyncio._set_running_loop(None)
    loop.close()


def test_a_loop_beside(running_loop, djworkers_server, burst):
    loop = asyncio.get_running_loop()
    check(burst("/users", contains='"users": 1'))
    assert asyncio.get_running_loop() is loop


@pytest.mark.allow_hosts(["192.0.2.1"])
def test_other_hosts_alone_are_allowed(burst):
    check(burst("/json"))
"""
BACKENDS_OF_ANYIO = """

@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.fixture
def company(site: Site) -> Site:
    """A site whose async tests run in asyncio."""
    site.write("conftest.py", CONFTEST + BACKENDS_OF_ANYIO)
    return site


@pytest.mark.matrix
def test_a_burst_works_with_frozen_time_a_running_loop_or_blocked_sockets(company: Site) -> None:
    company.test(PROLOGUE + FROZEN + IN_A_LOOP + BLOCKED)
    company.burst("-panyio").assert_outcomes(passed=3)


@pytest.mark.matrix
def test_a_burst_works_with_more_that_replaces_time_loops_or_sockets(company: Site) -> None:
    company.test(PROLOGUE + MORE)
    company.burst("-panyio").assert_outcomes(passed=7)


@pytest.mark.matrix
@pytest.mark.parametrize(
    "start",
    [
        "import freezegun; freezegun.freeze_time('2000-01-01').start()",
        "import time_machine; time_machine.travel('2000-01-01', tick=False).start()",
        "import pytest_socket; pytest_socket.disable_socket()",
    ],
)
def test_a_burst_works_if_time_or_sockets_were_replaced_before_the_run(
    company: Site, start: str
) -> None:
    company.write("conftest.py", start + CONFTEST)
    company.test(PROLOGUE + "def test_it(burst):\n    check(burst('/json'))")
    # That plugin has a socket of its own.
    company.burst("-p", "no:rerunfailures", "-panyio").assert_outcomes(passed=1)


@pytest.mark.matrix
@pytest.mark.parametrize(
    "stopped",
    [
        freezegun.freeze_time("2000-01-01"),
        freezegun.freeze_time("2000-01-01", auto_tick_seconds=3600),
        time_machine.travel("2000-01-01", tick=False),
    ],
    ids=["frozen", "leaping", "moved"],
)
def test_windows_of_a_comparison_are_measured_by_the_real_clock(
    folder: Path, stopped: AbstractContextManager[Any]
) -> None:
    with ExitStack() as stack:
        ports = [ReservedPort(), ReservedPort()]
        for port in ports:
            stack.callback(port.release)
        base, head = (Arm(n, n, Granian(), this_runtime(folder), DATABASES) for n in NAMES)
        spec = LaunchSpec(
            settings_module="site_settings", folder=folder, port=0, workers=1, startup_timeout_s=30
        )
        arms = PreparedArms(
            (base, head),
            spec,
            (ports[0].number, ports[1].number),
            lambda arm: arm,
            seed=1,
            numbers=DEFAULT_NUMBERS,
        )
        stack.enter_context(stopped)
        block = run_block(
            plan_block(1, 0),
            arms,
            Profile("GET /json", JSON, Shape(8, 1.0, 1.0, 0.0)),
            BurstNeeds(8, JSON),
            SIZE,
        )
    windows = [window for one in block.rounds for window in (one.base, one.head)]
    assert len(windows) == 2 * SIZE.rounds_per_block
    assert all(0.2 < window.window_s < 10 for window in windows)
    assert all(window.responses for window in windows)
    assert all(window.cpu_per_request_s for window in windows)


def test_an_async_seed_is_refused(company: Site) -> None:
    seed = "import pytest\n\nasync def rows(): ...\n\n@pytest.fixture(scope='session')\n"
    company.write("conftest.py", f"{seed}def djworkers_seed():\n    return rows\n")
    company.test("def test_it(burst): burst('/json')")
    run = company.burst()
    run.assert_outcomes(failed=1)
    run.stdout.fnmatch_lines(
        ["*djworkers_seed returns an async function, which would create no rows*"]
    )


PLAIN = """
import sys

def test_it(db):
    print("loaded:", *sys.modules)
"""


@pytest.mark.matrix
def test_apps_may_have_the_names_of_modules_that_only_the_plugin_imports(site: Site) -> None:
    # The names of all modules of the standard library that a run without bursts has not loaded.
    site.test(PLAIN)
    loaded = re.search(r"loaded: (.*)", site.pytest("-s").stdout.str())
    assert loaded
    names = sys.stdlib_module_names - {*loaded[1].split(), "antigravity", "this"}
    # A name that is found nowhere is a module of another operating system.
    for name in filter(importlib.util.find_spec, names):
        if name.startswith("_"):
            continue
        site.write(f"{name}/__init__.py", "raise RuntimeError(f'loaded {__file__}')")
    site.test("def test_it(burst): burst('/json')")
    site.burst(backends="granian,waitress").assert_outcomes(passed=2)
