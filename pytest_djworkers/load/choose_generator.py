"""The choice of a burst's generator."""

from __future__ import annotations

from collections.abc import Collection

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.generator_names import ASYNCIO, AUTO, WRK
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk


def choose_generator(
    requested: str,
    profile: Profile,
    *,
    agents: int = 1,
    stored: str | None = None,
    interim: Collection[int] = (),
) -> Generator:
    """Return the requested generator.

    For ``auto`` it is that of the stored baseline, so that the two can be compared; without one it
    is wrk if that is installed and can do the burst, and else the built-in one.

    ``interim`` are the statuses that this server sends before a response, such as 103. wrk takes
    each for a response, and would count every request twice.

    Raises GeneratorError if wrk was requested and can't do the burst.
    """
    wanted = stored if requested == AUTO and stored else requested
    program = None if wanted == ASYNCIO else find_wrk()
    if program is not None:
        wrk = WrkGenerator(program)
        reason = wrk.cannot(profile)
        if reason is None and interim:
            statuses = " and ".join(map(str, interim))
            reason = f"it counts the interim {statuses} before each response as one more response"
        if reason is None:
            return wrk
        if requested == WRK:
            raise GeneratorError(
                f"wrk can't fire {profile.name!r}: {reason} (--djworkers-generator=asyncio can)"
            )
    elif requested == WRK:
        raise GeneratorError("wrk is not on PATH: install it or use --djworkers-generator=asyncio")
    return AsyncioGenerator(agents)
