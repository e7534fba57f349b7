"""A PostgreSQL of the tests' own, from the machine's binaries: a cluster in a temporary folder."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.system.log import tail
from pytest_djworkers.system.port import LOOPBACK, ReservedPort
from pytest_djworkers.system.process import GuardedProcess
from tests.support.processes import until

MISSING = (
    "needs PostgreSQL's own programs, initdb and postgres: install your system's package of the"
    " server (Debian and Ubuntu: apt-get install postgresql), or put them on PATH"
)
SUPERUSER = "postgres"
MAX_CONNECTIONS = 100
"""PostgreSQL's default."""
_UNPRIVILEGED = ("postgres", "nobody")
"""Users that root becomes: PostgreSQL refuses to run as root."""
_LONGEST_FOLDER = 80
"""A socket's path in it must fit into 107 bytes."""
_AS_USER = """
import os, sys
uid, gid, *command = sys.argv[1:]
os.setgroups([]), os.setgid(int(gid)), os.setuid(int(uid))
os.execv(command[0], command)
"""


@dataclass(frozen=True)
class Cluster:
    """A running PostgreSQL, reached without a password by TCP and by a socket in ``folder``."""

    folder: Path
    port: int
    process: GuardedProcess = field(repr=False)

    def entry(self, name: str = "site", **changes: Any) -> dict[str, Any]:
        """A value of Django's DATABASES. No database of that name is made."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": name,
            "USER": SUPERUSER,
            "HOST": LOOPBACK,
            "PORT": str(self.port),
            **changes,
        }

    def settings(self, **databases: dict[str, Any]) -> str:
        """Lines for a settings module that end in these DATABASES; ``default`` by default."""
        return f"\nDATABASES = { ({'default': self.entry()} | databases)!r}\n"

    def ask(self, query: str, *parameters: Any, database: str = "postgres") -> list[Any]:
        """The first column of a query's answer, as the superuser; nothing of a command's."""
        import psycopg

        with psycopg.connect(self._address(database), autocommit=True) as connection:
            cursor = connection.execute(query.encode(), parameters or None)
            return [row[0] for row in cursor.fetchall()] if cursor.description else []

    def databases(self) -> set[str]:
        """Return the names of the databases, without those that a cluster begins with."""
        names = self.ask("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return set(names) - {"postgres"}

    def sessions(self, database: str | None = None) -> list[str]:
        """The applications that are connected, to one database or any, in the order of names."""
        query = (
            "SELECT application_name FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid() AND (%s::text IS NULL OR datname = %s)"
        )
        return sorted(self.ask(query, database, database))

    @contextmanager
    def role(self, name: str, rights: str = "") -> Iterator[str]:
        """A user who may log in and has these rights, and none of what is his is left."""
        self.ask(f"CREATE ROLE {name} LOGIN {rights}")
        try:
            yield name
        finally:
            self.ask(f"REASSIGN OWNED BY {name} TO {SUPERUSER}")
            self.ask(f"DROP OWNED BY {name}")
            self.ask(f"DROP ROLE {name}")

    def drop_all(self) -> None:
        """Drop what a test that failed has left."""
        for name in self.databases():
            self.ask(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _address(self, database: str) -> str:
        return f"host={LOOPBACK} port={self.port} user={SUPERUSER} dbname={database}"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL that ends with the session."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(MISSING)  # says which programs are missing
    with running_cluster(binaries) as running:
        yield running


@contextmanager
def running_cluster(binaries: Path) -> Iterator[Cluster]:
    """Run a new PostgreSQL; its folder is removed at the end."""
    uid, gid = _user()
    folder = _folder(uid, gid)
    port = ReservedPort()
    try:
        _make_cluster(binaries, folder, uid, gid)
        yield from _run(binaries, folder, port.number, uid, gid)
    finally:
        port.release()
        shutil.rmtree(folder)


@pytest.fixture
def postgres(cluster: Cluster) -> Iterator[Cluster]:
    """The session's PostgreSQL, without databases; what the test leaves there fails it."""
    yield cluster
    left = cluster.databases()
    cluster.drop_all()
    assert not left, f"left behind: {sorted(left)}"
    until(lambda: not cluster.sessions())


def find_binaries() -> Path | None:
    """The folder of ``initdb`` and ``postgres``; of several versions the newest."""
    asked = _said_by_pg_config()
    installed = Path("/usr/lib/postgresql").glob("*/bin")
    candidates = [
        *([asked] if asked else []),
        *sorted(installed, key=lambda folder: _version(folder.parent.name), reverse=True),
        *(Path(folder) for folder in os.get_exec_path()),
    ]
    for folder in candidates:
        if all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
            return folder
    return None


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.split(".") if part.isdigit())


def _said_by_pg_config() -> Path | None:
    with suppress(OSError, subprocess.CalledProcessError):
        said = subprocess.run(
            ["pg_config", "--bindir"], capture_output=True, text=True, check=True
        ).stdout
        return Path(said.strip())
    return None


def _user() -> tuple[int, int]:
    if os.getuid() != 0:
        return os.getuid(), os.getgid()
    for name in _UNPRIVILEGED:
        with suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    pytest.fail(f"root can't run PostgreSQL, and there is no user {' or '.join(_UNPRIVILEGED)}")


def _folder(uid: int, gid: int) -> Path:
    """A folder of the user's; not pytest's temporary folder, which is for nobody else."""
    folder = Path(tempfile.mkdtemp(prefix="postgres-djworkers-"))
    if len(str(folder)) > _LONGEST_FOLDER or not _is_reachable(folder):
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="postgres-djworkers-", dir="/tmp"))
    os.chown(folder, uid, gid)
    return folder


def _is_reachable(folder: Path) -> bool:
    return os.getuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in folder.parents)


def _make_cluster(binaries: Path, folder: Path, uid: int, gid: int) -> None:
    is_root = os.getuid() == 0
    made = subprocess.run(
        [
            *(binaries / "initdb", "-D", folder / "data", "-U", SUPERUSER, "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        ],
        user=uid if is_root else None,
        group=gid if is_root else None,
        extra_groups=[] if is_root else None,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr


def _run(binaries: Path, folder: Path, port: int, uid: int, gid: int) -> Iterator[Cluster]:
    log = folder / "log"
    options = {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": folder,
        "max_connections": MAX_CONNECTIONS,
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
    }
    command = [str(binaries / "postgres"), "-D", str(folder / "data")]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    if os.getuid() == 0:
        command = [sys.executable, "-I", "-S", "-c", _AS_USER, str(uid), str(gid), *command]
    process = GuardedProcess(command, log=log, environment={"PATH": os.defpath, "LC_ALL": "C"})
    running = Cluster(folder, port, process)
    try:
        until(lambda: process.status is not None or _answers(running), within_s=30)
        assert process.status is None, tail(log)
        yield running
        assert process.pid is not None
        os.kill(process.pid, signal.SIGINT)  # what it calls a fast shutdown
        until(lambda: process.status is not None)
    finally:
        process.stop()


def _answers(cluster: Cluster) -> bool:
    import psycopg

    try:
        return cluster.ask("SELECT 1") == [1]
    except psycopg.OperationalError:
        return False
