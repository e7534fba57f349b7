"""The name under which all runs of a machine find each other, whoever their user is."""

from __future__ import annotations

import os

_OF_TESTS = "_DJWORKERS_SHARED"
"""A variable by which the tests of this package keep out of each other's way, and out of that of
real runs. A user who sets it only measures in the middle of somebody else's burst."""


def shared_name() -> str:
    """The name; the same in every run."""
    return os.environ.get(_OF_TESTS, "pytest-djworkers")
