"""Bursts of agents behind real gateways on loopback, and the ways in which these fail."""

from __future__ import annotations

import re
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load import gateway as module
from pytest_djworkers.load import gateway_check, remote_agent
from pytest_djworkers.load.agent_group import AgentGroup, local_agents
from pytest_djworkers.load.agent_job import StartSignal
from pytest_djworkers.load.agent_protocol import AgentLost
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.gateways import Gateways
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.remote_agent import RemoteAgent
from pytest_djworkers.load.result import BurstResult
from tests.support.fault_server import FaultServer, always, answer, eventually, serve
from tests.support.gateways import agents, gateway_commands, gateways, socket_server
from tests.support.processes import all_gone
from tests.support.profiles import make_profile

OK = answer()
VERSION = metadata.version("pytest-djworkers")


@contextmanager
def firing(
    generator: AsyncioGenerator, folder: Path, duration_s: float = 3
) -> Iterator[tuple[FaultServer, Future[BurstResult]]]:
    """A burst of four connections in another thread, once it is on its way."""
    profile = make_profile(connections=4, duration_s=duration_s)
    with serve(always(OK)) as server, ThreadPoolExecutor(1) as pool:
        burst = pool.submit(generator.fire, profile, Target(server.address, folder))
        assert eventually(lambda: len(server.requests) > 100 or burst.done())
        yield server, burst


def refusal(folder: Path, spec: str) -> str:
    """Return why a gateway can't be used."""
    with gateways(folder, spec) as found, pytest.raises(GeneratorError) as raised:
        found.open()
    assert not gateway_commands()
    return str(raised.value)


@pytest.mark.parametrize(("local", "specs"), [(0, ("popen", "popen")), (1, ("popen",))])
def test_agents_behind_gateways_fire_their_part_of_a_burst(
    local: int, specs: tuple[str, ...], tmp_path: Path
) -> None:
    profile = make_profile(connections=5, duration_s=0.5, warmup_s=0.3)
    with gateways(tmp_path, *specs) as found:
        found.open()
        with serve(always(OK)) as server:
            target = Target(server.address, tmp_path)
            result = AsyncioGenerator(local, found).fire(profile, target)
            assert eventually(lambda: len(server.requests) == result.sent)
            assert server.connections == 5
        # Two agents of the same place share a gateway.
        assert len(gateway_commands()) == 1
    assert not gateway_commands()
    assert result.ok
    assert result.errors == result.timeouts == 0
    facts = result.generator
    assert (facts.agents, facts.lost) == (2, ())
    # Both clocks are this machine's.
    assert facts.clock_offset_s is not None
    assert facts.clock_error_s is not None
    assert 0 < facts.clock_error_s < 1
    assert facts.clock_offset_s <= facts.clock_error_s + 0.005
    assert "with 2 agents, clocks " in str(result)
    assert result.remarks == ()


def test_a_socket_gateway_serves_one_run_after_the_other(tmp_path: Path) -> None:
    with socket_server() as place, serve(always(OK)) as server:
        for _ in range(2):
            with gateways(tmp_path, f"socket={place}") as found:
                generator = AsyncioGenerator(0, found)
                result = generator.fire(make_profile(), Target(server.address, tmp_path))
                assert result.ok
                assert result.errors == 0
            assert eventually(lambda: not agents())


def test_a_burst_needs_the_file_descriptors_of_each_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateways(tmp_path, "popen") as found:
        found.open()
        generator = AsyncioGenerator(1, found)
        assert generator.cannot(make_profile(connections=2000)) is None
        assert generator.cannot(make_profile(connections=10**9)) is not None
        # Only the other machine's is too low.
        monkeypatch.setattr(found._open["popen"], "descriptors", 1024)
        assert generator.cannot(make_profile(connections=2000)) == (
            "2000 connections need 1064 file descriptors and the hard limit at popen is 1024:"
            " raise it (ulimit -Hn 1064) or ask for fewer connections"
        )


