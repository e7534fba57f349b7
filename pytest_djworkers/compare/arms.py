"""The two sides of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.entry.isolation import Isolation
from pytest_djworkers.server.runtime import Runtime


class NotComparable(Exception):
    """Why two arms can't be compared, in words; nothing is wrong with either."""


BASE, HEAD = 0, 1
NAMES = ("base", "head")


@dataclass(frozen=True, slots=True)
class Arm:
    """One side: what is served, from where, to be compared with the other."""

    name: str
    """``base`` or ``head``."""
    label: str
    """What tells it from the other, for people: a revision, or a backend."""
    backend: Backend
    runtime: Runtime
    databases: Mapping[str, DatabaseTarget]
    """Its own; made anew for each block."""
    isolation: Isolation | None = None
    """Where it writes; likewise."""
