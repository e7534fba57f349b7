"""Errors of the operating system are explained, with what to do."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_djworkers.errors import ResourceError
from pytest_djworkers.system.os_errors import explain_os_errors
from pytest_djworkers.system.scratch import ScratchFolder
from tests.support.processes import REPOSITORY
from tests.support.site import Site

STARTS = """
import ctypes, os, resource, sys
from pathlib import Path
from pytest_djworkers.errors import DjworkersError
from pytest_djworkers.system import guard
from pytest_djworkers.system.process import GuardedProcess

def limit(name, to):
    resource.setrlimit(name, (to, resource.getrlimit(name)[1]))

def start():
    try:
        GuardedProcess(["/bin/sleep", "0"], log=Path(sys.argv[1], "log"), environment={})
    except DjworkersError as error:
        print(error)

"""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EAGAIN, r"starts no more processes .* \(ulimit -u is \w+\) .*: end some"),
        (errno.ENOMEM, "no memory left"),
        (errno.EMFILE, r"\(ulimit -n is \w+\): raise the limit"),
        (errno.ENFILE, "fs.file-max"),
        (errno.ENOSPC, "no space is left in /here: free some, or .* TMPDIR"),
        (errno.EDQUOT, "no space is left in /here"),
        (errno.EACCES, "Permission denied: /here: let this user write there, or .* TMPDIR"),
        (errno.EROFS, "Read-only file system: /here"),
        (errno.EIO, "Input/output error: /here/file"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)
def test_each_error_says_what_to_do(number: int, words: str) -> None:
    with (
        pytest.raises(ResourceError, match=f"^x can't be started: .*{words}"),
        explain_os_errors("x can't be started", Path("/here")),
    ):
        raise OSError(number, os.strerror(number), "/here/file")


def said_by(script: str, folder: Path) -> str:
    """Return the output, on both streams, of a process that starts a guarded command."""
    folder.chmod(0o777)
    done = subprocess.run(
        [sys.executable, "-c", STARTS + script, folder],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_a_process_without_descriptors_says_so(tmp_path: Path) -> None:
    said = said_by("limit(resource.RLIMIT_NOFILE, 4)\nstart()", tmp_path)
    assert said.startswith("sleep can't be started: this process can't open more files (ulimit -n")


def test_a_run_without_descriptors_does_not_fail_to_look_for_what_is_left(tmp_path: Path) -> None:
    looks = (
        "from pytest_djworkers.system.orphaned_processes import end_orphans\n"
        "limit(resource.RLIMIT_NOFILE, 3)\n"
        "print(end_orphans())"
    )
    assert said_by(looks, tmp_path) == "[]\n"


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that every user gets to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield Path(folder)


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become a user without others")
ALONE = """
os.setresuid(54321, 54321, 54321)
limit(resource.RLIMIT_NPROC, 1)
"""
"""A user who has this process, and may have no other."""


@as_root
def test_a_user_without_processes_says_so(shared: Path) -> None:
    said = said_by(f"{ALONE}start()", shared)
    assert said.startswith("sleep can't be started: the system starts no more processes for this")
    assert "(ulimit -u is 1)" in said


@as_root
def test_a_guard_that_can_start_no_command_says_so(shared: Path) -> None:
    said = said_by(f"{ALONE}print(guard._main(['0', '', '/bin/sleep', '0']))", shared)
    assert "/bin/sleep: Resource temporarily unavailable: no more processes may be started" in said
    assert said.endswith("1\n")


def test_no_folder_for_temporary_files_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", list)
    with pytest.raises(ResourceError, match=r"can be made: No usable .* in \[\]: let this user"):
        ScratchFolder()


def test_a_full_disk_is_an_error_of_the_test_in_words(site: Site) -> None:
    site.test("def test_burst(burst):\n    burst('/json')\n")
    site.write(
        "conftest.py",
        "import errno, os, tempfile\n"
        "def full(*_, **__):\n    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), '/full')\n"
        "tempfile.mkdtemp = full\n",
    )
    result = site.burst()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ["*no folder for logs and sockets can be made: no space is left in /full: free some*"]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
