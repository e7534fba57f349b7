"""The fixtures: ``burst``, ``djworkers_server``, and ``djworkers_seed`` for users to override."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pytest

from pytest_djworkers.run.stash import BURST, RUN

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from pytest_djworkers.run.burst import Burst
    from pytest_djworkers.run.site.prepare import Apart
    from pytest_djworkers.server.protocol import AnyServer
    from pytest_djworkers.server.server import Prepare

T = TypeVar("T")
_DATABASE_FIXTURES = ("db", "transactional_db", "django_db_reset_sequences")
WITHOUT_BACKENDS = "load test: choose backends with --djworkers=NAME,NAME"


@pytest.fixture(scope="session")
def djworkers_seed() -> Callable[[], None] | None:
    """Override it to return a function that makes the rows your views need.

    It runs before every launch, with the database unblocked; a transactional test's flush
    empties the tables between, so it must be able to run again.
    """
    return None


@pytest.fixture
def djworkers_backend(request: pytest.FixtureRequest) -> str:
    """The name of the backend that this test runs under."""
    if RUN not in request.config.stash:
        pytest.skip(WITHOUT_BACKENDS)
    if not hasattr(request, "param"):
        pytest.fail(
            "only a test function that names burst or djworkers_server among its arguments, or in"
            " usefixtures, runs once under each backend; getfixturevalue() and unittest.TestCase"
            " can't do that",
            pytrace=False,
        )
    name: str = request.param
    return name


@pytest.fixture
def _djworkers_apart(
    request: pytest.FixtureRequest,
    djworkers_backend: str,  # noqa: ARG001  # it skips where there is none
) -> Iterator[Apart | None]:
    """What this process writes to, as its servers do; None where those are somebody else's."""
    run = request.config.stash[RUN]
    if run.settings.origin is not None:
        yield None
        return
    from pytest_djworkers.run.site.prepare import kept_apart

    with kept_apart(_in_words(run.isolation)) as apart:
        yield apart


@pytest.fixture
def _djworkers_burst(
    request: pytest.FixtureRequest,
    djworkers_backend: str,
    djworkers_seed: Callable[[], None] | None,
    django_db_blocker: DjangoDbBlocker,
    _djworkers_apart: Apart | None,
) -> Iterator[Burst]:
    """The test's server, and what fires at it."""
    from pytest_djworkers.run.activation import test_plan
    from pytest_djworkers.run.burst import Burst
    from pytest_djworkers.run.site.prepare import prepare_site
    from pytest_djworkers.system.event_loop import without_running_loop

    # What holds a transaction must be seen to; what flushes the tables must do so after the
    # server is gone: be torn down after us.
    for database in _DATABASE_FIXTURES:
        if database in request.fixturenames:
            request.getfixturevalue(database)
    run = request.config.stash[RUN]
    prepare: Prepare | None = None
    if _djworkers_apart is not None:
        request.getfixturevalue("django_db_setup")
        prepare = partial(
            prepare_site,
            databases=run.databases,
            seed=djworkers_seed,
            blocker=django_db_blocker,
            apart=_djworkers_apart,
            keeps_options=run.settings.settings_module is not None,
        )
    server = _in_words(lambda: run.server(djworkers_backend, prepare))
    make: Callable[..., Burst] = Burst
    if run.comparison_setup is not None and prepare is not None:
        from pytest_djworkers.run.compared_burst import ComparedBurst

        make = partial(
            ComparedBurst,
            comparison_setup=run.comparison_setup,
            prepare=prepare,
            unblocked=django_db_blocker.unblock,
            seed=djworkers_seed,
            migrates=not request.config.getoption("nomigrations"),
        )
    burst = make(
        run,
        server,
        request.node.nodeid,
        _in_words(lambda: test_plan(request.node, djworkers_backend)),
    )
    request.node.stash[BURST] = burst
    yield burst
    server.stop()
    if _djworkers_apart is not None:
        with without_running_loop():
            with django_db_blocker.unblock():
                _in_words(run.databases.end_sessions)
            run.databases.close_connections()


@pytest.fixture
def burst(_djworkers_burst: Burst) -> Burst:
    """Fires bursts of load at the site, under each backend of ``--djworkers``."""
    return _djworkers_burst


@pytest.fixture
def djworkers_server(_djworkers_burst: Burst) -> AnyServer:
    """The running server: its backend, url, live pids and log.

    Launched anew before each burst, so state belongs in the database.
    """
    _in_words(_djworkers_burst.launch)
    return _djworkers_burst.server


def _in_words(function: Callable[[], T]) -> T:
    """Call it; what it raises on purpose says enough without a traceback."""
    from pytest_djworkers.errors import DjworkersError
    from pytest_djworkers.printable import printable

    try:
        return function()
    except DjworkersError as error:
        raise pytest.fail.Exception(printable(str(error)), pytrace=False) from None
