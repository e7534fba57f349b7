"""A guarded command, seen from the pytest process."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from freezegun import freeze_time

from pytest_djworkers.errors import ResourceError
from pytest_djworkers.system import process as module
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.session_members import session_members
from tests.support.guarded import Guarded
from tests.support.processes import all_gone, lives, mentioning, until

STAY = "import signal; signal.pause()"


def test_a_command_that_talks_has_pipes(guarded: Guarded) -> None:
    process = guarded("for line in open(0): print(line.upper(), end='', flush=True)", talks=True)
    for word in (b"one\n", b"two\n"):
        process.input.write(word)
        process.input.flush()
        assert process.output.readline() == word.upper()
    process.input.close()
    assert process.output.read() == b""
    until(lambda: process.status is not None)
    assert process.status == 0


def test_a_command_that_does_not_talk_writes_to_the_log(guarded: Guarded, log: Path) -> None:
    log.write_text("before\n")
    process = guarded("import sys; print('out', flush=True); print('err', file=sys.stderr)")
    until(lambda: process.status is not None)
    assert log.read_text() == "before\nout\nerr\n"


def test_the_output_ends_with_the_command(guarded: Guarded) -> None:
    process = guarded("print('last words')", talks=True)
    assert process.output.read() == b"last words\n"


def test_a_closed_output_is_seen_while_the_command_runs(guarded: Guarded) -> None:
    process = guarded(f"import os; os.close(1); {STAY}", talks=True)
    assert select.select([process.output], [], [], 15)[0]
    assert process.output.read() == b""
    assert process.status is None


def test_while_it_runs_there_is_a_pid_and_no_status(guarded: Guarded) -> None:
    process = guarded(STAY)
    until(lambda: process.pid is not None)
    assert process.pid is not None
    assert lives(process.pid)
    assert process.status is None


def test_the_channel_is_readable_when_it_ended(guarded: Guarded) -> None:
    process = guarded("pass")
    until(lambda: process.status is not None)
    process.channel.setblocking(True)
    assert process.channel.recv(1) == b""


def test_the_last_report_of_the_guard_is_read(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = guarded("raise SystemExit(3)")
    # The guard ends just when it is looked at.
    monkeypatch.setattr(process._guard, "poll", process._guard.wait)
    assert process.status == 3


def test_stopping_twice_is_stopping_once(guarded: Guarded) -> None:
    process = guarded(STAY)
    process.stop()
    process.stop()


def test_stopping_after_its_end_is_harmless(guarded: Guarded) -> None:
    process = guarded("pass")
    until(lambda: process.status is not None)
    process.stop()
    assert process.status == 0


def test_stopping_before_it_began_ends_it(guarded: Guarded, tmp_path: Path) -> None:
    process = guarded(STAY, str(tmp_path))
    process.stop()
    assert process._guard.returncode == 0
    assert not mentioning(tmp_path)


def test_a_command_that_does_not_read_does_not_hold_stopping_up(guarded: Guarded) -> None:
    process = guarded(STAY, talks=True)
    process.input.write(b"unread")
    began = time.monotonic()
    process.stop()
    assert time.monotonic() - began < 10


def test_when_the_guard_is_killed_stopping_still_ends_the_session(guarded: Guarded) -> None:
    # A group of its own in the session, which no signal to the session's group reaches.
    process = guarded(f"import os; os.fork() or os.setpgid(0, 0); {STAY}")
    until(lambda: process.pid is not None and len(session_members(process.pid)) == 2)
    assert process.pid is not None
    pids = session_members(process.pid)
    until(lambda: any(os.getpgid(pid) != process.pid for pid in pids))
    process._guard.send_signal(signal.SIGKILL)
    until(lambda: process.status is not None)
    assert process.status == -signal.SIGKILL
    # The command ends with its guard; what it has started does not.
    until(lambda: not lives(process.pid))  # type: ignore[arg-type]  # it has one
    assert any(map(lives, pids))
    process.stop()
    until(lambda: all_gone(pids))


DAEMON = """
import os, signal, sys
if not os.fork():
    os.setsid()
    with open(sys.argv[1], "w") as file:
        file.write(f"{os.getpid()}\\n")
signal.pause()
"""


def test_when_the_guard_is_killed_what_left_the_session_ends_too(
    guarded: Guarded, tmp_path: Path
) -> None:
    file = tmp_path / "pid"
    process = guarded(DAEMON, str(file))
    until(lambda: file.exists() and file.read_text().endswith("\n"))
    daemon = int(file.read_text())
    process._guard.kill()
    until(lambda: process.status is not None)
    assert lives(daemon)
    process.stop()
    until(lambda: not lives(daemon))


@pytest.mark.parametrize("which", ["guard", "command", "both"])
def test_a_stopped_process_is_ended_all_the_same(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    monkeypatch.setattr(module, "_STOP_WITHIN_S", 1.0 if which == "command" else 0.05)
    process = guarded(f"import os; os.fork(); {STAY}")
    until(lambda: process.pid is not None and len(session_members(process.pid)) == 2)
    assert process.pid is not None
    pids = {*session_members(process.pid), process._guard.pid}
    for pid in pids:
        if which == "both" or (pid == process._guard.pid) == (which == "guard"):
            os.kill(pid, signal.SIGSTOP)
    process.stop()
    until(lambda: all_gone(pids))


def test_a_clock_that_stands_still_does_not_hold_stopping_up(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_STOP_WITHIN_S", 0.05)
    process = guarded(STAY)
    until(lambda: process.pid is not None)
    process._guard.send_signal(signal.SIGSTOP)
    with freeze_time("2000-01-01"):
        process.stop()
    assert process._guard.returncode == -signal.SIGKILL


def test_a_start_that_is_interrupted_starts_nothing(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(*arguments: Any, **options: Any) -> None:
        started.append(Popen(*arguments, **options))
        raise KeyboardInterrupt

    Popen = subprocess.Popen  # noqa: N806  # the class
    monkeypatch.setattr("pytest_djworkers.system.process.subprocess.Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        guarded(STAY, str(tmp_path / "interrupted"))
    assert started[0].wait(15) == 0
    assert not mentioning(tmp_path / "interrupted")


def test_without_a_folder_for_the_log_nothing_is_left_open(tmp_path: Path) -> None:
    before = open_descriptors()
    with pytest.raises(ResourceError, match=r"true can't be started: No such file .*none/log"):
        GuardedProcess(["true"], log=tmp_path / "none" / "log", environment={})
    assert open_descriptors() == before


def open_descriptors() -> int:
    """Return the number of open descriptors of this process."""
    return psutil.Process().num_fds()
