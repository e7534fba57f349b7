"""The number of connections that may wait for a server to accept them."""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.backends.protocol import Backend, LaunchPlan


def effective_backlog(backend: Backend, plan: LaunchPlan) -> int | None:
    """Return the number of connections that may wait to be accepted; None if it is not known."""
    backlog = backend.backlog(plan)
    limit = somaxconn()
    # The kernel silently cuts a backlog down to its own limit (listen(2)). It drops the connections
    # above that, whose clients try again after a second.
    return backlog if backlog is None or limit is None else min(backlog, limit)


def somaxconn(file: Path = Path("/proc/sys/net/core/somaxconn")) -> int | None:
    """Return the kernel's limit on backlogs; None on a system without this file."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
