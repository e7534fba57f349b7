"""The one request that a server must respond to before a burst is fired at it."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.masking import masked
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.route import PLAIN, Route
from pytest_djworkers.printable import in_one_line
from pytest_djworkers.server.connect import connect
from pytest_djworkers.server.launch_hooks import CheckResponse
from pytest_djworkers.server.response import Response, fetch
from pytest_djworkers.server.response_advice import advice_on
from pytest_djworkers.server.response_errors import NoResponseError, UnreadableError
from pytest_djworkers.server.websocket_probe import round_trip
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.units import counted

_RETRY_AFTER_S = 0.02
_SHOWN_OF_BODY = 300
_MOST_CLOSES = 5
"""The number of connections in a row that a starting server may close without a response."""


_REFUSED_FOR_S = 0.5
"""The time for which a server that is not ours may refuse connections: it may be restarting."""
_NOBODY_THERE = (errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH)


class NobodyListensError(ServerStartError):
    """No server listens at the address; the message is the system's."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """An expected response to a probe."""

    address: tuple[str, int]
    """The address that sent it."""
    interim: tuple[int, ...]
    """The statuses of interim responses that came before it, such as 103 (early hints)."""
    status: int = 0
    content_type: str = ""
    """The value of its Content-Type header; empty if it has none."""


def probe(
    addresses: Sequence[tuple[str, int]],
    request: SentRequest,
    process: GuardedProcess | None,
    *,
    any_response: bool,
    deadline: float,
    host: str | None = None,
    check: CheckResponse | None = None,
    route: Route = PLAIN,
) -> ProbeResult:
    """Send a request to the first of these addresses that accepts a connection.

    ``process`` is the server's first process, or None if the server is not ours. With
    ``any_response``, every complete response will do, not only an expected one. The deadline is
    a time of the monotonic clock. ``check`` says what is wrong with an expected response.

    Raises ProbeError for an unexpected or unreadable response, and if a server of ours takes the
    request and does not respond before the deadline; NobodyListensError if a server that is not
    ours is not there; ServerStartError if there is no response for another reason.
    """
    closes, why, is_silent = 0, "nothing was sent", False
    began = CLOCK.monotonic()
    while CLOCK.monotonic() < deadline:
        try:
            with _connected(addresses, route, deadline) as connection:
                # A Unix socket stands for the one address of a server.
                address = addresses[0] if route.unix_socket else connection.getpeername()[:2]
                authority = host or _authority(address)
                send = round_trip if request.websocket else fetch
                response = send(connection, request, authority, deadline, route)
        # Only what a server does while it starts is tried again: it does not accept yet, or, as a
        # proxy with nothing behind it does, closes the connection without a response. Everything
        # else would not get better.
        except UnreadableError as error:
            raise ProbeError(f"{request.shown} got {error}", None) from None
        except NoResponseError as error:
            closes, why = closes + 1, str(error)
        except TimeoutError as error:
            why, is_silent = str(error), True
        except OSError as error:
            closes, why = 0, str(error)
            # A server of ours may need its time to listen. Another one was there before the run.
            is_absent = process is None and error.errno in _NOBODY_THERE
            if is_absent and CLOCK.monotonic() - began >= _REFUSED_FOR_S:
                raise NobodyListensError(why) from None
        else:
            if not (any_response or (request.expects(response.status) and response.fits)):
                is_tls = route.trust is not None
                said = _unexpected(request, response, is_ours=process is not None, is_tls=is_tls)
                raise ProbeError(said, response.status)
            if check and not any_response and (reason := check(request.shown, response)):
                raise ProbeError(f"{request.shown}: {reason}", response.status)
            return _result(address, response)
        if process is not None:
            _refuse_broken(process, f"{request.shown}: {why}", closes)
        CLOCK.sleep(_RETRY_AFTER_S)
    raise _never(request, why, has_started=process is not None and is_silent)


def _refuse_broken(process: GuardedProcess, what: str, closes: int) -> None:
    """Raise for a server of ours that has ended, or closes one connection after the other."""
    if process.status is not None:
        raise ServerStartError(f"it ended (exit status {process.status})")
    # Its workers have reported by now, so this is no start any more.
    if closes >= _MOST_CLOSES:
        raise ProbeError(f"{what}, {counted(closes, 'time')} in a row", None)


def _result(address: tuple[str, int], response: Response) -> ProbeResult:
    return ProbeResult(address, tuple(response.interim), response.status, response.content_type)


def _never(request: SentRequest, why: str, *, has_started: bool) -> Exception:
    """Return the error for a server that has sent no response in time."""
    said = f"{request.shown} got no response in time ({why})"
    # The workers of a server of ours that is only silent have reported by now.
    return ProbeError(said, None) if has_started else ServerStartError(said)


def _connected(
    addresses: Sequence[tuple[str, int]], route: Route, deadline: float
) -> socket.socket:
    """Return a connection to the first address that accepts; else raise the last one's OSError.

    Raises as ``connect`` does.
    """
    *others, last = addresses
    for address in others:
        # Half of the time that is left for each: a firewall that drops packets must not use it all.
        with suppress(OSError):
            return connect(address, route, (deadline - CLOCK.monotonic()) / 2)
    return connect(last, route, max(_RETRY_AFTER_S, deadline - CLOCK.monotonic()))


def _authority(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _unexpected(request: SentRequest, response: Response, *, is_ours: bool, is_tls: bool) -> str:
    """Describe a response that is not an expected one, with the beginning of its body.

    ``is_ours`` is True for a server of the plugin's own, and ``is_tls`` for one over TLS.
    """
    expected = request.expected
    if request.expects(response.status):
        contains = in_one_line(request.contains.decode(errors="replace"))
        expected = "an event" if request.stream_s else f"a body that contains {contains!r}"
    if request.websocket:
        expected = "101 (that the server agrees to a WebSocket)"
    status = f"{response.status} {in_one_line(response.reason)}"
    redirect = f" to {in_one_line(masked(response.location))}" if response.location else ""
    text = in_one_line(response.body[:_SHOWN_OF_BODY].decode(errors="replace"))
    body = f": {text}" if text else ""
    said = f"{request.shown} returned {status}{redirect}, expected {expected}{body}"
    if request.expects(response.status):
        return said
    advice = advice_on(
        request,
        response.status,
        location=response.location,
        said=text,
        is_ours=is_ours,
        is_tls=is_tls,
    )
    return f"{said}\n    {advice}" if advice else said
