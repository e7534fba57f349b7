"""The users that a burst is fired as: ``user=`` and ``users=``, as far as they are known before the
rows are made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.units import counted, written

USER_ARGUMENTS = ("user", "users")
"""The arguments of ``burst()``, and of its marker, that name users."""
MOST_USERS = 10_000
"""The most users of one request: each has a session of its own."""


class NotGiven(Enum):
    """The default of an argument for which None means something."""

    TOKEN = 0


NOT_GIVEN: Final = NotGiven.TOKEN


@dataclass(frozen=True, slots=True, repr=False)
class WantedUsers:
    """The users of one request. What names them may be a secret, so none of it is shown."""

    argument: str
    """``user`` or ``users``."""
    count: int
    """The number of sessions to make."""
    named: tuple[Any, ...] = ()
    """Names, user objects, and functions that return one of these; empty for any users."""

    def __repr__(self) -> str:
        """Return the number of the users alone."""
        return f"<{counted(self.count, 'user')}>"


@dataclass(frozen=True, slots=True, repr=False)
class GivenUsers:
    """The users that a marker or a call names: one, several, or none on purpose."""

    user: Any = None
    users: Any = None

    def check(self) -> None:
        """Raise BurstArgumentError for a value that can't name users."""
        self.wanted(1)

    def wanted(self, connections: int) -> WantedUsers | None:
        """Return the users of a burst with so many connections; None for an anonymous one.

        Raises BurstArgumentError for a value that can't name users.
        """
        if self.users is not None:
            return _several(self.users, connections)
        return None if self.user is None else WantedUsers("user", 1, (_checked("user", self.user),))


def given_users(user: Any = NOT_GIVEN, users: Any = None) -> GivenUsers | None:
    """Return what is said about users; None if nothing is. Raises BurstArgumentError."""
    if users is not None:
        if user not in (NOT_GIVEN, None):
            raise BurstArgumentError("user= and users= can't be combined")
        return GivenUsers(users=users)
    return None if user is NOT_GIVEN else GivenUsers(user)


def _several(users: Any, connections: int) -> WantedUsers:
    if callable(users):
        named = tuple(_called(users, connections))
    elif isinstance(users, int) and not isinstance(users, bool):
        _check_number(users)
        return WantedUsers("users", users)
    elif isinstance(users, list | tuple):
        named = tuple(_checked("users", one) for one in users)
    else:
        raise BurstArgumentError(
            f"users= is {type(users).__name__}, not a number of users, a list of them, or a"
            " function that takes a number and returns one"
        )
    _check_number(len(named))
    return WantedUsers("users", len(named), named)


def _called(function: Callable[[int], Any], connections: int) -> Iterator[Callable[[], Any]]:
    """Yield a function for the user of each connection, to be called when there are rows."""
    for number in range(min(connections, MOST_USERS)):
        yield lambda number=number: function(number)  # type: ignore[misc]  # mypy knows no default


def _checked(argument: str, one: Any) -> Any:
    if isinstance(one, str) and not one:
        raise BurstArgumentError(f"{argument}= has an empty name of a user")
    # A user object has its model's _meta: it can be found again.
    if isinstance(one, str) or hasattr(one, "_meta") or callable(one):
        return one
    hint = " (several are users=)" if argument == "user" and isinstance(one, list | tuple) else ""
    raise BurstArgumentError(
        f"{argument}=: {type(one).__name__} is not the name of a user, a user object, or a function"
        f" that returns one of these{hint}"
    )


def _check_number(number: int) -> None:
    if not 1 <= number <= MOST_USERS:
        raise BurstArgumentError(
            f"users= is {written(number)}: it must be 1 to {MOST_USERS:,} users. They are those"
            " who log in; the number of requests at a time is connections="
        )
