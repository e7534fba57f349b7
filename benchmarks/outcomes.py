"""What comparisons found, kept in a file: a line of JSON each, so that a series can go on where it
was stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.verdict.judgement import Judgement


@dataclass(frozen=True)
class Outcome:
    """One comparison of a series."""

    series: str
    server: str
    number: int
    """In its series, from 1."""
    when: str
    """When it began."""
    package: str
    """The commit of this package, ``+`` where it was changed."""
    wall_s: float
    """What the whole run of pytest took; the comparison's own time is in ``compared``."""
    status: int
    """pytest's exit status."""
    compared: ArmComparison | None
    said: str
    """The end of what pytest said, where it came to no comparison."""

    @property
    def judgement(self) -> Judgement | None:
        """That on requests/s."""
        judged = self.compared.judgements if self.compared else ()
        return judged[0] if judged else None

    @property
    def verdict(self) -> str:
        """In a word; ``error`` where there was no comparison."""
        verdict = self.compared and self.compared.verdict
        return verdict.value if verdict else "error"

    def to_dict(self) -> dict[str, Any]:
        """Return simple types only, for JSON."""
        data: dict[str, Any] = to_simple(self)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The inverse of ``to_dict``."""
        return from_simple(data, cls)

    def __str__(self) -> str:
        parts = [f"{self.when}  {self.server:<16} {self.series:<10} {self.number:>2}"]
        if self.compared is None:
            return f"{parts[0]}  error (exit status {self.status})\n{self.said}"
        compared, judgement = self.compared, self.judgement
        parts += [self.verdict, f"{compared.took_s:.0f} s", f"{compared.blocks} blocks"]
        parts += [f"seed {compared.seed}"]
        parts += [judgement.reason if judgement else compared.not_compared]
        return "  ".join(parts)


class Results:
    """The file: comparisons, and the loops that were found for the dearer views."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.outcomes: list[Outcome] = []
        self.full_loops: dict[str, float] = {}
        """By server: how many iterations double the CPU time of a request."""
        self._read()

    def of(self, series: str, server: str) -> list[Outcome]:
        """One series' outcomes."""
        return [one for one in self.outcomes if (one.series, one.server) == (series, server)]

    def add(self, outcome: Outcome) -> None:
        """Keep one."""
        self._append({"kind": "comparison", **outcome.to_dict()})
        self.outcomes.append(outcome)

    def add_loop(self, server: str, iterations: float) -> None:
        """Keep what was found for a server."""
        self._append({"kind": "loop", "server": server, "iterations": iterations})
        self.full_loops[server] = iterations

    def _read(self) -> None:
        with suppress(FileNotFoundError):
            text = self._file.read_bytes()
            # A line that was being written when everything ended is not one.
            whole = text[: text.rfind(b"\n") + 1]
            if whole != text:
                os.truncate(self._file, len(whole))
            for number, line in enumerate(whole.splitlines(), start=1):
                try:
                    self._take(json.loads(line))
                except (ValueError, KeyError, TypeError) as error:
                    raise SystemExit(
                        f"{self._file}:{number} is of another version ({error!r}): remove the"
                        " file, or name another with --results"
                    ) from None

    def _take(self, data: dict[str, Any]) -> None:
        if data.pop("kind") == "loop":
            self.full_loops[data["server"]] = data["iterations"]
        else:
            self.outcomes.append(Outcome.from_dict(data))

    def _append(self, data: dict[str, Any]) -> None:
        with self._file.open("ab", buffering=0) as file:
            file.write(json.dumps(data, separators=(",", ":")).encode() + b"\n")
            os.fsync(file.fileno())
