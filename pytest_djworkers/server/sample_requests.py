"""Sends sample requests to a server before a burst, which counts their SQL queries."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pytest_djworkers.entry.sampling import Sample, Sampling
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Part, Profile, SentRequest
from pytest_djworkers.server.connect import connect
from pytest_djworkers.server.protocol import AnyServer, BurstNeeds
from pytest_djworkers.server.query_figures import figures_of
from pytest_djworkers.server.response import fetch
from pytest_djworkers.server.response_errors import NoResponseError, UnreadableError
from pytest_djworkers.server.sampled_queries import SampledQueries
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.units import format_duration

SAFE_SAMPLES = 5
"""The number of sample requests, besides a first one that is discarded: it fills caches."""
UNSAFE_SAMPLES = 2
"""The same for requests that change data."""
WITHIN_S = 1.0
"""The time in seconds after which no further sample request is sent, if no limit needs them."""
NEEDED_WITHIN_S = 5.0
"""The same if a limit needs them."""
SLOW_S = 2.0
"""The time of a response in seconds after which one sample is enough."""
_FILE_WITHIN_S = 0.5
_LOOK_AGAIN_AFTER_S = 0.005


class _NoSampleError(Exception):
    """A sample request tells nothing; the message says why."""


def sample_queries(
    server: AnyServer, profile: Profile, needs: BurstNeeds, *, roots: Sequence[Path], needed: bool
) -> Mapping[str, SampledQueries]:
    """Send a few sample requests of each part of a burst, one after the other.

    Return the queries of each part by its name. The server must count, and ``needs`` are those that
    it was launched for. Places in one of the folders ``roots`` are told relative to it. If the
    figures are ``needed``, it may take longer. Nothing is raised if there are none.
    """
    sampling, parts = server.sampling, profile.all_parts
    assert sampling is not None
    within_s = (NEEDED_WITHIN_S if needed else WITHIN_S) / len(parts)
    found = {}
    try:
        for part in parts:
            if unsampled := _why_unsampled(part.requests[0]):
                found[part.name] = SampledQueries(None, unsampled)
                continue
            probe = needs.number_of(part.requests[0])
            probed = None if probe is None else sampling.read(probe)
            samples = _Samples(server.target, sampling, part, profile.shape.timeout_s)
            # What a slow probe has taken is saved here, unless one sample is too little.
            left_s = within_s - (0.0 if probed is None or needed else probed.took_s)
            try:
                taken = list(samples.taken(probed, within_s=left_s))
            except _NoSampleError as error:
                found[part.name] = SampledQueries(None, str(error))
            else:
                found[part.name] = SampledQueries(figures_of(taken, roots))
    finally:
        sampling.end()
    return found


def _why_unsampled(request: SentRequest) -> str:
    """Return why no sample of a request is taken; empty if one is."""
    if request.websocket:
        return "the messages of a WebSocket are no requests of their own"
    return "a stream is not read to its end" if request.stream_s else ""


class _Samples:
    """The sample requests of one part."""

    def __init__(self, target: Target, sampling: Sampling, part: Part, timeout_s: float) -> None:
        self._target = target
        self._sampling = sampling
        self._requests = part.requests
        self._timeout_s = timeout_s
        self._connection: socket.socket | None = None

    def taken(self, probed: Sample | None, *, within_s: float) -> Iterator[Sample]:
        """Yield the samples, that of the probe first. Raises _NoSampleError if a request fails.

        None is taken after ``within_s`` seconds, except for the first.
        """
        if probed is not None:
            yield probed
        began_s = CLOCK.monotonic()
        wanted = SAFE_SAMPLES if self._requests[0].is_safe else UNSAFE_SAMPLES
        # The probe was the first variant.
        first = 0 if probed is None else 1
        try:
            for number in range(first, wanted + 1):
                if number > 0 and CLOCK.monotonic() - began_s > within_s:
                    return
                sample = self._take(self._requests[number % len(self._requests)])
                yield sample
                if sample.took_s > SLOW_S:
                    return
        finally:
            self._close()

    def _take(self, request: SentRequest) -> Sample:
        """Send a request, and return its sample. Raises _NoSampleError."""
        # No number is used twice: the file of a request that was given up may come late.
        number = CLOCK.monotonic_ns()
        deadline = CLOCK.monotonic() + self._timeout_s
        try:
            self._send(self._sampling.marked(request, number), deadline)
        except TimeoutError:
            within = format_duration(self._timeout_s)
            raise _NoSampleError(
                f"a sample request got no whole response within {within}"
            ) from None
        except (OSError, NoResponseError, UnreadableError) as error:
            raise _NoSampleError(f"a sample request got {error}") from None
        return self._sample_of(number)

    def _send(self, request: SentRequest, deadline: float) -> None:
        """Send a request, and read the response. Raises _NoSampleError for an unexpected one."""
        # Connections are kept: another one may lead to another process, whose caches are empty.
        if self._connection is None:
            within_s = deadline - CLOCK.monotonic()
            self._connection = connect(self._target.address, self._target.route, within_s)
        response = fetch(
            self._connection, request, self._target.authority, deadline, self._target.route
        )
        if not response.keep_alive:
            self._close()
        if not request.expects(response.status):
            raise _NoSampleError(
                f"a sample request returned {response.status}, expected {request.expected}"
            )
        if not response.fits:
            raise _NoSampleError("a sample request returned a wrong body")

    def _sample_of(self, number: int) -> Sample:
        # A response to HEAD, or one of known length, may be whole before the site is done with it.
        deadline = CLOCK.monotonic() + _FILE_WITHIN_S
        with suppress(OSError):
            while (sample := self._sampling.read(number)) is None:
                if CLOCK.monotonic() > deadline:
                    break
                CLOCK.sleep(_LOOK_AGAIN_AFTER_S)
            else:
                return sample
        raise _NoSampleError(
            "the server didn't count them: is its application made by Django's"
            " get_wsgi_application() or get_asgi_application()?"
        )

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
