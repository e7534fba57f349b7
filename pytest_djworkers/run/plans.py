"""Reads the markers of pytest's nodes."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import pytest

from pytest_djworkers.backends.registry import Registry
from pytest_djworkers.errors import MarkerError
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.markers import TestPlan, read_plan
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.verdict.rounds import Metric


def marks_of(node: pytest.Item) -> list[Mark]:
    """Return the node's markers, the closest first."""
    return [Mark(mark.name, mark.args, mark.kwargs) for mark in node.iter_markers()]


def plan_of(node: pytest.Item, backend: str, registry: Registry) -> TestPlan:
    """Return the limits and the shape that the node's markers ask for under a backend.

    Raises MarkerError for a marker that can't be used.
    """
    return read_plan(marks_of(node), backend, registry)


def shape_of(node: pytest.Item, settings: Settings) -> Shape:
    """Return the shape of a test's bursts, as far as it is known before the test runs."""
    # An item that isn't parametrised with a backend, or whose markers can't be used, fires none.
    backend = node.callspec.params["djworkers_backend"] if hasattr(node, "callspec") else ""
    given: Mapping[str, float] = {}
    with suppress(MarkerError):
        given = plan_of(node, backend, settings.registry).shape
    return settings.shape_for(given, {})[0]


def location_of(node: pytest.Item) -> str:
    """Return the node's place as ``file:line``, for messages."""
    path, line, _ = node.location
    # pytest counts lines from 0, and knows none for some items.
    return f"{path}:{(line or 0) + 1}"


def max_regressions(plan: TestPlan, settings: Settings) -> Mapping[Metric, float]:
    """Return the limit on the loss of each figure that has one, as a fraction.

    The configuration's ``djworkers_max_regression`` is on requests/s, unless a marker is.
    """
    default = settings.max_regression
    return {**({} if default is None else {Metric.RPS: default}), **plan.regressions}
