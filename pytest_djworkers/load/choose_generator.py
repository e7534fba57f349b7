"""The choice of a burst's generator."""

from __future__ import annotations

from collections.abc import Collection

from pytest_djworkers.errors import GeneratorError
from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.gateways import Gateways
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.generator_names import ASYNCIO, AUTO, WRK
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk


def choose_generator(
    requested: str,
    profile: Profile,
    *,
    agents: int = 1,
    gateways: Gateways | None = None,
    stored: str | None = None,
    interim: Collection[int] = (),
    every_request: bool = False,
    unix_socket: bool = False,
) -> Generator:
    """Return the requested generator.

    For ``auto`` it is that of the stored baseline, so that the two can be compared; without one it
    is wrk if that is installed, can do the burst and can judge the test's limits, and else the
    built-in one.

    With ``gateways`` to agents on other machines it is the built-in one, which alone has some.

    ``every_request`` is True if the test has limits for which requests that never end must be
    counted. wrk doesn't count them. (A baseline of wrk's is kept to: its burst was not starved, so
    wrk can judge most likely.)

    ``interim`` are the statuses that this server sends before a response, such as 103. wrk takes
    each for a response, and would count every request twice.

    ``unix_socket`` is True if the server listens on one, to which wrk can't connect.

    Raises GeneratorError if wrk was requested and can't do the burst.
    """
    wanted = requested
    if gateways is not None:
        wanted = ASYNCIO
    elif requested == AUTO:
        wanted = stored or (ASYNCIO if every_request else AUTO)
    program = None if wanted == ASYNCIO else find_wrk()
    if program is not None:
        wrk = WrkGenerator(program)
        reason = wrk.cannot(profile)
        if reason is None and interim:
            statuses = " and ".join(map(str, interim))
            reason = f"it counts the interim {statuses} before each response as one more response"
        if reason is None and unix_socket:
            reason = "it connects to no Unix socket"
        if reason is None:
            return wrk
        if requested == WRK:
            raise GeneratorError(
                f"wrk can't fire {profile.name!r}: {reason} (--djworkers-generator=asyncio can)"
            )
    elif requested == WRK:
        raise GeneratorError("wrk is not on PATH: install it or use --djworkers-generator=asyncio")
    return AsyncioGenerator(agents, gateways)
