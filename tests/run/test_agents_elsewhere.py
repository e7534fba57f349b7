"""Runs whose agents are behind gateways to this very machine."""

from __future__ import annotations

import json
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.support.endings import Cause, in_a_burst, prepare, running, to_pytest
from tests.support.processes import mentioning, until
from tests.support.site import Site

TEST = "def test_json(burst):\n    burst('/json')\n"
KILLS_ONE = """
import time
from threading import Thread

import psutil

def agents():
    found = []
    for process in psutil.Process().children(recursive=True):
        # Not a guard, nor what is not yet an agent.
        if process.cmdline()[1:] == ["-P", "-m", "pytest_djworkers.load.agent"]:
            found.append(process)
    return found

def kill_one():
    while len(agents()) < 2:
        time.sleep(0.05)
    # The burst begins when both are ready, and takes three seconds.
    time.sleep(1.5)
    agents()[0].kill()

@pytest.mark.min_rps(1)
@pytest.mark.max_timeouts("50%")
@pytest.mark.max_errors("50%")
@pytest.mark.max_latency(p50="10s", max="10s")
@pytest.mark.max_cpu_per_request("10s")
@pytest.mark.max_memory("10GB")
@pytest.mark.max_regression("50%")
def test_lost(burst):
    Thread(target=kill_one).start()
    burst("/json", name="lost")

def test_whole(burst):
    burst("/json")
"""


def test_agents_behind_gateways_count_as_those_of_this_machine(site: Site) -> None:
    site.test(TEST)
    run = site.burst("--djworkers-agents=1,2*popen", "--djworkers-report=load.json")
    run.assert_outcomes(passed=1)
    run.stdout.fnmatch_lines(["djworkers: * generator asyncio, its agents: 1 here, 2 at popen"])
    (burst,) = json.loads((site.folder / "load.json").read_text())["bursts"]
    facts = burst["record"]["result"]["generator"]
    assert (facts["name"], facts["agents"], facts["lost"]) == ("asyncio", 3, [])
    assert 0 < facts["clock_error_s"] < 1
    assert burst["record"]["result"]["connections"]["served"] == 8


@pytest.mark.matrix
def test_no_limit_passes_without_the_part_of_a_lost_agent_and_nothing_is_stored(
    site: Site,
) -> None:
    site.test(KILLS_ONE)
    flags = ("--djworkers-agents=popen,popen", "--djworkers-save-baseline")
    run = site.burst(*flags, "--djworkers-duration=3s", "--djworkers-warmup=0")
    run.assert_outcomes(passed=1, failed=1)
    said = run.stdout.str()
    lost = "1 of 2 agents lost, with 4 of 8 connections"
    for limit in (
        r"min_rps\(1\)",
        r"max_timeouts\(50%\)",
        r"max_errors\(50%\)",
        r"max_latency\(p50=10s\)",
        r"max_latency\(max=10s\)",
        r"max_cpu_per_request\(10s\)",
        r"max_memory\(10GB\)",
        r"max_regression\(50%\)",
    ):
        assert re.search(rf"lost: {lost}, so {limit} can't pass", said), limit
    assert "N of N agents lost: their part of the figures is missing" in " ".join(said.split())
    assert "test_lost" not in "".join(
        file.read_text() for file in (site.folder / ".djworkers").rglob("*.json")
    )


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--djworkers-agents=telnet=x",), "'telnet' is no kind of agent: accepted are "),
        (
            ("--djworkers-agents=ssh=load@127.0.0.1",),
            "ssh=load@127.0.0.1 can't reach a server that listens on this machine's loopback",
        ),
        (
            ("--djworkers-agents=popen//python=false",),
            "agent popen//python=false: ended before it was open (exit status 1): try it by hand",
        ),
        (
            ("--djworkers-agents=popen", "--djworkers-calibrate"),
            "a comparison fires with one agent on this machine",
        ),
    ],
)
def test_agents_that_cannot_be_had_end_the_run_before_any_server_starts(
    flags: tuple[str, ...], says: str, site: Site
) -> None:
    site.test(TEST)
    run = site.burst(*flags)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    assert says in run.stdout.str() + run.stderr.str()


def test_a_run_that_fires_nothing_opens_no_gateway(site: Site) -> None:
    site.test(TEST)
    site.write("test_other.py", "def test_other():\n    pass\n")
    flag = "--djworkers-agents=popen//python=false"
    assert site.burst(flag, "--collect-only").ret == pytest.ExitCode.OK
    site.burst(flag, "test_other.py").assert_outcomes(passed=1)


@pytest.mark.matrix
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["SIGKILL", "SIGINT"])
def test_nothing_is_left_behind(
    number: int, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    prepare(site, Cause("", None))
    flags = ("--djworkers=granian", "--djworkers-connections=4", "--djworkers-warmup=0")
    agents = f"--djworkers-agents=popen,popen//python={sys.executable}"
    with running(site, *flags, agents) as run:
        until(lambda: in_a_burst(run), within_s=60)
        to_pytest(number)(run)
        until(lambda: not mentioning(site.folder))
    if number == signal.SIGINT:
        assert not list(tmp_path.glob("djworkers-*"))


@pytest.mark.matrix
def test_a_test_that_stops_time_moves_no_clock_that_is_compared(site: Site) -> None:
    site.test("""
import freezegun
import time_machine

def check(result):
    assert result.generator.agents == 2
    assert result.generator.clock_offset_s < 60
    assert result.usage.cpu_s > 0

@freezegun.freeze_time("2000-01-01")
def test_frozen(burst):
    check(burst("/json"))

@time_machine.travel("2000-01-01", tick=False)
def test_travelling(burst):
    check(burst("/json"))
""")
    site.burst("--djworkers-agents=1,popen").assert_outcomes(passed=2)
