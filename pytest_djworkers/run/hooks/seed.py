"""The fixture ``djworkers_seed``: one that makes rows itself is told to return a function."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_djworkers.run.failures import failed
from pytest_djworkers.run.load_tests import is_load_test

_BLOCKED = "Database access not allowed"
"""The beginning of pytest-django's error for a fixture that may not use the database."""
_ADVICE = (
    "move the code that makes the rows into a function, and return that function: it is called"
    " before each launch of the server, and may use the database"
)


class SeedPlugin:
    """Explains why rows can't be made in the body of ``djworkers_seed``."""

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, object, object]:
        """Fail with what to write instead, if the fixture itself makes rows or takes ``db``."""
        if fixturedef.argname != "djworkers_seed":
            return (yield)
        try:
            result = yield
        except RuntimeError as error:
            if not str(error).startswith(_BLOCKED):
                raise
            failure = failed(
                [f"the fixture djworkers_seed uses the database in its own body: {_ADVICE}"]
            )
            # Else the next test that takes the fixture would get pytest-django's error.
            fixturedef.cached_result = (None, None, (failure, None))
            raise failure from None
        # The transaction of ``db`` would fail the test later, without a word of this fixture.
        if "db" in fixturedef.argnames and is_load_test(request.node):
            raise failed(
                [
                    "the fixture djworkers_seed takes db, whose transaction hides the rows from a"
                    f" server in another process: {_ADVICE}"
                ]
            )
        return result
