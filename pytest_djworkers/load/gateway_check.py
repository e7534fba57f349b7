"""The questions to a gateway's other side: its Python, its packages, its limits and its clocks.

It is sent there as source: it imports nothing of this package, and runs under old Pythons, too.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any

NEEDED = "pytest-djworkers"
"""The distribution that agents are a part of."""
OLDEST = (3, 11)
"""The first version of Python that runs them."""


def answer(channel: Any) -> None:
    """Send the facts, and then what the clocks show each time that anything comes."""
    channel.send(facts())
    for _ in channel:
        channel.send((time.monotonic_ns(), time.time()))  # noqa: TID251  # where nobody moves them


def network() -> str:
    """Return a text that is the same where the loopback address leads to the same place."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            boot = file.read().strip()
        return f"{boot} {os.readlink('/proc/self/ns/net')}"  # noqa: PTH115  # old Pythons
    except OSError:
        return platform.node()


def facts() -> dict[str, Any]:
    """Return the facts about this interpreter and this machine, as simple types."""
    python = sys.version_info[:3]
    found: dict[str, Any] = {"python": python, "executable": sys.executable}
    found.update(network=network(), version=None, failure="", descriptors=None)
    if python < OLDEST:
        return found
    import resource
    import subprocess
    from importlib import metadata

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    found["descriptors"] = None if hard == resource.RLIM_INFINITY else hard
    try:
        found["version"] = metadata.version(NEEDED)
    except metadata.PackageNotFoundError:
        return found
    # As an agent is started. In a process of its own, since a failed import leaves traces.
    tried = subprocess.run(  # noqa: TID251  # where nobody moves the clocks
        [sys.executable, "-P", "-c", "import pytest_djworkers.load.agent"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if tried.returncode:
        lines = tried.stderr.decode(errors="replace").strip().splitlines()
        found["failure"] = lines[-1] if lines else f"exit status {tried.returncode}"
    return found


if __name__ == "__channelexec__":  # pragma: no cover  # in a process of its own
    answer(channel)  # type: ignore[name-defined]  # noqa: F821  # execnet gives it
