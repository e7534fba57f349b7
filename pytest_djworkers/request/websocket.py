"""The argument ``websocket=``: a message that is sent on a WebSocket."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.request.uploads import refuse_unsendable
from pytest_djworkers.units import written

_SWITCHED = 101
_PACKAGE = "websockets"


def refuse_beside_websocket(**arguments: object) -> None:
    """Raise BurstArgumentError for the first of these arguments that is given."""
    for name, value in arguments.items():
        if value is not None:
            raise BurstArgumentError(
                f"{name}= and websocket= can't be combined: a WebSocket sends messages only"
            )


def websocket_request(
    path: str, message: object, headers: Sequence[tuple[str, str]], contains: bytes
) -> SentRequest:
    """Return the request that sends a message on a WebSocket. Raises BurstArgumentError."""
    if not isinstance(message, str | bytes):
        raise BurstArgumentError(
            f"websocket={written(message)} is not the message, as str or bytes"
        )
    if importlib.util.find_spec(_PACKAGE) is None:
        raise BurstArgumentError(
            f"websocket= needs the package {_PACKAGE}, which is not installed: pip install"
            " 'pytest-djworkers[websockets]'"
        )
    if isinstance(message, bytes):
        kind, body = "binary", message
    else:
        refuse_unsendable("websocket=", message)
        kind, body = "text", message.encode()
    return SentRequest(path, "GET", tuple(headers), body, (_SWITCHED,), contains, websocket=kind)


def refuse_without_asgi(request: SentRequest, backend: Backend) -> None:
    """Raise BurstArgumentError if a request is for a WebSocket, which this backend has none of."""
    if request.websocket and backend.about.interface == "WSGI":
        others = ", ".join(name for name, one in BACKENDS.items() if one.about.interface == "ASGI")
        raise BurstArgumentError(
            f"websocket=: {backend.about.name} is a WSGI server, which has no WebSockets: mark the"
            f" test with djworkers(only=[...]) and servers for ASGI ({others})"
        )