def test_an_agent_in_another_network_fires_at_no_loopback_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateways(tmp_path, "popen") as found, serve(always(OK)) as server:
        with monkeypatch.context() as patched:
            patched.setattr(gateway_check, "network", lambda: "another")
            found.open()
        with pytest.raises(GeneratorError) as raised:
            AsyncioGenerator(0, found).fire(make_profile(), Target(server.address, tmp_path))
        assert not server.requests
    assert str(raised.value).startswith(
        "load agent 1 of 1 (popen) is on another machine or in another container, and fires at no"
        " loopback address there: "
    )


# Gateways that can't be opened.


def test_a_command_that_ends_is_said_in_words(tmp_path: Path) -> None:
    assert refusal(tmp_path, "popen//python=sh -c 'echo no such pod >&2; exit 3'") == (
        "agent popen//python=sh -c 'echo no such pod >&2; exit 3': ended before it was open"
        " (exit status 3): try it by hand: sh -c 'echo no such pod >&2; exit 3' -V\n"
        "The end of its log:\n"
        "    no such pod"
    )


def test_a_command_that_writes_something_else_is_said_in_words(tmp_path: Path) -> None:
    said = refusal(tmp_path, "popen//python=sh -c 'echo welcome; cat'")
    assert "wrote something else than execnet expects: nothing but Python may write" in said


def test_a_command_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPENED_WITHIN_S", 0.3)
    said = refusal(tmp_path, "popen//python=sh -c 'sleep 60'")
    assert ": did not respond in time: try it by hand: sh -c 'sleep 60' -V" in said


def test_ssh_that_gets_no_connection_is_said_in_words(tmp_path: Path) -> None:
    said = refusal(tmp_path, "ssh=-p 9 load@127.0.0.1")
    assert said.startswith(
        "agent ssh=-p 9 load@127.0.0.1: ended before it was open (exit status 255): try it by"
        " hand: ssh -o BatchMode=yes -o ConnectTimeout=10 -p 9 load@127.0.0.1 python3 -V\n"
    )
    assert "Connection refused" in said


def test_a_socket_where_nobody_listens_is_said_in_words(tmp_path: Path) -> None:
    said = refusal(tmp_path, "socket=127.0.0.1:9")
    assert "can't be reached: " in said
    assert said.endswith("(python -m execnet.script.socketserver 127.0.0.1:9)?")


def test_a_socket_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPENED_WITHIN_S", 0.3)

    with serve(always(b"")) as server:
        said = refusal(tmp_path, f"socket=127.0.0.1:{server.address[1]}")
    assert "did not respond in time: is it execnet's socket server that listens there" in said


def with_version(folder: Path, version: str) -> str:
    """Return a gateway to an interpreter that has this version of the package."""
    about = folder / f"pytest_djworkers-{version}.dist-info" / "METADATA"
    about.parent.mkdir(parents=True)
    about.write_text(f"Metadata-Version: 2.1\nName: pytest-djworkers\nVersion: {version}\n")
    return f"popen//python=env PYTHONPATH={folder} {sys.executable}"


def test_another_version_there_is_said_with_what_installs_this_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, with_version(tmp_path / "old", "0.0.1")).endswith(
        f" there has pytest-djworkers 0.0.1, and this run {VERSION}, so they may count differently:"
        f" install it there: {sys.executable} -m pip install pytest-djworkers=={VERSION}"
    )


def test_an_agent_that_cannot_be_imported_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "httptools.py").write_text("raise ImportError('no httptools here')")
    said = refusal(tmp_path, f"popen//python=env PYTHONPATH={tmp_path} {sys.executable}")
    assert "an agent can't start there: ImportError: no httptools here: install it there" in said


def test_a_python_without_the_package_is_said(tmp_path: Path) -> None:
    said = refusal(tmp_path, f"popen//python={sys.executable} -S")
    assert "there has no pytest-djworkers: install it there: " in said


