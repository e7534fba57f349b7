"""A run's folder, and what the next run does about it when nobody was left to remove it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from pytest_djworkers.system import scratch
from pytest_djworkers.system.scratch import ScratchFolder
from tests.support.processes import REPOSITORY

OWN = """
import sys
from pytest_djworkers.system.scratch import ScratchFolder

print(ScratchFolder().path, flush=True)
sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary folders of this process and its children. Its path is short, as
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


def test_the_folder_of_a_running_run_stays(temporary: Path) -> None:
    with owner() as (_, theirs):
        ours = ScratchFolder()
        assert theirs.is_dir()
        ours.remove()
        assert theirs.is_dir()


@pytest.mark.parametrize("at", ["removed", "being removed"])
def test_one_that_another_run_removes_as_it_is_made_is_made_again(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    taken: list[int] = []
    flock = fcntl.flock

    def late_flock(descriptor: int, how: int) -> None:
        """In between, another run sees the folder."""
        if not taken:
            (first,) = temporary.iterdir()
            if at == "removed":
                taken.append(-1)
                scratch.remove_orphans(temporary)
                assert not first.exists()
            else:
                taken.append(os.open(first / scratch._MARKER, os.O_RDONLY))
                flock(taken[0], fcntl.LOCK_EX)
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late_flock)
    folder = ScratchFolder()
    assert (folder.path / scratch._MARKER).exists()
    # The other one is left to the run that is at it.
    assert len(list(temporary.iterdir())) == (1 if at == "removed" else 2)
    with owner():
        assert folder.path.exists()
    folder.remove()
    if at != "removed":
        os.close(taken[0])


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


def orphan(folder: Path) -> Path:
    """A folder as a killed run leaves it, with a file that is somebody's."""
    folder.mkdir(mode=0o700)
    (folder / scratch._MARKER).write_bytes(scratch._CONTENT)
    (folder / "within").mkdir()
    (folder / "within" / "file").touch()
    return folder


def another_name(folder: Path) -> None:
    folder.rename(folder.with_name("others"))


def no_marker(folder: Path) -> None:
    (folder / scratch._MARKER).unlink()


def a_marker_of_another_kind(folder: Path) -> None:
    (folder / scratch._MARKER).write_bytes(scratch._CONTENT + b"not ours")


def a_link_for_a_marker(folder: Path) -> None:
    (folder / scratch._MARKER).rename(folder.parent / "marker")
    (folder / scratch._MARKER).symlink_to(folder.parent / "marker")


def a_fifo_for_a_marker(folder: Path) -> None:
    no_marker(folder)
    os.mkfifo(folder / scratch._MARKER)


def a_link_for_a_folder(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    folder.symlink_to(folder.parent / "elsewhere")


def a_fifo_for_a_folder(folder: Path) -> None:
    folder.rename(folder.parent / "elsewhere")
    os.mkfifo(folder)


def everybody_may_write(folder: Path) -> None:
    folder.chmod(0o777)


def another_users_folder(folder: Path) -> None:
    os.chown(folder, 65534, -1)


def another_users_marker(folder: Path) -> None:
    os.chown(folder / scratch._MARKER, 65534, -1)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.mark.parametrize(
    "change",
    [
        *(another_name, no_marker, a_marker_of_another_kind, a_link_for_a_marker),
        *(a_fifo_for_a_marker, a_link_for_a_folder, a_fifo_for_a_folder, everybody_may_write),
        pytest.param(another_users_folder, marks=as_root),
        pytest.param(another_users_marker, marks=as_root),
    ],
)
def test_folders_that_may_not_be_ours_stay_and_are_not_waited_for(
    temporary: Path, change: Callable[[Path], None]
) -> None:
    change(orphan(temporary / "djworkers-x"))
    before = set(temporary.rglob("*"))
    scratch.remove_orphans(temporary)
    assert set(temporary.rglob("*")) == before


def test_links_in_an_orphan_are_removed_and_not_followed(temporary: Path) -> None:
    precious = temporary / "precious"
    precious.mkdir()
    (precious / "file").touch()
    folder = orphan(temporary / "djworkers-x")
    (folder / "link").symlink_to(precious)
    (folder / "within" / "link").symlink_to(precious)
    scratch.remove_orphans(temporary)
    assert list(temporary.iterdir()) == [precious]
    assert (precious / "file").exists()


def test_one_that_is_put_in_an_orphans_place_stays(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = orphan(temporary / "djworkers-x")
    flock = fcntl.flock

    def exchange(descriptor: int, how: int) -> None:
        """Somebody moves it away, once it has been looked at."""
        flock(descriptor, how)
        folder.rename(temporary / "moved")
        folder.mkdir()
        (folder / "precious").touch()

    monkeypatch.setattr(fcntl, "flock", exchange)
    scratch.remove_orphans(temporary)
    assert (folder / "precious").exists()


def test_an_orphan_that_was_removed_in_part_is_removed_by_the_next(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan(temporary / "djworkers-x")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            scratch.remove_orphans(temporary)
    scratch.remove_orphans(temporary)
    assert list(temporary.iterdir()) == []


def interrupted(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


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
