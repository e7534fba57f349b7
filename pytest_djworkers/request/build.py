"""The arguments of ``burst()``, checked and made into a request before anything is sent.

Messages hold no values of headers, cookies, queries or bodies: those may be secrets.
"""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.masking import masked
from pytest_djworkers.load.profile import BODILESS_METHODS, SentRequest
from pytest_djworkers.request.content import form_content
from pytest_djworkers.request.headers import checked_headers
from pytest_djworkers.request.websocket import refuse_beside_websocket, websocket_request
from pytest_djworkers.units import parse_duration, written

_METHOD = re.compile(r"[A-Z]+")
# A request line is ASCII without blanks (RFC 9112, section 3).
_PATH = re.compile(r"/[!-~]*")
# CONNECT asks a proxy for a tunnel, and servers answer TRACE themselves or refuse it.
_UNUSABLE_METHODS = frozenset({"CONNECT", "TRACE"})
ARGUMENTS = (
    "method",
    "headers",
    "body",
    "json",
    "form",
    "files",
    "query",
    "cookies",
    "expect",
    "contains",
    "stream",
    "websocket",
)
"""The arguments of ``burst()`` that describe the request, besides the path."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as far as it is known before the site is prepared."""

    request: SentRequest
    form_type: str = ""
    """The Content-Type of the form that its body was made from; empty for another body."""


def make_request(path: object, method: object = None, **arguments: Any) -> SentRequest:
    """Return the request that a call of ``burst()`` describes. Raises BurstArgumentError."""
    return make_draft(path, method, **arguments).request


def make_draft(
    path: object,
    method: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    form: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
    query: Mapping[str, Any] | None = None,
    cookies: Mapping[str, str] | None = None,
    expect: int | Iterable[int] | None = None,
    contains: str | bytes | None = None,
    stream: object = None,
    websocket: bytes | str | None = None,
) -> Draft:
    """Return the request that a call of ``burst()`` describes. Raises BurstArgumentError.

    Without a method, it is a POST of a form, else a GET.
    """
    sent_to = target(path, query)
    form_type = ""
    has_form = form is not None or files is not None
    verb = _verb(("POST" if has_form else "GET") if method is None else method)
    lines = checked_headers(headers, cookies)
    _refuse_two_bodies(body=body, json=json, form=form, files=files)
    if has_form:
        _refuse_form_of(verb, "files" if form is None else "form")
        content = form_content(form, files)
        body, form_type = content.body, content.type
        lines = _with_type(lines, form_type)
    elif json is not None:
        body, lines = _json(json), _with_type(lines, "application/json")
    if contains is not None and verb == "HEAD":
        raise BurstArgumentError("contains= needs a body, and a response to HEAD has none")
    if websocket is not None:
        others = {"method": method, "body": body, "json": json, "form": form, "files": files}
        refuse_beside_websocket(**others, expect=expect, stream=stream)
        request = websocket_request(sent_to, websocket, lines, body_bytes("contains", contains))
        return Draft(request)
    request = SentRequest(
        sent_to,
        verb,
        tuple(lines),
        body_bytes("body", body),
        _statuses(expect),
        body_bytes("contains", contains),
        _stream_s(stream, verb, has_contains=contains is not None),
    )
    return Draft(request, form_type)


def _stream_s(stream: object, verb: str, *, has_contains: bool) -> float:
    """Return the seconds for which responses are read; 0 to read them to their end."""
    if stream is None:
        return 0.0
    try:
        seconds = parse_duration(stream)
    except ValueError as error:
        raise BurstArgumentError(f"stream={written(stream)}: {error}") from None
    if not seconds:
        raise BurstArgumentError(f"stream={written(stream)} must be above 0")
    if verb == "HEAD":
        raise BurstArgumentError("stream= needs a body, and a response to HEAD has none")
    if has_contains:
        raise BurstArgumentError(
            "contains= and stream= can't be combined: a stream is not read to its end"
        )
    return seconds


def _refuse_two_bodies(**bodies: object) -> None:
    given = [f"{name}=" for name, value in bodies.items() if value is not None]
    # The files of a form go beside its fields.
    if len(given) > 1 and given != ["form=", "files="]:
        raise BurstArgumentError(f"{' and '.join(given)} can't be combined")


def _refuse_form_of(verb: str, argument: str) -> None:
    if verb in BODILESS_METHODS:
        raise BurstArgumentError(
            f"{argument}= is sent in the body, and a {verb} has none: the values of its query are"
            " query="
        )


def _with_type(lines: list[tuple[str, str]], kind: str) -> list[tuple[str, str]]:
    """Return the headers with this Content-Type, unless they have one."""
    has_type = any(name.lower() == "content-type" for name, _ in lines)
    return lines if has_type else [*lines, ("Content-Type", kind)]


def target(path: object, query: object) -> str:
    """Return a path with a query, as it is sent. Raises BurstArgumentError."""
    _check_path(path)
    return _with_query(str(path), query)


def _check_path(path: object) -> None:
    if isinstance(path, str) and _PATH.fullmatch(path):
        return
    shown = masked(path) if isinstance(path, str) else path
    if isinstance(path, str) and path.startswith(("http://", "https://")):
        raise BurstArgumentError(
            f"path {shown!r} is a whole URL: give its path only, such as '/json'. The server is"
            " that of the test, or that of --djworkers-url"
        )
    raise BurstArgumentError(
        f"path {shown!r} must start with / and have only printable ASCII characters"
        " (percent-encode the others)"
    )


def _verb(method: object) -> str:
    verb = method.upper() if isinstance(method, str) else ""
    if not _METHOD.fullmatch(verb) or verb in _UNUSABLE_METHODS:
        raise BurstArgumentError(
            f"method={written(method)} is not an HTTP method that can be used here"
        )
    return verb


def _json(value: Any) -> str:
    try:
        return json_module.dumps(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BurstArgumentError(f"json=: {error}") from None


def body_bytes(argument: str, value: object) -> bytes:
    """Return a body, or a part of one, as it is sent. Raises BurstArgumentError."""
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeError as error:
            raise BurstArgumentError(f"{argument}=: {_reason(error)}") from None
    if not isinstance(value, bytes | None):
        hint = " (json= encodes it)" if isinstance(value, dict | list) else ""
        raise BurstArgumentError(f"{argument}= is {type(value).__name__}, not bytes or str{hint}")
    return value or b""


def _with_query(path: str, query: object) -> str:
    if query is None:
        return path
    if not isinstance(query, Mapping):
        raise BurstArgumentError(
            f"query= is {type(query).__name__}, not a mapping of names to values"
        )
    try:
        text = urlencode(query, doseq=True)
    except ValueError as error:  # a lone surrogate, or a number of thousands of digits
        raise BurstArgumentError(f"query=: {_reason(error)}") from None
    return f"{path}{'&' if '?' in path else '?'}{text}" if text else path


def _reason(error: ValueError) -> str:
    """Return the reason of an error without the text that caused it."""
    if isinstance(error, UnicodeError):
        return "it has a character that can't be encoded in UTF-8"
    return str(error)


def _statuses(expect: object) -> tuple[int, ...]:
    if expect is None:
        return ()
    statuses = tuple(expect) if isinstance(expect, Iterable) else (expect,)
    for status in statuses:
        # 1xx is never the final response.
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            hint = " (websocket= opens a WebSocket)" if status == 101 else ""
            raise BurstArgumentError(
                f"expect={written(expect)} is not a status from 200 to 599{hint}"
            )
    if not statuses:
        raise BurstArgumentError("expect= is empty: it must have at least one status")
    return tuple(sorted(set(statuses)))
