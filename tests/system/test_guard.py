"""Whatever ends, the command's whole session ends with it."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from pytest_djworkers.system import guard
from pytest_djworkers.system.guard import NAME
from pytest_djworkers.system.process import GuardedProcess
from tests.support.guarded import Guarded
from tests.support.processes import REPOSITORY, all_gone, lives, until

FAMILY = """
import os, signal, sys

def stay():
    with open(sys.argv[1], "a") as file:
        file.write(f"{os.getpid()}\\n")
    while True:
        signal.pause()

def fork_and(*steps):
    if not os.fork():
        for step in steps:
            step()
        stay()

def fork_and_leave(*steps):
    child = os.fork()
    if not child:
        fork_and(*steps)
        os._exit(0)
    os.waitpid(child, 0)

def deafen():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)

def own_group():
    os.setpgid(0, 0)

"""

FAMILIES = {
    "children": "fork_and(); fork_and(); stay()",
    "deaf children": "deafen(); fork_and(); fork_and(); stay()",
    "a group of its own": "fork_and(own_group); fork_and(own_group); stay()",
    "orphans": "fork_and_leave(); fork_and_leave(); stay()",
    "a daemon": "fork_and_leave(os.setsid); fork_and(); stay()",
    "a daemon with a daemon": "fork_and_leave(os.setsid, lambda: fork_and(os.setsid)); stay()",
}
"""Each is a command of three processes."""

HOLDER = """
import os, sys
from pathlib import Path
from pytest_djworkers.system.process import GuardedProcess

command = [sys.executable, "-I", "-S", "-c", *sys.argv[2:]]
process = GuardedProcess(command, log=Path(sys.argv[1]), environment=os.environ)
sys.stdin.read()
process.stop()
"""

StartFamily = Callable[..., tuple[GuardedProcess, list[int]]]
of_each_family = pytest.mark.parametrize("family", FAMILIES)


@pytest.fixture
def start(guarded: Guarded, tmp_path: Path) -> StartFamily:
    """A function that starts a family of processes under a guard, and waits until all are there."""

    def start(family: str, watch: tuple[int, ...] = ()) -> tuple[GuardedProcess, list[int]]:
        pids = tmp_path / "pids"
        process = guarded(FAMILY + FAMILIES[family], str(pids), watch=watch)
        return process, three_of(pids)

    return start


def three_of(file: Path) -> list[int]:
    """The three process ids that a family writes into a file, once they are there."""
    until(lambda: file.exists() and file.read_text().count("\n") == 3)
    return [int(pid) for pid in file.read_text().split()]


@of_each_family
def test_stopping_ends_them_all_at_once(start: StartFamily, family: str) -> None:
    process, pids = start(family)
    assert all(map(lives, pids))
    process.stop()
    assert all_gone(pids)


@of_each_family
def test_processes_that_a_command_leaves_behind_end_with_it(
    start: StartFamily, family: str
) -> None:
    process, pids = start(family)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: process.status is not None)
    assert process.status == -signal.SIGKILL
    assert all_gone(pids)


@of_each_family
def test_they_end_with_a_process_that_is_watched(start: StartFamily, family: str) -> None:
    watched = subprocess.Popen(["sleep", "60"])
    _, pids = start(family, watch=(watched.pid,))
    # Not collected: a zombie is gone, too.
    watched.kill()
    until(lambda: all_gone(pids))
    watched.wait()


@of_each_family
def test_they_end_with_the_process_that_holds_them(tmp_path: Path, family: str) -> None:
    file = tmp_path / "pids"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path / "log", FAMILY + FAMILIES[family], file],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
    )
    pids = three_of(file)
    holder.kill()
    until(lambda: all_gone(pids))
    holder.communicate(timeout=15)


def test_a_fork_that_keeps_the_socket_open_keeps_nothing_alive(tmp_path: Path) -> None:
    file = tmp_path / "pids"
    forks = HOLDER.replace("sys.stdin.read()", "os.fork(); sys.stdin.read()")
    holder = subprocess.Popen(
        [sys.executable, "-c", forks, tmp_path / "log", FAMILY + FAMILIES["children"], file],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
    )
    pids = three_of(file)
    until(lambda: len(psutil.Process(holder.pid).children()) == 2)
    holder.kill()
    until(lambda: all_gone(pids))
    # The fork reads the end of its input, and goes.
    holder.communicate(timeout=15)


def test_a_watched_process_that_is_gone_already_ends_the_command(guarded: Guarded) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    process = guarded("import signal; signal.pause()", watch=(gone.pid,))
    until(lambda: process._guard.poll() is not None)
    assert process.pid is not None
    assert not lives(process.pid)


def test_the_guard_is_found_by_no_word_that_people_end_processes_by(guarded: Guarded) -> None:
    process = guarded("import signal; signal.pause()", "pytest", "djworkers", "granian")
    until(lambda: process.pid is not None)
    guard = Path("/proc") / str(process._guard.pid)
    assert (guard / "cmdline").read_bytes().rstrip(b"\0").decode() == NAME
    assert (guard / "comm").read_text() == f"{NAME}\n"
    assert not re.search("python|pytest|djworkers|granian|uvicorn|gunicorn", NAME)


def test_a_command_dies_with_its_guard(guarded: Guarded) -> None:
    process = guarded("import signal; signal.pause()")
    until(lambda: process.pid is not None)
    process._guard.kill()
    until(lambda: process.pid is not None and not lives(process.pid))
    assert process.status == -signal.SIGKILL


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT], ids=lambda n: n.name
)
def test_the_guard_ignores_signals_that_ask_it_to_end(guarded: Guarded, number: int) -> None:
    process = guarded("import sys; sys.exit(int(input()))", talks=True)
    until(lambda: process.pid is not None)
    process._guard.send_signal(number)
    process.input.write(b"5\n")
    process.input.flush()
    until(lambda: process.status is not None)
    assert process.status == 5


STORM = """
import os
for _ in range(5000):
    if os.fork():
        os._exit(0)
