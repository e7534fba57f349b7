"""The session that is stored of a burst: its raw figures, and the facts of its run."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pytest_djworkers.baseline.document import (
    StoredSession,
    StoredUsage,
    StoredWindow,
)
from pytest_djworkers.baseline.encoding import encode_latency
from pytest_djworkers.baseline.machine import surroundings
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.git import run_git

_GIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts that all sessions of one run have in common."""

    saved: str = ""
    """The time of the run, in ISO 8601."""
    commit: str | None = None
    surroundings: Mapping[str, int | str] = field(default_factory=dict)


NO_FACTS = RunFacts()


def run_facts(root: Path) -> RunFacts:
    """Return the time, the commit of the repository at ``root``, and the machine's surroundings."""
    return RunFacts(
        saved=datetime.fromtimestamp(CLOCK.unix(), UTC).isoformat(timespec="seconds"),
        commit=_commit(root),
        surroundings=surroundings(),
    )


def session_of(result: BurstResult, facts: RunFacts = NO_FACTS) -> StoredSession:
    """Return the session to store of a burst."""
    return StoredSession(
        windows=(window_of(result),),
        saved=facts.saved,
        commit=facts.commit,
        versions=versions_of(result),
        surroundings=facts.surroundings,
    )


def window_of(result: BurstResult) -> StoredWindow:
    """Return the raw figures to store of a burst, which is one window."""
    # Written out field by field: what a burst gets beside these is not stored by accident, such as
    # the text of a response, which may hold what nobody wants to commit.
    return StoredWindow(
        window_s=result.window_s,
        ok=result.ok,
        late=result.late,
        unexpected=result.unexpected,
        error=result.error,
        unanswered=result.unanswered,
        in_flight=result.in_flight,
        outside=result.outside,
        statuses=result.statuses,
        error_kinds=result.error_kinds,
        latency=None if result.latency is None else encode_latency(result.latency),
        connections=result.connections,
        series=result.series,
        generator=result.generator,
        wrong_bodies=result.wrong_bodies,
        longest_gap_s=result.longest_gap_s,
        usage=None if result.usage is None else StoredUsage(**asdict(result.usage)),
    )


def own_versions() -> dict[str, str]:
    """Return the versions that all bursts of a run have in common, by name."""
    return {
        "python": platform.python_version(),
        "django": version("django"),
        "pytest-djworkers": version("pytest-djworkers"),
    }


def versions_of(result: BurstResult) -> dict[str, str]:
    """Return the versions of everything that a burst's speed depends on, by name."""
    versions = own_versions() | {result.generator.name: result.generator.version}
    if result.server is not None:
        versions[result.server.backend] = result.server.version
    return versions


def changed_versions(session: StoredSession, now: Mapping[str, str]) -> str:
    """Return the versions that changed since a session, in words; nothing if none did."""
    then = session.versions
    return ", ".join(
        f"{name} was {then[name]} and is {version}"
        for name, version in now.items()
        if name in then and then[name] != version
    )


def _commit(root: Path) -> str | None:
    """Return the commit, with a ``+`` if files differ from it; None without git or a commit."""
    # describe gives the commit and the mark of changed files in one call; without tags (--exclude)
    # it is always the commit itself.
    arguments = ("describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+")
    try:
        return run_git(root, *arguments, timeout_s=_GIT_TIMEOUT_S).stdout.strip() or None
    except SettingsError:
        return None
