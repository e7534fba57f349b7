"""The types of what is stored on disk. They are the format: read, written and documented by them.

A machine's file, and the file of what was imported, are JSON objects with a schema number. The
JSON Schema of both is generated from these types (``make schemas``) and kept in ``docs/schema/``.
Where a type of ``load/`` has the same fields, this one adds the bounds that a file needs which
anyone can edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import Meta

from pytest_djworkers.load.facts import Connections, GeneratorFacts, Series

SCHEMA = 1
"""The schema of what is written. Every schema that was ever published can be read."""

# Sums and ratios of figures below 1e15 are still exact enough, and never infinite.
Count: TypeAlias = Annotated[int, Meta(ge=0, lt=10**15)]
Amount: TypeAlias = Annotated[float, Meta(ge=0, lt=1e15)]
Positive: TypeAlias = Annotated[float, Meta(gt=0, lt=1e15)]
Condition: TypeAlias = bool | int | float | str | None


@dataclass(frozen=True, slots=True)
class StoredUsage:
    """The server's resources in a window, as ``load.facts.Usage`` has them."""

    cpu_s: Amount
    memory_bytes: Count
    workers: Count
    workers_alive: Count
    processes_started: Count
    log_errors: Count
    unwatched_s: Amount = 0.0
    log_is_whole: bool = True


@dataclass(frozen=True, slots=True)
class StoredWindow:
    """The raw figures of a counted stretch of a burst, as ``load.result.BurstResult`` has them."""

    window_s: Positive
    ok: Count
    late: Count
    unexpected: Count
    error: Count
    unanswered: Count | None
    in_flight: Count | None
    outside: Count | None
    statuses: Mapping[int, Count] | None
    error_kinds: Mapping[str, Count]
    latency: str | None
    """The histogram in HdrHistogram's compressed form (V2, base64); None if it is not known."""
    connections: Connections
    series: Series | None
    generator: GeneratorFacts
    wrong_bodies: Count | None = None
    longest_gap_s: Amount | None = None
    usage: StoredUsage | None = None


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One run that was saved, for one burst."""

    windows: Annotated[tuple[StoredWindow, ...], Meta(min_length=1)]
    saved: str = ""
    """The time of the run, in ISO 8601."""
    commit: str | None = None
    """The commit, with ``+`` behind it if files differed from it; None without git."""
    versions: Mapping[str, str] = field(default_factory=dict)
    surroundings: Mapping[str, int | str] = field(default_factory=dict)
    """Facts that are noted and decide nothing: memory, kernel, platform."""


@dataclass(frozen=True, slots=True)
class StoredBurst:
    """One burst: its conditions, and its sessions, oldest first."""

    conditions: Mapping[str, Condition]
    """The load, the request and the server; they must be the same in bursts to be compared."""
    sessions: Annotated[tuple[StoredSession, ...], Meta(min_length=1)]

    @property
    def generator(self) -> str | None:
        """The name of the generator that it was measured with; None if it isn't a name."""
        name = self.conditions.get("generator")
        return name if isinstance(name, str) else None


@dataclass(frozen=True, slots=True)
class StoredMachine:
    """The machine that the figures are from; see ``machine.Machine``."""

    cpu: str
    logical_cpus: Count
    cpu_quota: Positive | None
    allowed_cpus: Count | None = None
    key: str = ""
    """The file's name; for people, since it follows from the others."""


@dataclass(frozen=True, slots=True)
class MachineDocument:
    """A machine's file: its bursts by test id and name."""

    schema: Literal[1]
    machine: StoredMachine
    bursts: Mapping[str, StoredBurst]


@dataclass(frozen=True, slots=True)
class ImportedRun:
    """One run of wrk's."""

    headings: tuple[str, ...]
    """The headings that it stood under, the outermost first."""
    printed: Annotated[tuple[str, ...], Meta(min_length=1)]
    """The lines that wrk printed."""


@dataclass(frozen=True, slots=True)
class ImportedDocument:
    """The file of what was imported: runs by the name of their document, then by headings."""

    schema: Literal[1]
    imported: Mapping[str, Mapping[str, ImportedRun]]


# Those below are for reading: the entries of a mapping are read one by one, so that an error can
# name its key.


@dataclass(frozen=True, slots=True)
class UnreadMachineDocument:
    """A machine's file whose bursts have not been looked at."""

    machine: StoredMachine
    bursts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UnreadImportedDocument:
    """A file of what was imported, whose runs have not been looked at."""

    imported: Mapping[str, Any]
