"""A login of a burst's part, once its users are found."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.users.credentials import Credentials
from pytest_djworkers.users.find import FoundUser


@dataclass(frozen=True, slots=True, repr=False)
class MadeLogin:
    """The users of one part of a burst, and what Django has made for them."""

    users: tuple[FoundUser, ...] = ()
    csrf: bool = False
    """True if a CSRF token is wanted, should the site check it."""
    credentials: Credentials | None = None
    """None until they are made."""

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of its sessions."""
        return tuple(key for _, key in self.credentials.cookies) if self.credentials else ()

    @property
    def are_in_cache(self) -> bool:
        """True if its sessions are in a cache and nowhere else."""
        return self.credentials is not None and self.credentials.are_in_cache
