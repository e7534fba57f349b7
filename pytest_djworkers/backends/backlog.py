"""How many connections may wait for a server to accept them."""

from __future__ import annotations

from pathlib import Path

from pytest_djworkers.backends.protocol import Backend, LaunchPlan


def effective_backlog(backend: Backend, plan: LaunchPlan) -> int | None:
    """The connections that may wait to be accepted: the server's backlog, which the kernel cuts
    down to its own limit. More at a time are dropped, and come again a second later.

    None where the backlog is not known.
    """
    backlog = backend.backlog(plan)
    most = somaxconn()
    return backlog if backlog is None or most is None else min(backlog, most)


def somaxconn(file: Path = Path("/proc/sys/net/core/somaxconn")) -> int | None:
    """The kernel's limit on backlogs; None where there is no telling."""
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return None
