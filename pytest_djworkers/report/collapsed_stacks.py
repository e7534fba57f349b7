"""Collapsed stacks of both arms, as ``difffolded.pl`` and ``inferno-diff-folded`` write them.

A line is ``frame;frame;... BASE HEAD``, the times of a request in nanoseconds; of a server alone it
is ``frame;frame;... HEAD``. ``flamegraph.pl`` and ``inferno-flamegraph`` draw both.
"""

from __future__ import annotations

from pytest_djworkers.printable import in_one_line
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.measured_stacks import stacks_of

_NS = 1_000_000_000


def as_collapsed(document: Document) -> str:
    """Return a line for each stack of each burst; nothing if there are none.

    The outermost two frames are the burst and the kind of its time.
    """
    lines = []
    for measured in stacks_of(document):
        names = [_frame(str(one)) for one in measured.graph.functions]
        outermost = [_frame(measured.burst), measured.kind]
        for stack in measured.graph.stacks:
            frames = ";".join([*outermost, *(names[one] for one in stack.functions)])
            times = (stack.base_s, stack.head_s) if measured.has_base else (stack.head_s,)
            lines.append(" ".join([frames, *(str(round(one * _NS)) for one in times)]))
    return "".join(f"{line}\n" for line in lines)


def _frame(name: str) -> str:
    # A semicolon separates frames, and nothing escapes it.
    return in_one_line(name).replace(";", ",")
