"""A run's folder, and what the next run does about it when nobody was left to remove it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pytest_djworkers.server import scratch
from pytest_djworkers.server.scratch import ScratchFolder
from tests.server.watching import REPOSITORY

OWN = """
import sys
from pytest_djworkers.server.scratch import ScratchFolder

print(ScratchFolder().path, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary folders are made, by this process and its children. Its path is short, as
    that of a socket must be, wherever pytest's own lie."""
    with TemporaryDirectory(dir="/tmp") as folder:
        monkeypatch.setattr("tempfile.tempdir", folder)
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@contextmanager
def owner() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Another process, and the folder that it owns."""
    with subprocess.Popen(
        [sys.executable, "-c", OWN],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().rstrip())
        process.kill()


def test_a_folder_is_there_until_it_is_removed(temporary: Path) -> None:
    folder = ScratchFolder()
    (folder.path / "server.log").write_text("all is well")
    assert folder.path.parent == temporary
    assert folder.path.stat().st_mode & 0o777 == 0o700
    folder.remove()
    assert list(temporary.iterdir()) == []


def test_a_killed_runs_folder_is_removed_by_the_next(temporary: Path) -> None:
    with owner() as (process, left):
        (left / "brief.json").write_text("{}")
        process.kill()
        process.wait()
        assert left.is_dir()
        next_folder = ScratchFolder()
        assert list(temporary.iterdir()) == [next_folder.path]
        next_folder.remove()


def test_a_running_ones_folder_stays(temporary: Path) -> None:
    with owner() as (_, theirs):
        ours = ScratchFolder()
        assert theirs.is_dir()
        ours.remove()
        assert theirs.is_dir()


def test_one_that_another_run_removes_as_it_is_made_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed: list[Path] = []
    flock = fcntl.flock

    def late_flock(descriptor: int, how: int) -> None:
        """In between, another run sees the folder."""
        if not removed and how == fcntl.LOCK_EX:
            removed.extend(temporary.iterdir())
            monkeypatch.setattr(fcntl, "flock", flock)
            scratch._remove_if_orphaned(removed[0])
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late_flock)
    folder = ScratchFolder()
    assert removed
    assert list(temporary.iterdir()) == [folder.path]
    with owner():
        assert folder.path.exists()
    folder.remove()


def test_it_goes_with_its_process_when_nobody_removes_it(temporary: Path) -> None:
    forgetful = f"{OWN}\nimport os\nif os.fork():\n    os.wait()\n    raise KeyboardInterrupt"
    done = subprocess.run(
        [sys.executable, "-c", forgetful],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    assert "KeyboardInterrupt" in done.stderr
    assert done.stdout.startswith(str(temporary))
    assert list(temporary.iterdir()) == []


def test_a_fork_of_its_owner_leaves_it_alone() -> None:
    folder = ScratchFolder()
    pid = os.fork()
    if not pid:
        folder.remove()
        os._exit(0)
    os.waitpid(pid, 0)
    assert folder.path.is_dir()
    folder.remove()


def test_an_empty_one_that_nobody_came_to_own_is_removed_after_a_while(temporary: Path) -> None:
    begun, abandoned, others = (temporary / f"djworkers-{n}" for n in range(3))
    for folder in (begun, abandoned, others):
        folder.mkdir()
    (others / "precious").touch()
    an_hour_ago = time.time() - 3600
    for folder in (abandoned, others):
        os.utime(folder, (an_hour_ago, an_hour_ago))
    ScratchFolder().remove()
    assert set(temporary.iterdir()) == {begun, others}


@pytest.mark.parametrize("name", ["djworkers-new", "djworkers-link", "others"])
def test_what_may_not_be_ours_stays(name: str, temporary: Path) -> None:
    folder = temporary / name
    folder.mkdir()
    if name.endswith("link"):
        (temporary / "precious").write_text("")
        (folder / ".owned").symlink_to(temporary / "precious")
    if name == "others":
        (folder / ".owned").touch()
    ScratchFolder().remove()
    assert folder.is_dir()


def test_a_path_too_long_for_a_socket_is_not_used(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = temporary / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    folder = ScratchFolder()
    assert len(str(folder.path)) < 90
    folder.remove()
    assert list(deep.iterdir()) == []