"""


def test_a_process_that_forks_without_an_end_is_ended(guarded: Guarded) -> None:
    # The command itself stays; what it starts is never the same process for long.
    process = guarded(f"import os, signal\nif os.fork():\n    signal.pause()\n{STORM}")
    until(lambda: process.pid is not None and len(session_of(process.pid)) > 1)
    assert process.pid is not None
    process.stop()
    assert not session_of(process.pid)


def session_of(leader: int) -> list[int]:
    """The processes of a session."""
    members = []
    for pid in psutil.pids():
        try:
            if os.getsid(pid) == leader and lives(pid):
                members.append(pid)
        except ProcessLookupError:
            continue
    return members


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("pass", 0),
        ("raise SystemExit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
    ],
)
def test_the_status_is_the_commands(guarded: Guarded, script: str, status: int) -> None:
    process = guarded(script)
    until(lambda: process.status is not None)
    assert process.status == status


def test_the_cpu_time_is_that_of_command_and_children(guarded: Guarded) -> None:
    process = guarded(
        "import os, time\n"
        "pid = os.fork()\n"
        "while time.process_time() < 0.2: pass\n"
        "if pid: os.waitpid(pid, 0)\n"
    )
    assert process.cpu_s == 0
    until(lambda: process.status is not None)
    assert 0.3 < process.cpu_s < 2.0


def test_a_command_that_is_not_there_says_so_in_the_log(log: Path) -> None:
    process = GuardedProcess(["/no/such/command"], log=log, environment={})
    until(lambda: process.status is not None)
    assert process.status == 127
    assert log.read_text() == "/no/such/command: No such file or directory\n"
    process.stop()


@pytest.mark.parametrize("talks", [False, True])
def test_the_command_inherits_no_descriptor(guarded: Guarded, log: Path, talks: bool) -> None:
    process = guarded("import os, sys; print(os.listdir('/dev/fd'), file=sys.stderr)", talks=talks)
    until(lambda: process.status is not None)
    # The fourth is the folder that it reads.
    assert log.read_text() == "['0', '1', '2', '3']\n"


def test_the_command_leads_a_session_of_its_own(guarded: Guarded, log: Path) -> None:
    process = guarded("import os; print([os.getpid(), os.getsid(0), os.getpgid(0)])")
    until(lambda: process.status is not None)
    assert json.loads(log.read_text()) == [process.pid] * 3


def test_the_command_has_the_default_signal_handlers(guarded: Guarded, log: Path) -> None:
    process = guarded("import signal; print(signal.getsignal(signal.SIGTERM).name)")
    until(lambda: process.status is not None)
    assert log.read_text() == "SIG_DFL\n"


@contextmanager
def file_limit(soft: int) -> Iterator[int]:
    """This process with a lower limit; gives the hard one."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield before[1]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_command_may_open_as_many_files_as_the_system_lets_it(
    guarded: Guarded, log: Path
) -> None:
    script = "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))"
    with file_limit(256) as hard:
        process = guarded(script)
    until(lambda: process.status is not None)
    assert log.read_text() == f"{hard} {hard}\n"


# The log.

MIB = 1 << 20
WRITES = """
import os, signal, sys
os.write(1, b"first\\n")
for _ in range(int(sys.argv[1])):
    os.write(1, (b"x" * 99 + b"\\n") * 10_000)
os.write(2, b"last\\n")
signal.pause()
"""


def on_disk(log: Path) -> int:
    """Return the number of bytes that a file takes on the disk."""
    return log.stat().st_blocks * 512


def test_the_beginning_and_the_end_of_an_endless_log_are_kept(guarded: Guarded, log: Path) -> None:
    guarded(WRITES, "100")
    until(lambda: log.stat().st_size == 100 * 1_000_000 + 11)
    until(lambda: on_disk(log) < 13 * MIB)
    with log.open("rb") as file:
        data = file.read(4 * MIB)
        assert data.startswith(b"first\nx")
        assert b"\0" not in data
        file.seek(-4 * MIB, os.SEEK_END)
        data = file.read()
        assert data.endswith(b"x\nlast\n")
        assert b"\0" not in data


def test_a_log_of_an_ordinary_length_is_kept_as_it_is(guarded: Guarded, log: Path) -> None:
    guarded(WRITES, "10")
    until(lambda: log.stat().st_size == 10 * 1_000_000 + 11)
    assert log.read_bytes().count(b"x" * 99) == 100_000
    with log.open("ab") as file:
        assert guard._Log(file.fileno()).bound() == guard._LOOK_EVERY_S
    assert on_disk(log) >= 10_000_000


def test_a_log_is_cut_on_a_file_system_without_holes(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "_punch_hole", lambda *_: False)
    with log.open("ab") as file:
        bounded = guard._Log(file.fileno())
        for size, is_cut in ((20 * MIB, False), (65 * MIB, True)):
            os.truncate(log, size)
            assert bounded.bound() == guard._LOOK_SOON_S
            assert (log.stat().st_size < 5 * MIB) is is_cut
        os.write(file.fileno(), b"goes on\n")
    assert log.read_bytes().endswith(b"\n[the log was too long, and has been cut here]\ngoes on\n")


def test_a_log_that_is_not_a_file_is_left_alone() -> None:
    receiver, sender = os.pipe()
    assert guard._Log(sender).bound() == guard._LOOK_EVERY_S
    os.close(receiver)
    os.close(sender)
