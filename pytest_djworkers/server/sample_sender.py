"""Sends sample requests, one after the other, and collects what the server has recorded of each."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from pytest_djworkers.entry.sampling import Sampling
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server.connect import connect
from pytest_djworkers.server.response import fetch
from pytest_djworkers.server.response_errors import NoResponseError, UnreadableError
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.units import format_duration

_FILE_WITHIN_S = 0.5
_LOOK_AGAIN_AFTER_S = 0.005


class NoSampleError(Exception):
    """A sample request tells nothing; the message says why."""


class SampleSender:
    """A connection to a server for sample requests, which is opened when it is needed."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: socket.socket | None = None

    def take(self, sampling: Sampling, request: SentRequest, timeout_s: float) -> dict[str, Any]:
        """Send a request, and return what the server has recorded of it. Raises NoSampleError."""
        # No number is used twice: the file of a request that was given up may come late.
        number = CLOCK.monotonic_ns()
        self.send(sampling.marked(request, number), timeout_s)
        return _recorded(sampling, number)

    def send(self, request: SentRequest, timeout_s: float) -> None:
        """Send a request, and read the response. Raises NoSampleError for an unexpected one."""
        try:
            self._send(request, CLOCK.monotonic() + timeout_s)
        except TimeoutError:
            within = format_duration(timeout_s)
            raise NoSampleError(f"a sample request got no whole response within {within}") from None
        except (OSError, NoResponseError, UnreadableError) as error:
            raise NoSampleError(f"a sample request got {error}") from None

    def close(self) -> None:
        """Close the connection, if it is open."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _send(self, request: SentRequest, deadline: float) -> None:
        # Connections are kept: another one may lead to another process, whose caches are empty.
        if self._connection is None:
            within_s = deadline - CLOCK.monotonic()
            self._connection = connect(self._target.address, self._target.route, within_s)
        response = fetch(
            self._connection, request, self._target.authority, deadline, self._target.route
        )
        if not response.keep_alive:
            self.close()
        if not request.expects(response.status):
            raise NoSampleError(
                f"a sample request returned {response.status}, expected {request.expected}"
            )
        if not response.fits:
            raise NoSampleError("a sample request returned a wrong body")


def _recorded(sampling: Sampling, number: int) -> dict[str, Any]:
    # A response to HEAD, or one of known length, may be whole before the site is done with it.
    deadline = CLOCK.monotonic() + _FILE_WITHIN_S
    with suppress(OSError):
        while (sample := sampling.read(number)) is None:
            if CLOCK.monotonic() > deadline:
                break
            CLOCK.sleep(_LOOK_AGAIN_AFTER_S)
        else:
            return sample
    raise NoSampleError(
        "the server didn't count them: is its application made by Django's"
        " get_wsgi_application() or get_asgi_application()?"
    )
