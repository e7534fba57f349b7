"""The comparisons that a bisection has made so far, in pytest's cache: the next run goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Self

from pytest_djworkers.errors import ResourceError
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.files import listed, read_regular, write_whole

_MOST_BYTES = 64 << 20
_UNUSED_AFTER_S = 30 * 86_400
"""The age of a file from which on it is removed when another bisection begins."""


@dataclass(frozen=True, slots=True)
class KnownVerdict:
    """The result of the comparison of one commit with the working tree."""

    measured: float
    """The time of its end, in Unix time."""
    record: BurstRecord | None = None
    """The record of the comparison; None if there was none."""
    skipped: str = ""
    """Why there was none; empty if there was one."""


@dataclass(frozen=True, slots=True)
class _Stored:
    key: dict[str, Any]
    """All that the verdicts depend on, but for the commits; for people, since its hash is the
    file's name."""
    burst: str = ""
    """The name of the burst."""
    verdicts: dict[str, KnownVerdict] = field(default_factory=dict)


class KnownVerdicts:
    """The verdicts on commits, by their ids. Each new one is written to the file at once.

    They are about the working tree, not about the good revision, so they are still of use if the
    search begins at another one.
    """

    def __init__(self, file: Path | None, stored: _Stored) -> None:
        self._file = file
        self._stored = stored
        self.earlier = frozenset(stored.verdicts)
        """The commits whose verdicts are from earlier runs."""

    @classmethod
    def read(cls, folder: Path | None, key: Mapping[str, Any]) -> Self:
        """Return the verdicts that earlier runs have stored under the same key, without the commits
        that were skipped: those are tried again.

        What can't be read, such as the file of another version, counts for nothing. Nothing is
        stored if ``folder`` is None.
        """
        whole: dict[str, Any] = json.loads(json.dumps(key))
        if folder is None:
            return cls(None, _Stored(whole))
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
        file, stored = folder / f"{digest[:16]}.json", _Stored(whole)
        with suppress(OSError, ValueError):
            data = json.loads(read_regular(file, most_bytes=_MOST_BYTES))
            found = from_simple(data, _Stored)
            compared = {id_: one for id_, one in found.verdicts.items() if one.record is not None}
            stored = replace(found, verdicts=compared)
        return cls(file, stored)

    @property
    def last_measured(self) -> float:
        """The time of the last verdict of earlier runs, in Unix time; there must be one."""
        return max(self._stored.verdicts[one].measured for one in self.earlier)

    @property
    def usual_s(self) -> float | None:
        """The mean time of the comparisons so far, in seconds; None if there are none."""
        records = (one.record for one in self._stored.verdicts.values())
        compared = [one.against_base for one in records if one is not None]
        times = [one.took_s for one in compared if one is not None]
        return fmean(times) if times else None

    def of_burst(self, name: str) -> None:
        """Forget all verdicts on a burst of another name."""
        if self._stored.burst != name:
            self._stored = _Stored(self._stored.key, name)
            self.earlier = frozenset()

    def get(self, commit: str) -> KnownVerdict | None:
        """Return the verdict on a commit; None if there is none."""
        return self._stored.verdicts.get(commit)

    def add(self, commit: str, verdict: KnownVerdict) -> None:
        """Store the verdict on a commit. Raises ResourceError if it can't be written."""
        self._stored.verdicts[commit] = verdict
        if self._file is None:
            return
        try:
            if not self._file.exists():
                _remove_unused(self._file.parent)
            write_whole(self._file, json.dumps(to_simple(self._stored)))
        except OSError as error:
            raise ResourceError(
                f"the verdicts of the bisection can't be written to {self._file}: {error.strerror}"
            ) from None


def _remove_unused(folder: Path) -> None:
    """Remove the files of bisections that nobody has gone on with for long."""
    for file in listed(folder):
        with suppress(OSError):
            if CLOCK.unix() - file.stat().st_mtime > _UNUSED_AFTER_S:
                file.unlink()
