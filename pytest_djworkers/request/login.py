"""Adds to requests what only Django can make, once the rows are there: sessions and CSRF tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Order, Part, SentRequest
from pytest_djworkers.request.content import Content
from pytest_djworkers.request.uploads import MOST_BYTES
from pytest_djworkers.units import format_size
from pytest_djworkers.users.credentials import NO_CREDENTIALS, CsrfToken, Pair
from pytest_djworkers.users.made import MadeLogin
from pytest_djworkers.users.wanted import WantedUsers

_CHECKED_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True)
class Login:
    """The additions to the requests of one part of a burst that only Django can make."""

    users: WantedUsers | None = None
    """None for anonymous requests."""
    csrf: bool = False
    """True if they need a CSRF token, should the site check it."""
    form_type: str = ""
    """The Content-Type of the form that gets the token as well; empty for another body."""

    @property
    def is_needed(self) -> bool:
        """True if there is anything to be added."""
        return self.users is not None or self.csrf


def login_of(request: SentRequest, users: WantedUsers | None, *, form_type: str) -> Login:
    """Return what a request needs that is sent as these users.

    ``form_type`` is the Content-Type of a form that was made from its fields; empty without one.
    """
    csrf = request.method in _CHECKED_METHODS and (users is not None or bool(form_type))
    return Login(users, csrf, form_type if csrf else "")


def with_room_for(users: WantedUsers | None, part: Part) -> Part:
    """Return the part with a request for each of its users. Raises BurstArgumentError.

    They are all the same until they are completed.
    """
    if users is None or users.count == 1:
        return part
    if part.variants > 1:
        raise BurstArgumentError(
            f"{part.name}: users= can't be combined with requests that differ: name one user with"
            " user="
        )
    _refuse_large_bodies(part, users.count)
    return replace(part, requests=part.requests * users.count, order=Order.CONNECTION)


def _refuse_large_bodies(part: Part, users: int) -> None:
    """Raise BurstArgumentError if the requests of all users are more than fits into an agent."""
    size = users * len(part.requests[0].body)
    if size > MOST_BYTES:
        raise BurstArgumentError(
            f"{part.name}: {users:,} users send {format_size(size)} together, and a burst holds"
            f" 100 MiB ({format_size(MOST_BYTES)}) at most: name fewer users, or send less"
        )


def completed(part: Part, login: Login, made: MadeLogin) -> Part:
    """Return the part with the cookies of its users, and with its CSRF token.

    What a request has of these already stays as it is.
    """
    credentials = made.credentials or NO_CREDENTIALS
    token = credentials.csrf if login.csrf else None
    # All users send the same body, which may be large: it is made once.
    prepared = {
        request: _with_token(request, token, login.form_type)
        for request in dict.fromkeys(part.requests)
    }
    cookies: Sequence[Pair | None] = credentials.cookies or [None]
    # A single session is that of every request; of several, each is that of one.
    each = cookies if len(cookies) > 1 else [*cookies] * part.variants
    return replace(
        part,
        requests=tuple(
            _with_session(prepared[request], cookie, login)
            for request, cookie in zip(part.requests, each, strict=True)
        ),
    )


def _with_token(request: SentRequest, token: CsrfToken | None, form_type: str) -> SentRequest:
    if token is None or _has_own_token(request, token):
        return request
    if form_type:
        body = Content(request.body, form_type).with_field(*token.field).body
        request = replace(request, body=body)
    request = replace(request, headers=(*request.headers, token.header), same_origin=True)
    return request if token.cookie is None else _with_cookie(request, token.cookie)


def _with_session(request: SentRequest, cookie: Pair | None, login: Login) -> SentRequest:
    if login.users is not None:
        request = replace(request, as_user=True)
    return request if cookie is None else _with_cookie(request, cookie)


def _has_own_token(request: SentRequest, token: CsrfToken) -> bool:
    if token.header[0].lower() in {name.lower() for name, _ in request.headers}:
        return True
    return token.cookie is not None and token.cookie[0] in _cookie_names(request)


def _with_cookie(request: SentRequest, cookie: Pair) -> SentRequest:
    """Return the request with a cookie more, in its one Cookie header."""
    if cookie[0] in _cookie_names(request):
        return request
    sent = [value for name, value in request.headers if name.lower() == "cookie"]
    others = (one for one in request.headers if one[0].lower() != "cookie")
    text = "; ".join([*sent, "=".join(cookie)])
    return replace(request, headers=(*others, ("Cookie", text)))


def _cookie_names(request: SentRequest) -> set[str]:
    lines = (value for name, value in request.headers if name.lower() == "cookie")
    return {pair.partition("=")[0].strip() for line in lines for pair in line.split(";")}
