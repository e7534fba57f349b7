"""The one request that a server must answer before it is fired at."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.masking import masked
from pytest_djworkers.load.profile import Request
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.server.response import NoResponseError, Response, UnreadableError, fetch
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.unpatched_sockets import open_connection
from pytest_djworkers.units import counted

_RETRY_AFTER_S = 0.02
_SHOWN_OF_BODY = 300
_MOST_CLOSES = 5
"""So many connections in a row closed without a response are no accident of starting."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """Where a probe got its response, and what came before that."""

    address: tuple[str, int]
    interim: tuple[int, ...]


def probe(
    addresses: Sequence[tuple[str, int]],
    request: Request,
    process: GuardedProcess | None,
    *,
    any_response: bool,
    deadline: float,
    host: str | None = None,
) -> ProbeResult:
    """Send one real request to the first of these addresses that accepts it.

    Nobody who accepts is what a server that starts looks like, so that is tried again; so is a
    connection closed without a response, as proxies do while nothing is behind them: a few times
    where the server is ours (``process``), and its workers are ready, else until the deadline.
    Everything else will not get better, and is told at once.

    ``any_response`` takes every complete response for good. Raises ProbeError for an unexpected or
    unreadable response, ServerStartError for none before the monotonic deadline.
    """
    closes, why = 0, "nobody was asked"
    while CLOCK.monotonic() < deadline:
        try:
            with _connected(addresses, deadline) as connection:
                address = connection.getpeername()[:2]
                response = fetch(connection, request, host or _authority(address), deadline)
        except UnreadableError as error:
            raise ProbeError(f"{request.shown} gets {error}", None) from None
        except NoResponseError as error:
            closes, why = closes + 1, str(error)
        except TimeoutError as error:
            why = str(error)
        except OSError as error:
            closes, why = 0, str(error)
        else:
            if not (any_response or (request.expects(response.status) and response.fits)):
                raise ProbeError(_unexpected(request, response), response.status)
            return ProbeResult(address, tuple(response.interim))
        if process is not None and process.status is not None:
            raise ServerStartError(f"it ended (exit status {process.status})")
        if process is not None and closes >= _MOST_CLOSES:
            times = counted(closes, "time")
            raise ProbeError(f"{request.shown}: {why}, {times} in a row", None)
        CLOCK.sleep(_RETRY_AFTER_S)
    raise ServerStartError(f"{request.shown} got no response in time ({why})")


def _connected(addresses: Sequence[tuple[str, int]], deadline: float) -> socket.socket:
    """A connection to the first address that accepts. Raises the last one's OSError."""
    *others, last = addresses
    for address in others:
        # Each has half of what is left: one that drops what it gets must not use all of it.
        with suppress(OSError):
            return open_connection(address, (deadline - CLOCK.monotonic()) / 2)
    return open_connection(last, max(_RETRY_AFTER_S, deadline - CLOCK.monotonic()))


def _authority(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unexpected(request: Request, response: Response) -> str:
    where = f" to {in_one_line(masked(response.location))}" if response.location else ""
    text = in_one_line(response.body[:_SHOWN_OF_BODY].decode(errors="replace"))
    said = f": {text}" if text else ""
    expected = request.expected
    if request.expects(response.status):
        contains = in_one_line(request.contains.decode(errors="replace"))
        expected = f"a body that contains {contains!r}"
    return (
        f"{request.shown} answers {response.status} {in_one_line(response.reason)}{where}"
        f" where {expected} is expected{said}"
    )
