"""Which generator a burst gets."""

from __future__ import annotations

from collections.abc import Collection

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.generator_names import ASYNCIO, AUTO, WRK
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk


def choose_generator(
    asked: str,
    profile: Profile,
    *,
    agents: int = 1,
    stored: str | None = None,
    interim: Collection[int] = (),
) -> Generator:
    """The generator asked for; for ``auto`` the stored baseline's, so that the two can be
    compared, else wrk where it is installed and can do the burst.

    ``interim`` are the statuses that came before a response of this server, such as 103: wrk
    takes each of them for a response, and would count every request twice.

    Raises GeneratorError when wrk was asked for and can't.
    """
    wanted = stored if asked == AUTO and stored else asked
    program = None if wanted == ASYNCIO else find_wrk()
    if program is not None:
        wrk = WrkGenerator(program)
        reason = wrk.cannot(profile)
        if reason is None and interim:
            statuses = " and ".join(map(str, interim))
            reason = f"it counts the interim {statuses} before each response as one more response"
        if reason is None:
            return wrk
        if asked == WRK:
            raise GeneratorError(
                f"wrk can't fire {profile.name!r}: {reason} (--djworkers-generator=asyncio can)"
            )
    elif asked == WRK:
        raise GeneratorError("wrk is not on PATH: install it or use --djworkers-generator=asyncio")
    return AsyncioGenerator(agents)
