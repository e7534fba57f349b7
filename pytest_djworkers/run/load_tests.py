"""Load tests: the tests of a run that the plugin has to do with."""

from __future__ import annotations

import pytest


def is_load_test(item: pytest.Item) -> bool:
    """Return True if a test takes ``burst`` or ``djworkers_server``."""
    # A fixture of another name may take one of them: both depend on this one.
    return "_djworkers_server" in getattr(item, "fixturenames", ())


def fires_bursts(item: pytest.Item) -> bool:
    """Return True if a test takes ``burst``, and no marker skips it for sure."""
    # The condition of skipif is not known before pytest evaluates it.
    is_skipped = item.get_closest_marker("skip") is not None
    return "burst" in getattr(item, "fixturenames", ()) and not is_skipped


def id_of(item: pytest.Item) -> str:
    """Return the node id of a test as it is in a run without pytest-xdist."""
    # With --dist=loadgroup, pytest-xdist appends the names of the test's groups.
    if not item.config.getoption("loadgroup", default=False):
        return item.nodeid
    groups = {
        str(mark.args[0] if mark.args else mark.kwargs.get("name", "default"))
        for mark in item.iter_markers("xdist_group")
    }
    return item.nodeid.removesuffix(f"@{'_'.join(sorted(groups))}")
