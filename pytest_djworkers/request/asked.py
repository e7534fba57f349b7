"""A request as a test asks for it: one of a mix, or the only one of a burst."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any

from pytest_djworkers.load.masking import masked
from pytest_djworkers.users.wanted import NOT_GIVEN, USER_ARGUMENTS

_OF_BURST = frozenset({*USER_ARGUMENTS, "name"})
"""The arguments that a burst takes beside ``mix=``, too."""


# Two parts of a mix may ask for the same, and hold lists, so each is a key of its own.
@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Request:
    """A request of a mix: ``burst(mix={Request("/search", query={"q": "x"}): 3, "/": 6})``.

    It takes the arguments of ``burst()`` that describe the request and the response, and
    ``name``, by which the part's figures and limits are found. They are checked when the burst is
    fired.
    """

    path: str | None = None
    _: KW_ONLY
    method: str | None = None
    headers: Mapping[str, str] | None = None
    body: bytes | str | None = None
    json: Any = None
    form: Mapping[str, Any] | None = None
    files: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None
    cookies: Any = None
    expect: int | Iterable[int] | None = None
    contains: str | bytes | None = None
    stream: Any = None
    websocket: bytes | str | None = None
    paths: Iterable[str] | None = None
    bodies: Iterable[bytes | str] | None = None
    order: str | None = None
    user: Any = NOT_GIVEN
    users: Any = None
    name: str | None = None

    def __repr__(self) -> str:
        """Return the request without its values, since pytest prints it in failures."""
        path = masked(self.path) if isinstance(self.path, str) else self.path
        return f"<Request {path}: {', '.join(self.given) or 'no arguments'}>"

    @property
    def given(self) -> tuple[str, ...]:
        """The names of the arguments that are given."""
        names = (field.name for field in fields(self))
        return tuple(name for name in names if getattr(self, name) not in (None, NOT_GIVEN))

    @property
    def given_beside_mix(self) -> tuple[str, ...]:
        """The names of the given arguments that a burst of a mix can't take."""
        return tuple(name for name in self.given if name not in _OF_BURST)
