"""Nothing outlives the run, however it ends. Each test prints how long that took."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import Site
from tests.server.watching import all_gone, mentioning, until

VIEW = """
import os

def hit(request):
    with open("hits", "a") as file:
        file.write(".")
    return JsonResponse({})

urlpatterns.append(path("hit", hit))
with open("launches", "a") as file:
    file.write(f"{os.getppid()}\\n")
"""

TESTS = """
def test_hit(burst):
    burst("/hit", duration="60s")

def test_again(burst):
    burst("/hit", duration="60s")
"""

FLAGS = (
    "--djworkers=granian,gunicorn-gevent",
    "--djworkers-generator=asyncio",
    "--djworkers-connections=4",
    "--djworkers-warmup=0",
    "--djworkers-workers=2",
)

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def mid_burst(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """What starts pytest, and comes back in the middle of its first burst."""
    # What is ours is told from what runs beside it by the site's folder, pytester's HOME. The
    # run's own folder goes where it is not in the way when nobody is left to remove it.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    site.write("urls.py", (site.folder / "urls.py").read_text() + VIEW)
    site.test(TESTS)
    started: list[subprocess.Popen[str]] = []

    def start(*flags: str) -> subprocess.Popen[str]:
        run = site.start(*FLAGS, *flags)
        started.append(run)
        until(lambda: hits(site.folder) > 20, within_s=30)
        assert len(mentioning(site.folder)) >= 6
        return run

    yield start
    for run in started:
        run.kill()
        run.communicate(timeout=30)


def hits(folder: Path) -> int:
    """How many requests the site has answered."""
    file = folder / "hits"
    return file.stat().st_size if file.exists() else 0


def nothing_is_left(folder: Path) -> None:
    """Wait until nothing of ours lives, and print how long that took."""
    print(f"left clean after {until(lambda: not mentioning(folder)):.2f}s")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM], ids=lambda end: end.name)
def test_after_a_signal_to_pytest(site: Site, mid_burst: Start, end: signal.Signals) -> None:
    mid_burst().send_signal(end)
    nothing_is_left(site.folder)


def test_after_ctrl_c_with_the_table_of_what_there_was(
    site: Site, mid_burst: Start, tmp_path: Path
) -> None:
    site.test(f"def test_first(burst):\n    burst('/json', duration='300ms')\n{TESTS}")
    run = mid_burst("-k", "granian")
    assert list(tmp_path.glob("djworkers-*"))
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=30)
    nothing_is_left(site.folder)
    assert run.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in output
    assert "GET /json  (test_first)" in output
    assert not list(tmp_path.glob("djworkers-*"))


def test_after_ctrl_c_twice(site: Site, mid_burst: Start) -> None:
    run = mid_burst()
    run.send_signal(signal.SIGINT)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)
    nothing_is_left(site.folder)


def test_after_the_server_was_killed(site: Site, mid_burst: Start) -> None:
    run = mid_burst("--djworkers-duration=1s", "-k", "hit and granian")
    master = int((site.folder / "launches").read_text().split()[-1])
    assert master in mentioning(site.folder)
    os.kill(master, signal.SIGKILL)
    output, _ = run.communicate(timeout=60)
    nothing_is_left(site.folder)
    assert "granian died during GET /hit (exit status -9)" in output


def test_after_the_controller_of_xdist_was_killed(site: Site, mid_burst: Start) -> None:
    run = mid_burst("-n2")
    workers = [child.pid for child in psutil.Process(run.pid).children()]
    servers_and_agents = set(mentioning(site.folder)) - {run.pid, *workers}
    assert len(workers) == 2
    assert servers_and_agents
    run.kill()
    print(f"servers and agents ended after {until(lambda: all_gone(servers_and_agents)):.2f}s")
    launches = (site.folder / "launches").read_text()
    # The workers, too, which execnet would let live for another quarter of a minute.
    nothing_is_left(site.folder)
    assert (site.folder / "launches").read_text() == launches
