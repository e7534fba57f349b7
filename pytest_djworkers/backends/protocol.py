"""The protocol of a backend, which knows a server's command line and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

ENTRY_FOLDER = Path(__file__).resolve().parents[1] / "entry" / "served"
"""The folder of the entry modules, which is on the search path of each server."""
WSGI_ENTRY = "djworkers_wsgi:application"
ASGI_ENTRY = "djworkers_asgi:application"
ENTRY_FILES = {
    WSGI_ENTRY: f"{ENTRY_FOLDER / 'djworkers_wsgi.py'}:application",
    ASGI_ENTRY: f"{ENTRY_FOLDER / 'djworkers_asgi.py'}:application",
}
"""The same entries as files, for granian and hypercorn. Those look for a module as a path from the
current folder first, and take it for a part of a package if that folder is one."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The files with which a server speaks TLS, in PEM."""

    certificate: str
    """The path of its certificate, followed by those that signed it, if need be."""
    key: str
    """The path of its private key, without a password."""


@dataclass(frozen=True, slots=True)
class LaunchPlan:
    """The address and the size of the server to launch."""

    host: str
    port: int
    workers: int
    connections: int
    """The number of connections that the burst will open, and that the server must hold."""
    idle_s: int = 0
    """The seconds for which a connection may be idle, and must stay open; 0: as the server's
    default says."""
    tls: TlsFiles | None = None
    """The files for TLS; None to serve without it."""
    unix_socket: str = ""
    """The path of the Unix socket to listen on, in place of the address; empty for TCP."""


@dataclass(frozen=True, slots=True)
class About:
    """The description of a backend, which is the same whatever its settings are."""

    name: str
    """The name for ``--djworkers``, which is also that of its extra."""
    requires: tuple[str, ...]
    """The requirements of its extra; the first is the server, whose version is in the report."""
    interface: str
    """``WSGI`` or ``ASGI``."""
    raised_limits: str
    """The limits that are raised to hold the burst's connections, with their defaults, in words."""
    notes: tuple[str, ...]
    """Notes for users on its defaults and on what it can't do: a sentence or two each."""
    scrubbed: tuple[str, ...] = ()
    """Prefixes of the environment variables that configure it, which must not reach it."""
    alternatives: tuple[str, ...] = ()
    """Requirements that each can be met instead of the first of ``requires``."""
    max_workers: int | None = None
    """1 for a server that is a single process; None if it may have any number of workers."""
    tls: bool = False
    """True if it can serve over TLS, with the files of the plan."""
    unix_socket: bool = False
    """True if it can listen on a Unix socket, at the path in the plan."""


class Backend(Protocol):
    """A way to serve the site: a frozen dataclass whose fields are the settings for users.

    To add one, write a module beside this one with such a class (``waitress.py`` is a short one),
    and add an instance to ``registry.BACKENDS`` and an extra of the same name to
    ``pyproject.toml``. ``tests/backends`` then covers it.
    """

    @property
    def about(self) -> About:
        """The description."""

    @property
    def workers(self) -> int | None:
        """The number of workers that its users set; None for ``--djworkers-workers``."""

    def command(self, python: str, plan: LaunchPlan) -> list[str]:
        """Return the command line that serves our entry with this interpreter.

        The limits that the burst's connections would exceed must be raised there, also the time for
        which they may be idle, and logging of requests be off: it takes time, and fills the log.
        """

    def options(self, plan: LaunchPlan) -> Mapping[str, int | str]:
        """Return all options that shape its speed, by name; they are in the report and in the
        baseline's key."""

    def backlog(self, plan: LaunchPlan) -> int | None:
        """Return the number of connections that it lets wait to be accepted; None if unknown."""


def workers_of(backend: Backend, default: int) -> int:
    """Return the number of workers that a backend is launched with."""
    wanted = backend.workers or default
    limit = backend.about.max_workers
    return wanted if limit is None else min(wanted, limit)


def flags(options: Mapping[str, int | str], *, skip: Iterable[str] = ()) -> list[str]:
    """Return options as flags: ``worker_connections`` as ``--worker-connections``."""
    return [
        text
        for name, value in options.items()
        if name not in skip
        for text in (f"--{name.replace('_', '-')}", str(value))
    ]


def bind_of(plan: LaunchPlan) -> str:
    """Return what the server binds: ``unix:PATH`` or ``HOST:PORT``."""
    return f"unix:{plan.unix_socket}" if plan.unix_socket else f"{plan.host}:{plan.port}"


def listening_flags(plan: LaunchPlan) -> list[str]:
    """Return the flags ``--uds``, or ``--host`` and ``--port``."""
    if plan.unix_socket:
        return ["--uds", plan.unix_socket]
    return ["--host", plan.host, "--port", str(plan.port)]


def tls_flags(plan: LaunchPlan, certificate: str, key: str) -> list[str]:
    """Return the flags of these names with the plan's files for TLS; none without TLS."""
    tls = plan.tls
    return [] if tls is None else [certificate, tls.certificate, key, tls.key]


def without_none(**options: int | str | None) -> dict[str, int | str]:
    """Return the options that have a value."""
    return {name: value for name, value in options.items() if value is not None}
