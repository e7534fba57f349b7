"""Under pytest-xdist, workers measure, each alone, and the controller writes the results."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import time_line
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.xdist import Told, XdistWorker, tell_worker
from tests.support.settings import SETTINGS
from tests.support.site import GENTLE, TWO_TESTS, Site

MANY = """
import time

@pytest.mark.parametrize("number", range({number}))
def test_other(number):
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
"""


def test_the_controller_prints_saves_and_reports_what_the_workers_measure(site: Site) -> None:
    site.test(TWO_TESTS)
    result = site.burst(
        "-n2", "--djworkers-save-baseline", "--djworkers-report=load.md", "--junit-xml=junit.xml"
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "GET /json: requests/s: *, limit min_rps(1_000_000_000), *",
            "GET /json  (test_fails)",
            "  granian *8/8*",
            "GET /users  (test_passes)",
            "  granian *8/8*",
            "report: *load.md",
            "baseline saved: 1 burst in *",
            "baseline not saved: *test_fails*: the test did not pass",
        ]
    )
    rows = [one for one in (site.folder / "load.md").read_text().splitlines() if one[:1] == "|"]
    assert sum("granian" in row for row in rows) == 2
    junit = ET.parse(site.folder / "junit.xml")
    assert "djworkers GET /users rps" in {one.get("name") for one in junit.iter("property")}


# With this one tests and bursts are mixed, so that nothing but the lock keeps them apart.
DISTRIBUTIONS = [
    "loadfile",
    *(pytest.param(one, marks=pytest.mark.matrix) for one in ("load", "loadgroup", "worksteal")),
]


@pytest.mark.parametrize("dist", DISTRIBUTIONS)
def test_no_test_runs_during_a_burst(site: Site, time_line_in: Path, dist: str) -> None:
    site.test(TWO_TESTS)
    site.write("test_others.py", f"import pytest\n{MANY.format(number=30)}")
    result = site.burst("-n3", "-p", "time_line", f"--dist={dist}", backends="granian,cheroot")
    result.assert_outcomes(passed=32, failed=2)
    stretches = time_line.read(time_line_in)
    kinds = [one.kind for one in stretches]
    assert (kinds.count("server"), kinds.count("load test"), kinds.count("test")) == (4, 4, 30)
    assert not time_line.beside_servers(stretches)


@pytest.mark.matrix
def test_load_tests_are_a_block_behind_the_others(site: Site, time_line_in: Path) -> None:
    # Collected first, by the name of its file.
    site.write("test_a.py", "def test_load(burst):\n    burst('/json')")
    site.write("test_b.py", f"import pytest\n{MANY.format(number=8)}")
    site.burst("-n2", "-p", "time_line").assert_outcomes(passed=9)
    kinds = [one.kind for one in time_line.read(time_line_in) if one.kind != "server"]
    # The other worker may begin its last test after it.
    assert kinds.index("load test") >= 7


GROUPED = [("-n2",), pytest.param(("-n2", "--dist=loadgroup"), marks=pytest.mark.matrix)]


@pytest.mark.parametrize("flags", GROUPED)
def test_the_table_and_the_baseline_are_those_of_a_run_without_it(
    site: Site, flags: tuple[str, ...]
) -> None:
    # They are collected in another order than that of their names, and end in any order.
    site.test(
        "def test_b(burst):\n    burst('/users')\n\n\ndef test_a(burst):\n    burst('/json')\n"
    )
    rows, keys = [], []
    for number, more in enumerate((("-n0",), flags)):
        name = f"run-{number}"
        result = site.burst(
            *more,
            "--djworkers-save-baseline",
            f"--djworkers-baseline={name}",
            f"--djworkers-report={name}.json",
        )
        result.assert_outcomes(passed=2)
        bursts = json.loads((site.folder / f"{name}.json").read_text())["bursts"]
        rows.append([one["record"]["test"] for one in bursts])
        (file,) = (site.folder / ".djworkers" / name).iterdir()
        keys.append(list(json.loads(file.read_text())["bursts"]))
    assert len(rows[0]) == len(keys[0]) == 2
    assert rows[0] == rows[1]
    assert keys[0] == keys[1]


@pytest.mark.matrix
def test_with_loadgroup_each_backend_stays_on_one_worker(site: Site, time_line_in: Path) -> None:
    site.test(
        "@pytest.mark.parametrize('number', range(3))\n"
        "def test_it(burst, number):\n    burst('/json')"
    )
    result = site.burst(
        "-n3", "-p", "time_line", "--dist=loadgroup", backends="granian,cheroot,waitress"
    )
    result.assert_outcomes(passed=9)
    servers = {(one.name, one.pid) for one in time_line.read(time_line_in) if one.kind == "server"}
    assert len(servers) == len(dict(servers)) == 3


@pytest.mark.matrix
def test_a_distribution_that_takes_longer_is_named_once(site: Site) -> None:
    site.test("def test_load(burst):\n    burst('/json')\n\ndef test_other():\n    pass")
    result = site.burst("-n2", "--dist=loadscope")
    result.assert_outcomes(passed=2)
    said = [line for line in result.outlines if "--dist=loadscope mixes load tests" in line]
    assert len(said) == 1
    result.stdout.fnmatch_lines(
        ["djworkers: 1 load test, about *", "djworkers: bursts of 8 connections for 300ms *"]
    )


CRASHES = """
import os
import signal
import threading


def test_crashes(burst):
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGKILL)).start()
    burst("/sleep/10", duration="20s")


def test_json(burst):
    burst("/json", duration="300ms")


def test_users(burst):
    burst("/users", duration="300ms")
"""


@pytest.mark.matrix
def test_a_worker_that_crashes_in_a_burst_loses_that_result_and_nothing_else(site: Site) -> None:
    site.test(CRASHES)
    flags = [one for one in GENTLE if "duration" not in one]
    result = site.pytest("--djworkers=granian", *flags, "-n2", "--djworkers-save-baseline")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*crashed while running 'test_site.py::test_crashes[[]granian]'*",
            "GET /json  (test_json)",
            "GET /users  (test_users)",
            "baseline saved: 2 bursts in *",
        ]
    )


def test_a_worker_on_another_machine_is_refused_in_words() -> None:
    node: Any = SimpleNamespace(
        gateway=SimpleNamespace(spec=_Spec("ssh=ci@10.0.0.7")), workerinput={}
    )
    with pytest.raises(SettingsError, match=r"--tx=ssh=ci@10\.0\.0\.7: load tests run on this"):
        tell_worker(node, Told("/tmp/x", "load", None))
    assert not node.workerinput


class _Spec(str):
    """An execnet spec of a gateway that is no process of this machine."""

    __slots__ = ()
    popen = None


@pytest.mark.matrix
def test_a_wrong_marker_is_a_collection_error_under_xdist_too(site: Site) -> None:
    site.test("@pytest.mark.min_rps('fast')\ndef test_it(burst):\n    pass")
    result = site.burst("-n2")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["test_site.py:3: min_rps('fast'): must be a number above 0"])


class Closing:
    """Gateways that note that they were closed."""

    is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("is_worker", [True, False])
def test_a_worker_leaves_its_gateways_to_the_next_one(tmp_path: Path, is_worker: bool) -> None:
    worker = XdistWorker("gw0", os.getppid(), Told(str(tmp_path), "load", None))
    baseline = Baseline(tmp_path / "none.json", Machine("A CPU", 2, None))
    run = RunContext(SETTINGS, baseline, worker if is_worker else None, None)
    run.__dict__["gateways"] = gateways = Closing()
    run.leave_gateways()
    run.end()
    assert gateways.is_closed is is_worker