def test_a_mistake_on_the_other_side_is_said_with_its_traceback(tmp_path: Path) -> None:
    (tmp_path / "resource.py").write_text("raise ZeroDivisionError('a mistake')")
    said = refusal(tmp_path, f"popen//python=env PYTHONPATH={tmp_path} {sys.executable}")
    assert f"{sys.executable}: failed:\nTraceback" in said
    assert "ZeroDivisionError: a mistake" in said


def test_a_check_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "OPENED_WITHIN_S", 1.5)
    (tmp_path / "resource.py").write_text("import time\ntime.sleep(60)")
    said = refusal(tmp_path, f"popen//python=env PYTHONPATH={tmp_path} {sys.executable}")
    assert said.endswith(": did not respond in time")


def test_ctrl_c_while_a_gateway_is_opened_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("execnet.gateway_bootstrap.bootstrap", interrupted)
    with gateways(tmp_path, "popen") as found, pytest.raises(KeyboardInterrupt):
        found.open()
    assert not gateway_commands()


# Agents and gateways that are lost.


def test_an_agent_lost_in_mid_burst_leaves_the_part_of_the_others(tmp_path: Path) -> None:
    with gateways(tmp_path, "popen", "popen") as found:
        generator = AsyncioGenerator(0, found)
        with firing(generator, tmp_path) as (_, burst):
            agents()[0].kill()
            result = burst.result(timeout=30)
        assert result.ok
        (lost,) = result.generator.lost
        assert lost.connections == 2
        assert re.fullmatch(r"load agent [12] of 2 \(popen\)", lost.name)
        assert result.generator.agents == 1
        assert result.connections.requested == result.connections.served == 2
        assert result.remarks[0] == "1 of 2 agents lost, with 2 of 4 connections"
        # The next burst has both again.
        with serve(always(OK)) as server:
            again = generator.fire(make_profile(), Target(server.address, tmp_path))
        assert (again.generator.agents, again.generator.lost) == (2, ())


def test_a_burst_without_any_agent_left_is_an_error(tmp_path: Path) -> None:
    with (
        gateways(tmp_path, "popen") as found,
        firing(AsyncioGenerator(0, found), tmp_path) as (_, burst),
    ):
        agents()[0].kill()
        error = burst.exception(timeout=30)
    assert isinstance(error, GeneratorError)
    assert str(error) == (
        "load agent 1 of 1 (popen) ended with exit status -9 in the middle of the burst"
    )


def test_a_gateway_lost_in_mid_burst_is_opened_anew_for_the_next(tmp_path: Path) -> None:
    with gateways(tmp_path, "popen") as found:
        generator = AsyncioGenerator(1, found)
        with firing(generator, tmp_path) as (server, burst):
            there = agents()
            (gateway,) = gateway_commands()
            gateway.kill()
            result = burst.result(timeout=30)
            assert [lost.name for lost in result.generator.lost] == ["load agent 2 of 2 (popen)"]
            # The agent behind it has ended, too.
            assert eventually(lambda: all_gone(process.pid for process in there))
            again = generator.fire(make_profile(), Target(server.address, tmp_path))
        assert (again.generator.agents, again.generator.lost) == (2, ())


def test_a_gateway_that_cannot_be_opened_anew_is_an_error(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    with gateways(tmp_path, f"popen//python={python}") as found:
        found.open()
        gateway_commands()[0].kill()
        python.write_text("#!/bin/sh\nexit 1\n")
        with pytest.raises(GeneratorError, match="ended before it was open"):
            AsyncioGenerator(0, found).fire(make_profile(), Target(("127.0.0.1", 9), tmp_path))


def test_an_agent_that_is_not_heard_of_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_agent, "SILENT_FOR_S", 3.0)
    with gateways(tmp_path, "popen", f"popen//python={sys.executable}") as found:
        with firing(AsyncioGenerator(0, found), tmp_path) as (_, burst):
            # As if the connection to its machine were cut.
            gateway_commands()[1].send_signal(signal.SIGSTOP)
            result = burst.result(timeout=60)
        assert len(result.generator.lost) == 1
    assert not gateway_commands()


