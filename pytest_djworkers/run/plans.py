"""Reads the markers of pytest's nodes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pytest_djworkers.backends.registry import Registry
from pytest_djworkers.limits.marker import Mark
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
