"""The ways in which a run can end, in one table; each leaves nothing behind.

The site's test database has a name of its own beside the site; a second one, in memory, moves
into the run's folder.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil
from pytest import ExitCode  # noqa: PT013  # read more often than `pytest` in the table below

from pytest_djworkers.report.alignment import align
from pytest_djworkers.system.guard import NAME
from tests.support.processes import mentioning, until
from tests.support.site import CONFTEST, SETTINGS, URLS, Site

_CAUSE_COLUMN = "seconds until clean"
OWN_DATABASE = """
DATABASES["default"]["TEST"] = {"NAME": "test_site.sqlite3"}
DATABASES["other"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
"""
VIEW = """
with open("launches", "a") as file:
    file.write(".")

def hit(request):
    with open("hits", "a") as file:
        file.write(f"{os.getpid()}\\n")
    return JsonResponse({"users": User.objects.count()})

def slow(request):
    is_probe = not os.path.exists("hits")
    response = hit(request)
    time.sleep(0 if is_probe else 10)
    return response

urlpatterns += [path("hit", hit), path("slow", slow)]
"""
"""Says in files how often the site was loaded, and who has answered."""

BURSTS = """
def test_hit(burst):
    burst("/hit", duration="{duration}")

def test_again(burst):
    burst("/hit", duration="{duration}")
"""
FIRST = "def test_first(burst):\n    burst('/json', duration='200ms')\n"
ENDLESS = BURSTS.format(duration="60s")
A_WHILE = BURSTS.format(duration="2s").partition("def test_again")[0]
SHORT = BURSTS.format(duration="200ms")
SLOW = """
def test_slow(burst):
    burst("/slow", duration="{duration}", timeout="20s")
"""
FAILING = "def test_fails(burst):\n    burst('/hit', duration='200ms')\n    assert False\n"

DEAF = """
import signal, subprocess, sys

script = '''
import signal
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
signal.pause()
'''
subprocess.Popen([sys.executable, "-c", script], start_new_session=True)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
"""
"""A site that no signal but SIGKILL ends, with a daemon that is no better."""

SLOW_TO_TEAR_DOWN = """
import time

@pytest.fixture(scope="session", autouse=True)
def slow_to_tear_down(django_db_setup):
    yield
    open("teardown", "w").close()
    time.sleep(0.5)
"""
FAILS_TO_TEAR_DOWN = """
@pytest.fixture(autouse=True)
def fails_to_tear_down(djworkers_server):
    yield
    raise ZeroDivisionError
"""
HOOK_FAILS = "def pytest_runtest_logreport(report):\n    report.when == 'call' and 1 / 0\n"
LAST_HOOK_FAILS = "def pytest_sessionfinish():\n    1 / 0\n"


@dataclass
class Running:
    """A run of pytest, and what it has started."""

    site: Site
    pytest: subprocess.Popen[str]

    @cached_property
    def output(self) -> str:
        """All that it has printed, when it has ended."""
        return self.pytest.communicate(timeout=60)[0]

    @property
    def hits(self) -> list[int]:
        """The id of the process that responded to each request, in order."""
        file = self.site.folder / "hits"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def guards(self, what: str = "") -> list[psutil.Process]:
        """The guards of commands with this in their command line; without it, all, among them
        those that have not begun yet."""
        guards = [
            psutil.Process(pid)
            for pid in mentioning(self.site.folder)
            if re.search(rf"^{NAME}\b|/guard\.py ", command_line(pid))
        ]
        return [one for one in guards if not what or what in command_line_of_child(one)]

    def guard_of_server(self) -> psutil.Process:
        """The one that is no agent's."""
        agents = self.guards("load.agent")
        (guard,) = (guard for guard in self.guards() if guard not in agents)
        return guard


def command_line(pid: int) -> str:
    """A process's, or nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def command_line_of_child(guard: psutil.Process) -> str:
    """That of what a guard has started, or nothing when either is gone."""
    try:
        return "".join(command_line(child.pid) for child in guard.children())
    except psutil.NoSuchProcess:
        return ""


@contextmanager
def running(site: Site, *flags: str) -> Iterator[Running]:
    """Run pytest at the site, and kill it if it is still there in the end."""
    process = site.start(*flags)
    try:
        yield Running(site, process)
    finally:
        process.kill()
        process.communicate(timeout=30)


# When.


def in_a_burst(run: Running) -> bool:
    """Many requests are answered already, and many to come."""
    return len(run.hits) > 20


def at_a_slow_request(run: Running) -> bool:
    """The probe is answered, and a request of the burst is in flight."""
    return len(run.hits) > 1


def as_databases_are_made(run: Running) -> bool:
    """The first is there."""
    return (run.site.folder / "test_site.sqlite3").exists()


def at_launch(run: Running) -> bool:
    """A guard has just begun."""
    return bool(run.guards())


def in_teardown(run: Running) -> bool:
    """pytest tears the session's fixtures down."""
    return (run.site.folder / "teardown").exists()


def wait_for(moment: Callable[[Running], bool], run: Running) -> None:
    """Wait for a moment in a run that has not ended before it."""
    until(lambda: moment(run) or run.pytest.poll() is not None, within_s=60)
    assert run.pytest.poll() is None, run.output


# How.


def to_pytest(*numbers: int) -> Callable[[Running], None]:
    """Signals in quick succession."""

    def end(run: Running) -> None:
        for number in numbers:
            run.pytest.send_signal(number)

    return end


def to_all_of_pytest(run: Running) -> None:
    """Ctrl-C as a terminal sends it: to pytest-xdist's workers as well."""
    os.killpg(run.pytest.pid, signal.SIGINT)


def to_a_worker_of_xdist(run: Running) -> None:
    """The one that fires."""
    run.guard_of_server().parent().kill()  # type: ignore[union-attr]  # it lives


def to_an_agent(run: Running) -> None:
    """The built-in generator, in mid burst."""
    (guard,) = run.guards("load.agent")
    guard.children()[0].kill()


def to_the_master(run: Running) -> None:
    """The process that the guard has started."""
    run.guard_of_server().children()[0].kill()


def to_a_worker(run: Running) -> None:
    """Kill the worker that sent the last response."""
    os.kill(run.hits[-1], signal.SIGKILL)


def to_the_guard(run: Running) -> None:
    """The server's."""
    run.guard_of_server().kill()


def to_the_agents_guard(run: Running) -> None:
    """The built-in generator's."""
    (guard,) = run.guards("load.agent")
    guard.kill()


def to_both_guards(run: Running) -> None:
    """The server's and the agent's."""
    for guard in run.guards():
        guard.kill()


def to_both_guards_and_pytest(run: Running) -> None:
    """Nobody of ours is left to end anything."""
    to_both_guards(run)
    run.pytest.kill()


def stopping_the_guard(run: Running) -> None:
    """It is there, and does nothing any more."""
    run.guard_of_server().send_signal(signal.SIGSTOP)


def as_people_do(run: Running) -> None:
    """``pkill -9 -f pytest``, of what belongs to this run."""
    for pid in mentioning(run.site.folder):
        if "pytest" in command_line(pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@dataclass(frozen=True)
class Cause:
    """One way for a run to end. Without ``by``, it ends by itself."""

    name: str
    exit_code: int | None
    """pytest's; negative for a signal; None where that is the backend's matter."""
    by: Callable[[Running], None] | None = None
    when: Callable[[Running], bool] = in_a_burst
    again: Callable[[Running], bool] | None = None
    """The condition on which the run is ended a second time; None to end it once."""
    flags: tuple[str, ...] = ()
    tests: str = ENDLESS
    urls: str = ""
    conftest: str = ""
    says: str = ""
    """A pattern of what is in the output."""
    may_leave_files: bool = False
    """Nobody is left to remove them: the next run does."""
    goes_on: bool = False
    """True if pytest itself does not end, but goes on to the end of its tests."""

    def end(self, run: Running) -> float:
        """End a run this way; gives the moment from which on it should become clean."""
        began = None
        if self.by is not None:
            wait_for(self.when, run)
            began = time.monotonic()
            self.by(run)
            if self.again is not None:
                wait_for(self.again, run)
                self.by(run)
        if began is None or self.goes_on:
            assert run.output
            began = time.monotonic()
        return began


CTRL_C = to_pytest(signal.SIGINT)
KILL = to_pytest(signal.SIGKILL)
DIED = r"died during GET /hit: exit status -9\n"
FAILED = r"load agent 1 of 1 ended in the middle of the burst \(exit status -9\)"
WITH_A_TABLE = r"GET /json  \(test_first\)"

CAUSES = [
    Cause("pass", ExitCode.OK, tests=SHORT),
    Cause("fail", ExitCode.TESTS_FAILED, tests=FAILING + SHORT),
    Cause("exitfirst", ExitCode.TESTS_FAILED, tests=FAILING + ENDLESS, flags=("-x",)),
    Cause("teardown-error", ExitCode.TESTS_FAILED, tests=SHORT, conftest=FAILS_TO_TEAR_DOWN),
    Cause("plugin-error", ExitCode.INTERNAL_ERROR, tests=SHORT, conftest=HOOK_FAILS),
    Cause("plugin-error-at-the-end", 1, tests=SHORT, conftest=LAST_HOOK_FAILS),
    Cause(
        "slow-request-at-the-end",
        ExitCode.TESTS_FAILED,
        tests=SLOW.format(duration="200ms"),
        says="no expected response",
    ),
    Cause(
        "ctrl-c",
        ExitCode.INTERRUPTED,
        CTRL_C,
        tests=FIRST + ENDLESS,
        says=f"{WITH_A_TABLE}.*!! KeyboardInterrupt !!",
    ),
    Cause("ctrl-c-as-databases-are-made", ExitCode.INTERRUPTED, CTRL_C, as_databases_are_made),
    Cause("ctrl-c-at-launch", ExitCode.INTERRUPTED, CTRL_C, at_launch),
    Cause("ctrl-c-twice", ExitCode.INTERRUPTED, to_pytest(signal.SIGINT, signal.SIGINT)),
    Cause(
        "ctrl-c-again-in-teardown",
        ExitCode.INTERRUPTED,
        CTRL_C,
        again=in_teardown,
        conftest=SLOW_TO_TEAR_DOWN,
    ),
    Cause(
        "ctrl-c-in-the-last-teardown",
        ExitCode.INTERRUPTED,
        CTRL_C,
        in_teardown,
        tests=SHORT,
        conftest=SLOW_TO_TEAR_DOWN,
    ),
    Cause(
        "ctrl-c-in-a-slow-request",
        ExitCode.INTERRUPTED,
        CTRL_C,
        at_a_slow_request,
        tests=SLOW.format(duration="60s"),
    ),
    Cause("ctrl-c-of-a-deaf-server", ExitCode.INTERRUPTED, CTRL_C, urls=DEAF),
    Cause(
        "sigterm",
        ExitCode.INTERRUPTED,
        to_pytest(signal.SIGTERM),
        tests=FIRST + ENDLESS,
        says=f"{WITH_A_TABLE}.*!! KeyboardInterrupt: SIGTERM !!",
    ),
    Cause("sigkill", -signal.SIGKILL, KILL, may_leave_files=True),
    Cause("sigkill-at-launch", -signal.SIGKILL, KILL, at_launch, may_leave_files=True),
    Cause("xdist-ctrl-c", ExitCode.INTERRUPTED, to_all_of_pytest, flags=("-n2",)),
    Cause("xdist-sigterm", ExitCode.INTERRUPTED, to_pytest(signal.SIGTERM), flags=("-n2",)),
    Cause("xdist-sigkill", -signal.SIGKILL, KILL, flags=("-n2",)),
    Cause(
        "xdist-worker-sigkill",
        ExitCode.TESTS_FAILED,
        to_a_worker_of_xdist,
        tests=A_WHILE,
        flags=("-n2", "--max-worker-restart=0"),
        goes_on=True,
        may_leave_files=True,
        says="crashed while running",
    ),
    Cause(
        "agent-sigkill",
        ExitCode.TESTS_FAILED,
        to_an_agent,
        flags=("-x",),
        goes_on=True,
        says=FAILED,
    ),
    Cause("master-sigkill", 1, to_the_master, tests=A_WHILE, goes_on=True, says=DIED),
    Cause(
        "worker-sigkill",
        None,
        to_a_worker,
        tests=A_WHILE,
        goes_on=True,
        says=r"1 worker died, \d started|died during GET /hit: exit status -?\d+\n",
    ),
    Cause("guard-sigkill", 1, to_the_guard, tests=A_WHILE, goes_on=True, says=DIED),
    Cause("guard-sigstop", ExitCode.OK, stopping_the_guard, tests=A_WHILE, goes_on=True),
    Cause("agents-guard-sigkill", 1, to_the_agents_guard, tests=A_WHILE, goes_on=True, says=FAILED),
    Cause("guards-sigkill", 1, to_both_guards, tests=A_WHILE, goes_on=True, says=FAILED),
    Cause("guards-and-pytest-sigkill", -9, to_both_guards_and_pytest, may_leave_files=True),
    Cause("pkill-9-f-pytest", -9, as_people_do, may_leave_files=True),
    Cause("pkill-9-f-pytest-at-launch", -9, as_people_do, at_launch, may_leave_files=True),
]


def prepare(site: Site, cause: Cause) -> None:
    """Write the site that a cause needs."""
    site.write("settings.py", SETTINGS + OWN_DATABASE)
    site.write("urls.py", URLS + VIEW + cause.urls)
    site.write("conftest.py", CONFTEST + cause.conftest)
    site.test(cause.tests)


def table(seconds: Mapping[tuple[str, str], float]) -> str:
    """Return the seconds until all was clean, by cause and backend, in columns of text."""
    backends = list(dict.fromkeys(backend for _, backend in seconds))
    rows = [[_CAUSE_COLUMN, *backends]]
    for cause in dict.fromkeys(name for name, _ in seconds):
        cells = [
            f"{seconds[cause, backend]:.2f}" if (cause, backend) in seconds else "-"
            for backend in backends
        ]
        rows.append([cause, *cells])
    return "\n".join(align(rows, text_columns={_CAUSE_COLUMN}))
