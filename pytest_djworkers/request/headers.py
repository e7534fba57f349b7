"""The headers of a request: checked, with all cookies in one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.request.cookies import cookie_pairs
from pytest_djworkers.request.text import HEADER_NAME, why_not_sendable
from pytest_djworkers.request.unknown_arguments import header_of_wsgi_name

# Latin-1, which is what HTTP/1.1 headers are read as, without control characters but for tabs: a
# line feed in a value would begin another header.
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_SET_BY_THE_GENERATOR = frozenset({"content-length", "transfer-encoding", "connection"})


def checked_headers(headers: object, cookies: object) -> list[tuple[str, str]]:
    """Return the names and values of the headers to send. Raises BurstArgumentError."""
    if not isinstance(headers, Mapping | None):
        raise BurstArgumentError(
            f"headers= is {type(headers).__name__}, not a mapping of names to values"
        )
    lines = list((headers or {}).items())
    if text := "; ".join(f"{name}={value}" for name, value in cookie_pairs(cookies)):
        lines.append(("Cookie", text))
    for name, value in lines:
        _check(name, value)
    if sum(name.lower() == "host" for name, _ in lines) > 1:
        raise BurstArgumentError("headers=: Host is given more than once")
    return _with_one_cookie_header(lines)


def _check(name: object, value: object) -> None:
    if not isinstance(name, str) or not HEADER_NAME.fullmatch(name):
        raise BurstArgumentError(f"headers=: {name!r} is not a header name")
    if (meant := header_of_wsgi_name(name)) is not None:
        raise BurstArgumentError(
            f"headers=: names are sent as they are, so {name} is not {meant}: write {meant}"
        )
    if name.lower() in _SET_BY_THE_GENERATOR:
        raise BurstArgumentError(f"headers=: {name} is set by the generator")
    if reason := why_not_sendable(value, _VALUE):
        raise BurstArgumentError(f"headers=: the value of {name} can't be sent: {reason}")


def _with_one_cookie_header(lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
    # A client sends one Cookie header at most (RFC 6265, section 5.4). Of several, some servers
    # take the first, others the last.
    cookies = [value for name, value in lines if name.lower() == "cookie"]
    if len(cookies) < 2:
        return lines
    others = [(name, value) for name, value in lines if name.lower() != "cookie"]
    return [*others, ("Cookie", "; ".join(cookies))]