def test_a_loss_before_the_burst_is_an_error_that_names_the_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SERVE", "raise ZeroDivisionError('a mistake of our own')")
    with (
        gateways(tmp_path, "popen") as found,
        serve(always(OK)) as server,
        pytest.raises(GeneratorError) as raised,
    ):
        AsyncioGenerator(1, found).fire(make_profile(), Target(server.address, tmp_path))
    said = str(raised.value)
    assert said.startswith("load agent 2 of 2 (popen) ")
    assert "a mistake of our own" in said


def test_an_agent_that_has_failed_before_its_job_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SERVE", "raise ZeroDivisionError('a mistake of our own')")
    with gateways(tmp_path, "popen") as found, serve(always(OK)) as server:
        (make,) = found.agents()
        agent = make(Target(server.address, tmp_path), 1, of=1)
        assert isinstance(agent, RemoteAgent)
        # Its end can be read a moment before the channel is closed.
        assert eventually(agent._channel.isclosed, within_s=15)
        with pytest.raises(AgentLost, match="failed before it was told what to do") as raised:
            agent.say(StartSignal(0))
    assert "a mistake of our own" in str(raised.value)


def test_a_gateway_that_ends_while_the_clocks_are_compared_is_gone(tmp_path: Path) -> None:
    with gateways(tmp_path, "popen") as found, ThreadPoolExecutor(1) as pool:
        found.open()
        gateway = found._open["popen"]
        (command,) = gateway_commands()
        # It has got the question, and will never answer it.
        command.send_signal(signal.SIGSTOP)
        refreshed = pool.submit(gateway.refresh)
        assert not refreshed.done()
        command.kill()
        assert refreshed.result(timeout=30) is False
        assert eventually(lambda: not gateway._gateway.hasreceiver())
        with pytest.raises(GeneratorError, match=r"load agent 1 of 1 \(popen\) can't be started: "):
            gateway.agent(Target(("127.0.0.1", 9), tmp_path), 1, of=1)


def test_an_agent_lost_in_a_warm_up_is_an_error(tmp_path: Path) -> None:
    profile = make_profile(connections=4, warmup_s=3)
    with (
        gateways(tmp_path, "popen", "popen") as found,
        serve(always(OK)) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        target = Target(server.address, tmp_path, workers=2)
        warm_up = pool.submit(AsyncioGenerator(0, found).warm_up, profile, target)
        assert eventually(lambda: len(server.requests) > 100 or warm_up.done())
        agents()[0].kill()
        error = warm_up.exception(timeout=30)
    assert isinstance(error, GeneratorError)
    assert re.fullmatch(r"burst: lost in the warm-up: load agent [12] of 2 \(popen\)", str(error))


def test_agents_begin_when_the_slowest_connection_has_brought_the_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateways(tmp_path, "popen") as found, serve(always(OK)) as server:
        found.open()
        far = replace(found._open["popen"].clock, error_s=0.1)
        monkeypatch.setattr(found._open["popen"], "clock", far)
        monkeypatch.setattr(found._open["popen"], "refresh", lambda: True)
        target = Target(server.address, tmp_path)
        began = time.monotonic()
        with AgentGroup([*local_agents(1), *found.agents()], target) as group:
            group.open(make_profile(), target, drain_s=0)
            group.begin()
            assert not server.requests
            group.reports()
            assert group.clocks == [far]
        assert time.monotonic() - began > 0.8


def test_closing_leaves_no_process(tmp_path: Path) -> None:
    found = Gateways(("popen",), tmp_path)
    found.open()
    there = [process.pid for process in gateway_commands()]
    assert there
    found.close()
    assert all_gone(there)
    found.close()
