"""The runs of wrk in a document: its bare output, or Markdown with headings above the runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pytest_djworkers.load.wrk_output import WrkRun, begins_run, belongs_to_run, ends_run

_FENCE = re.compile(r"[ \t>]*(?:[-*+]\s+)?(?P<fence>`{3,}|~{3,})(?P<info>[^`]*)")
_HEADING = re.compile(r" {0,3}(?P<marks>#{1,6})(?:[ \t]+(?P<text>.*))?")
_CLOSING_MARKS = re.compile(r"(?:^|[ \t]+)#+[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?P<line>=+|-+)[ \t]*")
_TEXT = re.compile(r" {0,3}[^\s#>|+*=-].*")
"""A line that is a heading when the next one underlines it."""
_QUOTE = re.compile(r"[\s>]*")
_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class RunInDocument:
    """A run, and the headings that it stands under, the highest first."""

    headings: tuple[str, ...]
    run: WrkRun


@dataclass(slots=True)
class _Outline:
    """The place of a line in a Markdown document."""

    by_level: dict[int, str] = field(default_factory=dict)
    fence: str = ""
    """The fence that began the code block that the line is in; empty outside of one."""
    text: str = ""
    """The line before, if an underline would make it a heading."""

    @property
    def headings(self) -> tuple[str, ...]:
        return tuple(text for _, text in sorted(self.by_level.items()) if text)

    def take(self, line: str) -> bool:
        """Go on to a line; return True if it is Markdown's own: a heading or a fence."""
        before, self.text = self.text, ""
        if match := _FENCE.fullmatch(line):
            if not self.fence:
                self.fence = match["fence"]
                return True
            # A block ends with a fence that is at least as long as its first, and has no text.
            if match["fence"].startswith(self.fence) and not match["info"].strip():
                self.fence = ""
                return True
        if self.fence:
            return False
        if match := _HEADING.fullmatch(line):
            self._head(len(match["marks"]), _CLOSING_MARKS.sub("", match["text"] or ""))
            return True
        if before and (match := _UNDERLINE.fullmatch(line)):
            self._head(1 if "=" in match["line"] else 2, before)
            return True
        self.text = line if _TEXT.fullmatch(line) else ""
        return False

    def _head(self, level: int, text: str) -> None:
        # A heading ends all those of its own level and below.
        plain = re.sub(r"[`*]", "", _LINK.sub(r"\g<text>", text)).strip()
        self.by_level = {upper: its for upper, its in self.by_level.items() if upper < level}
        self.by_level[level] = plain


def runs_in_document(document: str) -> list[RunInDocument]:
    """Return the runs in a document, in its order, each with the headings above it.

    Raises ValueError, with the number of the line, if a run is incomplete or not as wrk prints it.
    """
    outline, found = _Outline(), []
    lines: list[str] = []
    begun = 0
    for number, line in enumerate(document.split("\n"), 1):
        is_markdown = outline.take(line.rstrip("\r"))
        text = line[len(_QUOTE.match(line)[0]) :].rstrip()  # type: ignore[index]  # it matches ""
        if lines and (is_markdown or (text.startswith("Running ") and begins_run(text))):
            # It is incomplete, since its last line would have ended it: this raises the error.
            _whole(lines, begun)
        if not lines:
            if is_markdown:
                continue
            if begins_run(text):
                begun = number
            elif belongs_to_run(text):
                raise ValueError(
                    f"line {number}: {text!r} without the lines that wrk prints above it: paste"
                    " all of them, or take this one out"
                )
            else:
                continue
        lines.append(text)
        outline.text = ""
        if ends_run(text):
            found.append(RunInDocument(outline.headings, _whole(lines, begun)))
            lines = []
    if lines:
        _whole(lines, begun)
    return found


def _whole(lines: list[str], begun: int) -> WrkRun:
    try:
        return WrkRun.from_lines(lines)
    except ValueError as error:
        raise ValueError(
            f"line {begun}: the run of wrk that begins here can't be read: {error}"
        ) from None
