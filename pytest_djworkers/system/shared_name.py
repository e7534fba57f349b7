"""The name under which all runs on a machine find each other, whoever their user is."""

from __future__ import annotations

import os

_OF_TESTS = "_DJWORKERS_SHARED"
"""A variable by which this package's own tests keep out of the way of real runs, and of others.

It isn't for users: with another name a run no longer waits for the bursts of others.
"""


def shared_name() -> str:
    """Return the name, which is the same in every run."""
    return os.environ.get(_OF_TESTS, "pytest-djworkers")
