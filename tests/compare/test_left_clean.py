"""Comparisons that end badly leave nothing behind, don't hang, and name the process that ended."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.ended_comparisons import found, is_measured, prepare, wait_until_clean
from tests.support.endings import running
from tests.support.processes import until
from tests.support.repository import git, left
from tests.support.revisions import FLAGS
from tests.support.site import Site

HANGS_AT_START = """
import sys, time
if sys.argv[0].endswith("remote_main.py"):
    time.sleep(60)
"""
"""Settings of a site that never reports its migrations."""


@dataclass(frozen=True)
class Cause:
    """A process whose end ends a comparison. pytest itself goes on to its end."""

    name: str
    victim: str
    """A pattern for the process to kill: see ``processes``."""
    message: str
    signal: int = signal.SIGKILL
    flags: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """pytest's: base is checked out before any test runs, so that is a usage error."""
        return pytest.ExitCode.USAGE_ERROR if self.slowed == "git" else pytest.ExitCode.TESTS_FAILED

    @property
    def slowed(self) -> str:
        """The process that is slowed down, so that there is time to kill it."""
        return next((one for one in ("git", "remote") if one in self.name), "")


NOT_OUT = r"git can't check main .* out into .*"
NOT_SET_UP = r"main .*: its site can't be set up: "
DIED = r": granian died while it was measured: exit status -9\n"
HEAD_DIED = r"head: its server ended: exit status -9"
AGENT = r"load agent 1 of 1 (ended|gave)"
CAUSES = [
    Cause("git", r"^git .* worktree add", rf"{NOT_OUT}git worktree was ended by signal 9"),
    Cause("child-of-git", r"^(\S*/)?git reset", NOT_OUT),
    Cause("guard-of-git", r"^guard of git .* worktree add", NOT_OUT),
    Cause("remote", r"^\S*python\S* .*remote_main", rf"{NOT_SET_UP}exit status -9"),
    Cause("guard-of-remote", r"^guard of .*remote_main", rf"{NOT_SET_UP}exit status -9"),
    Cause(
        "remote-that-hangs",
        r"^\S*python\S* .*remote_main",
        rf"(?s)djworkers: waiting for the site in .*, 7s at most.*{NOT_SET_UP}not done within 7s",
        signal=signal.SIGSTOP,
        flags=("--djworkers-startup-timeout=7s",),
    ),
    Cause("server-of-base", r"^(?!guard).*granian.*/base/brief", f"base{DIED}"),
    Cause("server-of-head", r"^(?!guard).*granian.*/head/brief", HEAD_DIED),
    Cause("guard-of-base", r"^guard of .*granian.*/base/brief", f"base{DIED}"),
    Cause("guard-of-head", r"^guard of .*granian.*/head/brief", HEAD_DIED),
    Cause("agent", r"^(?!guard).*load\.agent", AGENT),
    Cause("guard-of-agent", r"^guard of .*load\.agent", AGENT),
]
ALWAYS = {"git", "remote"}


@pytest.mark.parametrize(
    "cause",
    [
        pytest.param(one, id=one.name, marks=[] if one.name in ALWAYS else [pytest.mark.matrix])
        for one in CAUSES
    ],
)
def test_a_killed_process_is_named_and_nothing_is_left_behind(
    cause: Cause, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = tmp_path / "notes"
    notes.mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.delenv("PYTHONDEVMODE", raising=False)
    prepare(site, notes, settings=HANGS_AT_START if cause.slowed == "remote" else "")
    if cause.slowed == "git":
        git(site.folder, "config", "filter.slow.smudge", "sleep 60; cat")
        (site.folder / ".git" / "info" / "attributes").write_text("urls.py filter=slow\n")
    before = left(site.folder)

    def has_come() -> bool:
        return bool(cause.slowed or is_measured(notes)) and found(site, cause.victim) is not None

    with running(site, *FLAGS, *cause.flags) as run:
        until(lambda: has_come() or run.pytest.poll() is not None, within_s=60)
        assert run.pytest.poll() is None, run.output
        victim = found(site, cause.victim)
        assert victim is not None
        victim.send_signal(cause.signal)
        assert re.search(cause.message, run.output), run.output
        assert run.pytest.returncode == cause.exit_code
    wait_until_clean(site, before)
    assert [one.name for one in tmp_path.glob("djworkers-*")] == []
