"""The stacks of a flame graph as a tree of frames, whose long chains are one frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.explanation import FlameGraph
from pytest_djworkers.report.frames.shown_stacks import SERVER, shown

_LEAST_CHAIN = 3
"""The number of libraries' functions, each of which calls the next, that become one frame."""
_NEARLY_ALL = 0.9
"""The share of a frame's time that the next function of a chain has."""


@dataclass(slots=True)
class Frame:
    """A function as it is called from one place, with all that it calls. Times are of one request.

    It grows while stacks are added to it.
    """

    functions: tuple[Function, ...]
    """Several if each calls the next one and little else."""
    base_s: float = 0.0
    head_s: float = 0.0
    width_s: float = 0.0
    """The sum over its stacks of the longer time of both arms, so that removed code has some."""
    children: list[Frame] = field(default_factory=list)

    @property
    def is_of_site(self) -> bool:
        """True for the site's own code."""
        return self.functions[-1].is_of_site

    @property
    def is_server(self) -> bool:
        """True for the frame that holds what is outside of Django and the site."""
        return self.functions == (SERVER,)


def tree_of(graph: FlameGraph) -> Frame:
    """Return the frame, without functions, that calls the outermost functions of all stacks."""
    root = Frame(())
    frames: dict[tuple[Function, ...], Frame] = {(): root}
    for stack in graph.stacks:
        path = shown([graph.functions[one] for one in stack.functions])
        for depth in range(len(path) + 1):
            frame = frames.get(path[:depth])
            if frame is None:
                frame = frames[path[:depth]] = Frame(path[depth - 1 : depth])
                frames[path[: depth - 1]].children.append(frame)
            frame.base_s += stack.base_s
            frame.head_s += stack.head_s
            frame.width_s += max(stack.base_s, stack.head_s)
    for frame in list(frames.values())[1:]:
        _shorten(frame)
    return root


def _shorten(frame: Frame) -> None:
    """Make one frame of a chain of libraries' functions that begins with this one.

    The other functions that those of the chain call are the frame's children.
    """
    chain = [frame, *_heirs(frame)]
    if len(chain) < _LEAST_CHAIN:
        return
    beside = [
        child
        for one, following in pairwise(chain)
        for child in one.children
        if child is not following
    ]
    frame.functions = tuple(function for one in chain for function in one.functions)
    frame.children = [*chain[-1].children, *beside]


def _heirs(frame: Frame) -> Iterator[Frame]:
    """Yield the functions of libraries, one after the other, that have nearly all of the time."""
    while not (frame.is_of_site or frame.is_server):
        most = max(frame.children, key=lambda one: one.width_s, default=None)
        if most is None or most.is_of_site or most.width_s < _NEARLY_ALL * frame.width_s:
            return
        yield most
        frame = most
