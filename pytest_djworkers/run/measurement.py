"""The protocol of a measurement: what one call of ``burst()`` does once its arguments are read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from pytest_djworkers.load.profile import Profile, Shape
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.request.login import Login


@dataclass(frozen=True, slots=True)
class PlannedBurst:
    """The plan of a burst, as far as it is known before the site is prepared for it."""

    profile: Profile
    """Its requests lack what only Django can add to them."""
    overridden: tuple[str, ...] = ()
    """The flags that changed its shape, in words."""
    logins: tuple[Login, ...] = ()
    """The additions to the requests of each part; empty if there are none."""

    @property
    def name(self) -> str:
        """The burst's name, which is unique in its test."""
        return self.profile.name

    def with_shape(self, shape: Shape) -> PlannedBurst:
        """Return the same burst under another load."""
        return replace(self, profile=replace(self.profile, shape=shape))


@dataclass(frozen=True, slots=True)
class MeasuredBurst:
    """One measured burst, with what the server's log says about responses that went wrong."""

    record: BurstRecord
    error_causes: tuple[str, ...] = ()
    """Known causes of the errors in the log, a line each."""
    first_refusal: str = ""
    """The log's line on the first request that Django refused; empty if the burst had an expected
    response, or the log says nothing."""

    @property
    def name(self) -> str:
        """The burst's name, which is unique in its test."""
        return self.record.result.name

    def without_bodies(self) -> MeasuredBurst:
        """Return it without what its requests sent: a test's item is kept until the run ends."""
        return replace(self, record=self.record.without_bodies())


class Measurement(Protocol):
    """A way to measure a burst: at one server, or at the two arms of a comparison."""

    def measure(self, planned: PlannedBurst) -> MeasuredBurst:
        """Launch what is needed, and fire the burst.

        Raises BurstArgumentError for a burst that can't be measured this way, or whose users can't
        be logged in; ServerError, GeneratorError and BusyMachineError.
        """
