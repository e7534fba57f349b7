"""The ASGI entry, which the server imports in each worker."""

from pytest_djworkers.entry.app import load

application = load("asgi")
