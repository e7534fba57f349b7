"""The files that a run wrote, or couldn't write, for the end of its output."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class FileOutcomes:
    """Filled in while files are written; each list has one line of text a burst or file."""

    baseline_saved: str = ""
    """The number of bursts saved and the file; empty if no baseline was saved."""
    bursts_kept: list[str] = field(default_factory=list)
    """Bursts of the baseline that this run didn't measure."""
    bursts_started_over: list[str] = field(default_factory=list)
    """Bursts whose history was dropped because their conditions differ."""
    bursts_not_saved: list[str] = field(default_factory=list)
    """Bursts that may not enter a baseline, with the reason."""
    reports_written: list[str] = field(default_factory=list)
    reports_left_out: list[str] = field(default_factory=list)
    """Files that were asked for and not written, with the reason."""
    for_github: list[str] = field(default_factory=list)
    """The lines that GitHub's runner reads: it wants them as they are, at the beginning of a line.
    """
    problems: list[str] = field(default_factory=list)
