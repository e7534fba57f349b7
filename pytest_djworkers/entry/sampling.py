"""Sample requests: what the pytest process and the server's processes agree on about them.

The pytest process sends a few requests with a private header. The process that gets one records
something about it, such as its SQL queries, and leaves a file with that before it sends the
response.
"""

from __future__ import annotations

import hmac
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pytest_djworkers.load.query_plan import Plan, PlanNode
from pytest_djworkers.system.files import read_regular, write_private

if TYPE_CHECKING:
    # A server's processes need none of it.
    from pytest_djworkers.load.profile import SentRequest

HEADER = "X-Djworkers-Sample"
META_KEY = "HTTP_X_DJWORKERS_SAMPLE"
"""The key of the header in Django's ``request.META``."""
_MOST_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class SampledQuery:
    """A statement that one request ran, from one line of code."""

    alias: str
    vendor: str
    """The kind of database, such as ``postgresql``: they quote differently."""
    sql: str
    """The statement as given to the database's cursor. Its parameters are not in it."""
    many: bool
    """True for ``executemany``, which counts as one query."""
    place: str
    """The file and the line that ran it; empty if it isn't known."""
    count: int
    time_s: float
    """The time of all executions together, in seconds."""
    plan: Plan = ()
    """The database's plan for it; empty if it isn't known, or was told before in this process."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The queries of one request."""

    pid: int
    """The process that served it."""
    took_s: float
    """The time that the site took for it, in seconds."""
    queries: tuple[SampledQuery, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the sample that ``asdict`` has made plain."""
        return cls(data["pid"], data["took_s"], tuple(map(_query_of, data["queries"])))


@dataclass(frozen=True, slots=True)
class Sampling:
    """The secret of one launch by which a server knows sample requests, and the place for what it
    records."""

    token: str
    folder: str
    plans: bool = False
    """True if the server is to ask the database for the plans of statements, too."""

    @classmethod
    def begin(cls, parent: Path, name: str = "samples", *, plans: bool = False) -> Self:
        """Return the sampling of a new launch, with an empty folder of this name."""
        folder = parent / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return cls(secrets.token_hex(16), str(folder), plans)

    def marked(self, request: SentRequest, number: int) -> SentRequest:
        """Return a request as the sample request of this number."""
        header = HEADER, f"{self.token}-{number}"
        return replace(request, headers=(*request.headers, header))

    def end(self) -> None:
        """Let the server remove what records, at the next request that is no sample."""
        self._over.touch(mode=0o600)

    @property
    def is_over(self) -> bool:
        """True after ``end``."""
        return self._over.exists()

    @property
    def _over(self) -> Path:
        return Path(self.folder) / "over"

    def number_in(self, value: str) -> int | None:
        """Return the number of a sample request by its header; None if it isn't from us."""
        token, _, number = value.partition("-")
        # In the same time for every wrong token, so that nobody finds it out digit by digit.
        is_ours = hmac.compare_digest(token.encode(), self.token.encode())
        return int(number) if is_ours and number.isdecimal() else None

    def write(self, number: int, sample: Mapping[str, Any]) -> None:
        """Leave a sample for the pytest process, whole or not at all. Raises OSError."""
        file = self._file(number)
        temporary = file.with_suffix(f".{secrets.token_hex(4)}")
        write_private(temporary, json.dumps(sample).encode())
        temporary.replace(file)

    def read(self, number: int) -> dict[str, Any] | None:
        """Return the sample of this number; None if there is none yet. Raises OSError."""
        try:
            found: dict[str, Any] = json.loads(
                read_regular(self._file(number), most_bytes=_MOST_BYTES)
            )
        except FileNotFoundError:
            return None
        return found

    def _file(self, number: int) -> Path:
        return Path(self.folder) / f"{number}.json"


def _query_of(data: dict[str, Any]) -> SampledQuery:
    return SampledQuery(**{**data, "plan": tuple(PlanNode(**one) for one in data["plan"])})


@dataclass(frozen=True, slots=True)
class Counting:
    """The sampling of a launch whose calls and memory are counted, each in requests of its own:
    what counts the one would disturb the other."""

    calls: Sampling
    memory: Sampling

    @classmethod
    def begin(cls, parent: Path) -> Self:
        """Return the counting of a new launch."""
        return cls(Sampling.begin(parent, "calls"), Sampling.begin(parent, "memory"))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the counting that ``asdict`` has made plain."""
        return cls(Sampling(**data["calls"]), Sampling(**data["memory"]))
