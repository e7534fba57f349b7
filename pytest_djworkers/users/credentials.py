"""The sessions and CSRF tokens that Django makes for a burst, so that a site accepts it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Pair = tuple[str, str]
"""A name and a value."""


def _pair(data: Any) -> Pair:
    name, value = data
    return name, value


@dataclass(frozen=True, slots=True, repr=False)
class CsrfToken:
    """A token that CsrfViewMiddleware takes, the same for all users of a request."""

    header: Pair
    field: Pair
    """The field of a form."""
    cookie: Pair | None = None
    """None if the site keeps the token in the session."""
    secret: str = ""
    """The text that the site compares the token with."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the token that ``dataclasses.asdict`` gave this data for."""
        cookie = None if data["cookie"] is None else _pair(data["cookie"])
        return cls(_pair(data["header"]), _pair(data["field"]), cookie, data["secret"])


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """The cookies of each user, and the token of all of them. They are secrets."""

    cookies: tuple[Pair, ...] = ()
    """The session's cookie of each user; of a client without a user if the token needs one; none
    without either."""
    csrf: CsrfToken | None = None
    """None if no token is wanted, or the site asks for none."""
    are_in_cache: bool = False
    """True if the sessions are in a cache and nowhere else."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the credentials that ``dataclasses.asdict`` gave this data for."""
        csrf = data["csrf"]
        return cls(
            tuple(_pair(one) for one in data["cookies"]),
            None if csrf is None else CsrfToken.from_json(csrf),
            data["are_in_cache"],
        )


NO_CREDENTIALS = Credentials()
