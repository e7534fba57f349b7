"""The WSGI entry, which the server imports in each worker."""

from pytest_djworkers.server.app import load

application = load("wsgi")
