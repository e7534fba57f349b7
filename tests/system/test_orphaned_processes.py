"""Processes that killed runs have left behind are found by their marks, and no others are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.system import orphaned_processes
from pytest_djworkers.system.orphaned_processes import (
    KEY,
    Mark,
    describe_ended,
    end_orphans,
    kill_marked,
)
from pytest_djworkers.system.session_members import session_members
from tests.support.processes import REPOSITORY, all_gone, lives, until
from tests.support.site import Site

StartMarked = Callable[[object], subprocess.Popen[bytes]]

HOLDER = """
import os, sys
from pathlib import Path
from pytest_djworkers.system.process import GuardedProcess

command = [sys.executable, "-c", "import os, signal; os.fork(); signal.pause()"]
process = GuardedProcess(command, log=Path(sys.argv[1]), environment=os.environ)
while process.pid is None:
    pass
print(process._guard.pid, process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def marked() -> Iterator[StartMarked]:
    """A function that starts processes with a mark."""
    with ExitStack() as stack:

        def start(mark: object) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                ["sleep", "60"], env={**os.environ, KEY: str(mark)}, start_new_session=True
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            until(lambda: b"sleep" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
            return process

        yield start


@pytest.fixture
def gone() -> Mark:
    """The mark of a run whose process id is another one's since."""
    this = Mark.new()
    return replace(this, began=this.began - 1)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphaned_processes, "_BY_ITSELF_WITHIN_S", 0.1)


def test_a_mark_is_read_as_it_was_written() -> None:
    one, other = Mark.new(), Mark.new()
    assert Mark.read(str(one)) == one != other
    assert one.pid == os.getpid()


@pytest.mark.parametrize(
    "text", ["", "x", "name 1 2 3", "name 1 2 3 4 5", "na me 1 2 3 4", "n 1 2 3 x"]
)
def test_other_texts_are_no_marks(text: str) -> None:
    assert Mark.read(text) is None


def test_processes_of_a_killed_run_are_ended_and_reported(marked: StartMarked, gone: Mark) -> None:
    processes = [marked(gone), marked(replace(gone, number=77))]
    ended = end_orphans()
    assert {one.pid for one in ended} == {process.pid for process in processes}
    assert all(process.wait(15) == -signal.SIGKILL for process in processes)
    assert describe_ended(ended).startswith(
        f"ended processes that a killed run (process {os.getpid()}) had left behind: "
    )
    assert f"{processes[0].pid} sleep 60" in describe_ended(ended)
    assert end_orphans() == []


@pytest.mark.parametrize(
    "change",
    [
        {"began": Mark.new().began},
        {"space": 1},
        {"name": "other-runs"},
    ],
    ids=["of a run that lives", "of another container", "of another test"],
)
def test_processes_that_may_belong_to_a_living_run_stay(
    marked: StartMarked, gone: Mark, change: dict[str, object]
) -> None:
    process = marked(replace(gone, **change))  # type: ignore[arg-type]  # fields by name
    garbled = marked("not a mark at all")
    assert end_orphans() == []
    assert lives(process.pid)
    assert lives(garbled.pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts another user's processes")
def test_another_users_process_stays(gone: Mark) -> None:
    with subprocess.Popen(["sleep", "60"], env={KEY: str(gone)}, user=65534) as process:
        until(lambda: b"sleep" in Path(f"/proc/{process.pid}/cmdline").read_bytes())
        assert end_orphans() == []
        assert lives(process.pid)
        process.kill()


def test_a_zombie_is_gone(marked: StartMarked, gone: Mark) -> None:
    run = subprocess.Popen(["sleep", "60"])
    left = marked(replace(gone, pid=run.pid, began=orphaned_processes._began(run.pid) or 0))
    assert end_orphans() == []
    run.kill()
    until(lambda: not lives(run.pid))
    assert [one.pid for one in end_orphans()] == [left.pid]
    run.wait()


def test_a_guard_that_ends_it_itself_is_given_the_time(
    marked: StartMarked, gone: Mark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(orphaned_processes, "_BY_ITSELF_WITHIN_S", 15.0)
    process = marked(gone)
    slept: list[float] = []

    class Clock:
        def monotonic(self) -> float:
            return 0.0

        def sleep(self, seconds: float) -> None:
            slept.append(seconds)
            process.kill()
            process.wait()

    monkeypatch.setattr(orphaned_processes, "CLOCK", Clock())
    assert end_orphans() == []
    assert len(slept) == 1


def test_an_id_that_is_another_processs_by_now_is_left_alone(
    marked: StartMarked, gone: Mark
) -> None:
    process = marked(replace(gone, number=123456))
    assert not orphaned_processes._killed(process.pid, gone)
    assert lives(process.pid)
    assert [one.pid for one in kill_marked(lambda mark: mark.number == 123456)] == [process.pid]


def test_a_stopped_guard_and_its_command_are_found_when_their_run_is_killed(
    tmp_path: Path,
) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path / "log"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    guard, command = map(int, holder.stdout.readline().split())
    until(lambda: len(session_members(command)) == 2)
    pids = {guard, *session_members(command)}
    os.kill(guard, signal.SIGSTOP)
    holder.kill()
    holder.communicate()
    assert all(map(lives, pids))
    # One of them is the system's to end, when the guard is gone.
    assert guard in {one.pid for one in end_orphans()} <= pids
    assert all_gone(pids)


def test_the_next_run_reports_what_it_has_ended(
    site: Site, marked: StartMarked, gone: Mark
) -> None:
    left = marked(gone)
    site.test("def test_nothing():\n    pass")
    result = site.pytest("--djworkers=granian", "-q")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [f"djworkers: ended processes that a killed run (*{left.pid} sleep 60"]
    )
    assert left.wait(15) == -signal.SIGKILL
