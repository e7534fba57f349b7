"""The endpoints that limits are relative to: each is measured once under each server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from pytest_djworkers.entry.plain_view import PLAIN_PATH
from pytest_djworkers.errors import ProbeError
from pytest_djworkers.limits.relative import PLAIN
from pytest_djworkers.load.facts import Reference
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult

_MOST_BURSTS = 3
"""The number of bursts in which the generator may be the bottleneck: a busy machine makes it so for
a while, and a reference whose figure is too low could pass a limit that is missed."""
Fire = Callable[[Profile], BurstResult]
"""A function that fires a burst under the server at hand."""


class References:
    """The references that a run has measured so far, by server and by the shape of the load."""

    def __init__(self) -> None:
        self._measured: dict[tuple[str, str, Shape], Reference] = {}

    def measure(
        self, names: Iterable[str], backend: str, result: BurstResult, fire: Fire
    ) -> Mapping[str, Reference]:
        """Return the references of these names, under the load that a burst had.

        Those that are not known yet are measured with ``fire``. Raises ProbeError if one has no
        expected response, and what ``fire`` raises.
        """
        # At a fixed rate, every endpoint has the same requests/s, and with a think time nearly so.
        shape = replace(
            result.profile.shape,
            connections=result.connections.requested,
            rate=None,
            think_s=None,
            stages=(),
        )
        found = {}
        for name in names:
            key = backend, name, shape
            if key not in self._measured:
                self._measured[key] = _measured(name, shape, fire)
            found[name] = self._measured[key]
        return found


def _measured(name: str, shape: Shape, fire: Fire) -> Reference:
    best = None
    try:
        for _ in range(_MOST_BURSTS):
            found = _reference(fire(_profile(name, shape)))
            if not found.is_generator_bound:
                return found
            if best is None or found.rps > best.rps:
                best = found
    except ProbeError as error:
        advice = (
            f". Does the site choose its URLconf by request, so that of={PLAIN!r} is not in it?"
            " Name one of the site's paths"
            if name == PLAIN
            else f" (of={name!r})"
        )
        raise ProbeError(f"{error}{advice}", error.status) from None
    assert best is not None
    return best


def is_plain(profile: Profile) -> bool:
    """Return True for a burst at the plugin's own view, which the site doesn't have."""
    return profile.request.path == PLAIN_PATH


def _profile(name: str, shape: Shape) -> Profile:
    path = PLAIN_PATH if name == PLAIN else name
    shown = "the plain view" if name == PLAIN else f"GET {path}"
    return Profile(shown, SentRequest(path), shape)


def _reference(result: BurstResult) -> Reference:
    if not result.has_expected:
        raise ProbeError(
            f"{result.name}, which a limit is relative to, had no expected response", None
        )
    return Reference(result.name, result.rps, result.cpu_per_request_s, result.generator_bound)
