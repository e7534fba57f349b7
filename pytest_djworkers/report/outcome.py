"""What became of a run's files, for the end of the output."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Outcome:
    """Filled in as files are written."""

    saved: str = ""
    kept: list[str] = field(default_factory=list)
    begun_anew: list[str] = field(default_factory=list)
    not_saved: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
