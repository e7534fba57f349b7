"""The places of a flame graph's frames: rows from the top, and shares of its width."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.explanation import FlameGraph
from pytest_djworkers.report.frames.tree import Frame, tree_of

LEAST_WIDTH = 0.005
"""The share of the width below which a frame is left out: two pixels on a phone."""
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Box:
    """A frame and its place. Times are of one request, in seconds."""

    functions: tuple[Function, ...]
    """Several if each calls the next one and little else."""
    base_s: float
    head_s: float
    left: float
    """The place of its left side, as a share of the graph's width."""
    width: float
    """A share of the graph's width."""
    row: int
    """From 0, which is at the top; a function is below the one that calls it."""

    @property
    def is_of_site(self) -> bool:
        """True for the site's own code."""
        return self.functions[-1].is_of_site

    @property
    def change_s(self) -> float:
        """The change from base to head; positive if head takes longer."""
        return self.head_s - self.base_s


def boxes_of(graph: FlameGraph) -> list[Box]:
    """Return the boxes of all frames that are wide enough, row by row for each caller."""
    root = tree_of(graph)
    if not root.width_s:
        return []
    boxes = []
    # Not by recursion: a site may call itself more often than Python lets us.
    left_to_do = [(root, 0.0, -1)]
    while left_to_do:
        frame, left, row = left_to_do.pop()
        if row >= 0:
            width = frame.width_s / root.width_s
            boxes.append(Box(frame.functions, frame.base_s, frame.head_s, left, width, row))
        if row + 1 < MOST_ROWS:
            left_to_do += reversed(_placed(frame, left, row + 1, root.width_s))
    return boxes


def _placed(frame: Frame, left: float, row: int, whole_s: float) -> list[tuple[Frame, float, int]]:
    """Return the children with their places: the widest first, and the server last."""
    placed = []
    for child in sorted(frame.children, key=lambda one: (one.is_server, -one.width_s)):
        width = child.width_s / whole_s
        if width >= LEAST_WIDTH:
            placed.append((child, left, row))
            left += width
    return placed
