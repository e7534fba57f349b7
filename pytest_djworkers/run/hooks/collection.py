"""Collection: a load test is one test under each backend that it makes sense under."""

from __future__ import annotations

import pytest

from pytest_djworkers.errors import MarkerError, SettingsError
from pytest_djworkers.markers import skip_reason
from pytest_djworkers.printable import printable
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.plans import location_of, marks_of, plan_of

_BACKEND = "djworkers_backend"


class CollectionPlugin:
    """Parametrises load tests with the backends, and skips what makes no sense under one."""

    def __init__(self, run: RunContext) -> None:
        self._run = run
        self._settings = run.settings

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Check the markers, and make a load test one test under each backend."""
        node, registry = metafunc.definition, self._settings.registry
        try:
            for backend in self._settings.names:
                # Only to raise: a bad marker is a collection error, with file and line.
                skip_reason(marks_of(node), backend, registry)
                plan_of(node, backend, registry)
        except MarkerError as error:
            raise pytest.Collector.CollectError(f"{location_of(node)}: {error}") from None
        if _BACKEND in metafunc.fixturenames:
            metafunc.parametrize(_BACKEND, self._settings.names, indirect=True)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Skip each load test whose markers exclude its backend, or the one it is compared with."""
        for item in items:
            callspec = getattr(item, "callspec", None)
            backend = callspec and callspec.params.get(_BACKEND)
            if backend is not None and (reason := self._skip_reason(item, backend)):
                item.add_marker(pytest.mark.skip(reason=reason))  # the marker's own

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Make what load tests need beside servers, so that what is missing ends the run."""
        # The controller of pytest-xdist does it for its workers.
        if session.config.option.collectonly or self._run.xdist is not None:
            return
        if not any(_is_load_test(item) for item in session.items):
            return
        try:
            self._run.make_ready()
        except SettingsError as error:
            raise pytest.UsageError(printable(str(error))) from None

    def _skip_reason(self, item: pytest.Item, backend: str) -> str | None:
        # Unlike the node above, an item has the markers of its parameters, too: they are checked
        # here for the first time.
        marks, settings = marks_of(item), self._settings
        try:
            reasons = [
                skip_reason(marks, name, settings.registry)
                for name in (backend, settings.base)
                if name is not None
            ]
        except MarkerError as error:
            raise pytest.UsageError(f"{location_of(item)}: {error}") from None
        return next(filter(None, reasons), None)


def _is_load_test(item: pytest.Item) -> bool:
    """True if a test is parametrised with a backend, and isn't skipped by its markers."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return _BACKEND in params and item.get_closest_marker("skip") is None
