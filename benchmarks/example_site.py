"""The example project on a database of its own, for benchmarks that need no pytest."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import MachineLock
from pytest_djworkers.system.port import ReservedPort

EXAMPLE = Path(__file__).resolve().parent.parent / "example_project"
WORKERS = 2


@dataclass(frozen=True)
class Bench:
    """Launches servers of the example, and fires at them."""

    spec: LaunchSpec

    def burst(self, backend: Backend, generator: Generator, path: str, shape: Shape) -> BurstResult:
        """Fire one burst at a freshly launched server."""
        request = SentRequest(path)
        server = Server(backend, self.spec, MachineLock())
        try:
            server.launch(BurstNeeds(shape.connections, request))
            return generator.fire(Profile(f"GET {path}", request, shape), server.target)
        finally:
            server.stop()


@contextmanager
def example_bench() -> Iterator[Bench]:
    """Give the example, migrated and seeded, in a folder that is removed afterwards."""
    sys.path.insert(0, str(EXAMPLE))
    os.environ["DJANGO_SETTINGS_MODULE"] = "example.settings"
    # Settings are read at the import, so this comes after the environment is set.
    import django
    from django.conf import settings

    with tempfile.TemporaryDirectory(prefix="djworkers-") as name:
        folder = Path(name)
        django.setup()
        # Before the first connection: the example's own database is never touched.
        settings.DATABASES["default"]["NAME"] = str(folder / "benchmark.sqlite3")
        from django.core.management import call_command

        from myapp.seed import seed

        call_command("migrate", verbosity=0)
        seed()
        databases = TestDatabases()
        targets = databases.targets()
        # An open connection would hold a lock on SQLite's file.
        databases.close_connections()
        port = ReservedPort()
        spec = LaunchSpec(
            settings_module="example.settings",
            databases=targets,
            folder=folder,
            port=port.number,
            workers=WORKERS,
            startup_timeout_s=60.0,
        )
        try:
            yield Bench(spec)
        finally:
            port.release()
