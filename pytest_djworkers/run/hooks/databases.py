"""The test databases: pytest-django makes them so that servers in other processes can use them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_djworkers.databases import creation
from pytest_djworkers.errors import DatabaseError, DjworkersError
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.failures import failed
from pytest_djworkers.run.load_tests import is_load_test
from pytest_djworkers.system.event_loop import without_running_loop


class DatabasesPlugin:
    """Prepares the databases before pytest-django makes them, if the run has load tests."""

    def __init__(self, run: RunContext) -> None:
        self._run = run

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Have ``django_db_setup`` make databases that other processes can connect to."""
        if fixturedef.argname != "django_db_setup" or self._run.settings.origin is not None:
            return (yield)
        items = [item for item in request.session.items if is_load_test(item)]
        if not items:
            return (yield)
        databases = self._run.databases
        # The names of the real databases: later, Django's settings have those of the tests.
        databases.note_real_names()
        unblocked = request.getfixturevalue("django_db_blocker").unblock()
        with without_running_loop(), unblocked:
            self._check(request.config)
            databases.end_sessions_of_killed_runs()
        try:
            with (
                creation.explain_failed_creation(),
                creation.request_databases(databases.wanted, items),
                without_running_loop(),
            ):
                return (yield)
        except DatabaseError as error:
            failure = failed([str(error)])
            # pytest keeps no SystemExit, which this was: it would set the fixture up again for
            # each test.
            fixturedef.cached_result = (None, None, (failure, None))
            raise failure from None

    def _check(self, config: pytest.Config) -> None:
        databases = self._run.databases
        try:
            creation.move_out_of_memory(self._run.folder)
        except DjworkersError as error:
            raise failed([str(error)]) from None
        keeps = config.getoption("reuse_db") and not config.getoption("create_db")
        databases.unusable = creation.find_unusable_aliases(databases.left_out, keeps=keeps)
