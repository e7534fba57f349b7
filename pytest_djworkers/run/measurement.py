"""The protocol of a measurement: what one call of ``burst()`` does once its arguments are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pytest_djworkers.load.profile import Profile
from pytest_djworkers.record import BurstRecord


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


class Measurement(Protocol):
    """A way to measure a burst: at one server, or at the two arms of a comparison."""

    def measure(self, profile: Profile, overridden: tuple[str, ...]) -> MeasuredBurst:
        """Launch what is needed, and fire the burst.

        ``overridden`` are the flags that changed the burst's shape, in words. Raises
        BurstArgumentError for a burst that can't be measured this way, ServerError,
        GeneratorError and BusyMachineError.
        """
