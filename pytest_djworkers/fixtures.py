"""The fixtures: ``burst`` and ``djworkers_server``, and what users override."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_djworkers.run.stash import BURST, PROGRESS, RUN, SERVER, TURN

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from pytest_djworkers.markers import TestPlan
    from pytest_djworkers.run.burst import Burst
    from pytest_djworkers.run.measurement import Measurement
    from pytest_djworkers.run.site.isolated_process import IsolatedProcess
    from pytest_djworkers.server.protocol import AnyServer
    from pytest_djworkers.server.server import Prepare

# Imports of the package are in the functions: pytest loads this module in every run, and most runs
# have no load tests.

_DATABASE_FIXTURES = ("db", "transactional_db", "django_db_reset_sequences")
WITHOUT_BACKENDS = "load test: choose backends with --djworkers=NAME,NAME"
"""The reason for skipping a load test in a run without backends."""


def _no_rows() -> None:
    """Create no rows."""


@pytest.fixture(scope="session")
def djworkers_seed() -> Callable[[], None]:
    """Override this to return a function that creates the rows that your views need.

    The function is called before each launch of the server, with the database unblocked. It must
    be able to run again: between launches, a transactional test's flush empties the tables.
    """
    # Not None, which an override returns that makes the rows itself.
    return _no_rows


@pytest.fixture(scope="session")
def djworkers_environment() -> Mapping[str, str]:
    """Override this to return environment variables that the served site gets besides pytest's."""
    return {}


@pytest.fixture
def djworkers_backend(request: pytest.FixtureRequest) -> str:
    """The name of the backend that the test runs under, such as ``granian``."""
    if RUN not in request.config.stash:
        pytest.skip(WITHOUT_BACKENDS)  # says how to choose them
    if not hasattr(request, "param"):
        pytest.fail(
            "to run under each backend, a test must be a function that has burst or"
            " djworkers_server among its arguments or in usefixtures; getfixturevalue() and"
            " unittest.TestCase don't work",
            pytrace=False,
        )
    name: str = request.param
    return name


@pytest.fixture
def _djworkers_isolation(
    request: pytest.FixtureRequest,
    djworkers_backend: str,  # noqa: ARG001  # it skips the test in a run without backends
) -> Iterator[IsolatedProcess | None]:
    """Isolate pytest's process as the test's servers are; None for an external server."""
    run = request.config.stash[RUN]
    if run.settings.origin is not None:
        yield None
        return
    from pytest_djworkers.run.site.isolated_process import isolate_process

    with _errors_as_failures():
        isolation = run.isolation()
    with isolate_process(isolation) as isolated:
        yield isolated


@pytest.fixture
def _djworkers_prepare(
    request: pytest.FixtureRequest,
    djworkers_seed: Callable[[], None],
    djworkers_environment: Mapping[str, str],
    django_db_blocker: DjangoDbBlocker,
    _djworkers_isolation: IsolatedProcess | None,
) -> Prepare | None:
    """The function to call before each launch; None for an external server."""
    # A fixture that holds a transaction must be set up before us, so that we see it. One that
    # flushes the tables must be torn down after us, when the server is gone.
    for database in _DATABASE_FIXTURES:
        if database in request.fixturenames:
            request.getfixturevalue(database)
    if _djworkers_isolation is None:
        return None
    # No argument: an external server needs no test databases.
    request.getfixturevalue("django_db_setup")
    from pytest_djworkers.run.site.prepare import prepare_site
    from pytest_djworkers.run.site.served_environment import checked_environment

    with _errors_as_failures():
        environment = checked_environment(djworkers_environment)
    run = request.config.stash[RUN]
    return partial(
        prepare_site,
        databases=run.databases,
        seed=djworkers_seed,
        blocker=django_db_blocker,
        isolated=_djworkers_isolation,
        keeps_options=run.settings.settings_module is not None,
        environment=environment,
    )


@pytest.fixture
def _djworkers_server(
    request: pytest.FixtureRequest,
    djworkers_backend: str,
    django_db_blocker: DjangoDbBlocker,
    _djworkers_prepare: Prepare | None,
) -> Iterator[AnyServer]:
    """The test's server, not launched yet. Every load test has this fixture."""
    from pytest_djworkers.run.launch_hooks import hooks_of
    from pytest_djworkers.system.event_loop import without_running_loop

    run = request.config.stash[RUN]
    with _errors_as_failures():
        server = run.server(djworkers_backend, _djworkers_prepare, hooks_of(request.node))
    request.node.stash[SERVER] = server
    yield server
    server.stop()
    if _djworkers_prepare is not None:
        # PostgreSQL does not notice that the server is gone: its queries run on, and hold locks.
        with without_running_loop(), _errors_as_failures():
            with django_db_blocker.unblock():
                run.databases.end_sessions()
            run.databases.close_connections()


