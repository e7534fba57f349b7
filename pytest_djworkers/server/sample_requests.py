"""Sends sample requests to a server before a burst, which counts their SQL queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pytest_djworkers.entry.sampling import Sample, Sampling
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Part, Profile, SentRequest
from pytest_djworkers.server.protocol import AnyServer, BurstNeeds
from pytest_djworkers.server.query_figures import figures_of
from pytest_djworkers.server.sample_sender import NoSampleError, SampleSender
from pytest_djworkers.server.sampled_queries import SampledQueries
from pytest_djworkers.system.clock import CLOCK

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
            if unsampled := why_unsampled(part.requests[0]):
                found[part.name] = SampledQueries(None, unsampled)
                continue
            probe = needs.number_of(part.requests[0])
            found_by_probe = None if probe is None else sampling.read(probe)
            probed = None if found_by_probe is None else Sample.from_json(found_by_probe)
            samples = _Samples(server.target, sampling, part, profile.shape.timeout_s)
            # What a slow probe has taken is saved here, unless one sample is too little.
            left_s = within_s - (0.0 if probed is None or needed else probed.took_s)
            try:
                taken = list(samples.taken(probed, within_s=left_s))
            except NoSampleError as error:
                found[part.name] = SampledQueries(None, str(error))
            else:
                found[part.name] = SampledQueries(figures_of(taken, roots))
    finally:
        sampling.end()
    return found


def why_unsampled(request: SentRequest) -> str:
    """Return why no sample of a request is taken; empty if one is."""
    if request.websocket:
        return "the messages of a WebSocket are no requests of their own"
    return "a stream is not read to its end" if request.stream_s else ""


class _Samples:
    """The sample requests of one part."""

    def __init__(self, target: Target, sampling: Sampling, part: Part, timeout_s: float) -> None:
        self._sender = SampleSender(target)
        self._sampling = sampling
        self._requests = part.requests
        self._timeout_s = timeout_s

    def taken(self, probed: Sample | None, *, within_s: float) -> Iterator[Sample]:
        """Yield the samples, that of the probe first. Raises NoSampleError if a request fails.

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
            self._sender.close()

    def _take(self, request: SentRequest) -> Sample:
        return Sample.from_json(self._sender.take(self._sampling, request, self._timeout_s))