@pytest.fixture
def _djworkers_plan(request: pytest.FixtureRequest, djworkers_backend: str) -> TestPlan:
    """The limits and the shape of load that the test's markers ask for."""
    from pytest_djworkers.run.plans import plan_of

    with _errors_as_failures():
        registry = request.config.stash[RUN].settings.registry
        return plan_of(request.node, djworkers_backend, registry)


@pytest.fixture
def _djworkers_measurement(
    request: pytest.FixtureRequest,
    djworkers_seed: Callable[[], None],
    django_db_blocker: DjangoDbBlocker,
    _djworkers_server: AnyServer,
    _djworkers_prepare: Prepare | None,
    _djworkers_plan: TestPlan,
) -> Measurement:
    """The way to measure a burst in this run: at one server, or at the arms of a comparison."""
    from pytest_djworkers.run.load_tests import id_of
    from pytest_djworkers.run.one_server import OneServer
    from pytest_djworkers.run.plans import max_regressions
    from pytest_djworkers.run.site.log_in import log_in_users

    run, test = request.config.stash[RUN], id_of(request.node)
    regressions = max_regressions(_djworkers_plan, run.settings)
    log_in = partial(log_in_users, databases=run.databases, blocker=django_db_blocker)
    one_server = OneServer(
        run, _djworkers_server, test, regressions, _djworkers_plan.limits, log_in=log_in
    )
    bisection = request.config.pluginmanager.getplugin("djworkers-bisection")
    if (run.comparison_setup is None and bisection is None) or _djworkers_prepare is None:
        return one_server
    from pytest_djworkers.run.budget.turn import Turn
    from pytest_djworkers.run.launch_hooks import hooks_of
    from pytest_djworkers.run.two_arms import DatabaseSetup, TwoArms

    two_arms = partial(
        TwoArms,
        run,
        _djworkers_server,
        test,
        regressions,
        prepare=_djworkers_prepare,
        hooks=hooks_of(request.node),
        database_setup=DatabaseSetup(
            unblocked=django_db_blocker.unblock,
            seed=None if djworkers_seed is _no_rows else djworkers_seed,
            migrates=not request.config.getoption("nomigrations"),
        ),
        alone=one_server,
        log_in=log_in,
        turn=request.node.stash.get(TURN, None) or Turn.unlimited(),
    )
    if run.comparison_setup is not None and bisection is None:
        return two_arms(comparison_setup=run.comparison_setup)
    measurement: Measurement = bisection.measurement(two_arms)
    return measurement


@pytest.fixture
def burst(
    request: pytest.FixtureRequest,
    _djworkers_server: AnyServer,
    _djworkers_measurement: Measurement,
    _djworkers_plan: TestPlan,
) -> Burst:
    """Call it with a path to fire a burst of load at the site; it returns the figures.

    Each call launches the server anew. The test runs once under each backend of ``--djworkers``,
    and is skipped without that option. Arguments: method, headers, body, json, form, files,
    query, cookies, expect, contains, stream, websocket, mix, paths, bodies, order, seed, user,
    users, name, connections, duration, timeout, warmup, rate, think, stages.
    """
    from pytest_djworkers.run.burst import Burst

    config = request.config
    burst = Burst(
        config.stash[RUN].settings,
        _djworkers_plan,
        _djworkers_server,
        _djworkers_measurement,
        config.stash[PROGRESS],
    )
    request.node.stash[BURST] = burst
    return burst


@pytest.fixture
def djworkers_server(
    request: pytest.FixtureRequest, _djworkers_server: AnyServer, _djworkers_plan: TestPlan
) -> AnyServer:
    """The running server, without any load: its backend, url, pids and log.

    A burst launches it anew, so keep state in the database. The test runs once under each backend
    of ``--djworkers``, and is skipped without that option.
    """
    from pytest_djworkers.server.protocol import BurstNeeds
    from pytest_djworkers.system.event_loop import without_running_loop

    settings = request.config.stash[RUN].settings
    shape, _ = settings.shape_for(_djworkers_plan.shape, {})
    with without_running_loop(), _errors_as_failures():
        _djworkers_server.launch(
            BurstNeeds.of_burst(None, shape.connections, probe_path=settings.probe)
        )
    return _djworkers_server


@contextmanager
def _errors_as_failures() -> Iterator[None]:
    """Turn the plugin's errors into failures of the test: they say enough without a traceback."""
    from pytest_djworkers.errors import DjworkersError
    from pytest_djworkers.run.failures import failed

    try:
        yield
    except DjworkersError as error:
        raise failed([str(error)]) from None
