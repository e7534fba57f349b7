"""Explains from a server's log why it failed: the exception, the site's own line, known causes."""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pytest_djworkers.server.causes import causes_in
from pytest_djworkers.server.tracebacks import Failure, Frame, Raised, failures
from pytest_djworkers.system.log import both_ends, tail

_LONGEST = 300
"""The number of characters of an exception that are shown."""
_THIS_PACKAGE = str(Path(__file__).parents[1]) + os.sep
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python3\.\d+t?[/\\]")
_NOT_THE_SITES = (
    _THIS_PACKAGE,
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "scripts")),
)
_REFUSED = re.compile(r"^Forbidden \(.*\): /.*$", re.MULTILINE)
_OF_A_REQUEST = re.compile(r"django[/\\]core[/\\]handlers[/\\]")


def explain_failed_start(log: Path) -> str:
    """Return why a server did not start and the end of its log, in lines that each begin with a
    newline; empty if the log is."""
    return _in_lines(why_not_started(log)) + tail(log)


def explain_failed_requests(log: Path, since: int) -> str:
    """Return why a server's requests failed and the end of its log, in lines that each begin with a
    newline; empty if the log is.

    What was written before the byte ``since`` is about the start, and not shown.
    """
    return _in_lines(why_requests_failed(log)) + tail(log, since=since)


def why_not_started(log: Path) -> list[str]:
    """Return the reasons why a server did not start, a line for each."""
    text = both_ends(log)
    # The first: others follow, of workers that failed alike and of the master that gave up.
    error = _describe_error("the first error in its log", failures(text.splitlines()), _is_of_start)
    return [*error, *causes_in(text)]


def why_requests_failed(log: Path) -> list[str]:
    """Return the reasons why requests failed, a line for each."""
    text = both_ends(log)
    # The last: what the site logged as it started is older, and no fault of a request.
    newest_first = failures(text.splitlines())[::-1]
    error = _describe_error("the last error in its log", newest_first, _is_of_a_request)
    return [*error, *causes_in(text)]


def first_refusal(log: Path) -> str:
    """Return the line with which Django first refused a request, such as for a missing CSRF token;
    empty if it refused none."""
    found = _REFUSED.search(both_ends(log))
    return found.group() if found else ""


def own_frame(frames: Sequence[Frame]) -> Frame | None:
    """Return the last frame in the site's own code; None if all are the server's or a library's."""
    own = (frame for frame in reversed(frames) if _is_the_sites(frame.file))
    return next(own, None)


def _in_lines(reasons: Sequence[str]) -> str:
    return "".join(f"\n{reason}" for reason in reasons)


def _is_of_start(raised: Raised) -> bool:
    """True if the exception went through our entry, which loads the site.

    An exception that the site caught and logged did not, nor did what the server made of it.
    """
    return any(frame.file.startswith(_THIS_PACKAGE) for frame in raised.frames)


def _is_of_a_request(raised: Raised) -> bool:
    return any(_OF_A_REQUEST.search(frame.file) for frame in raised.frames)


def _is_the_sites(file: str) -> bool:
    return not (file.startswith(("<", *_NOT_THE_SITES)) or _INSTALLED.search(file) or not file)


def _describe_error(
    heading: str, found: Sequence[Failure], is_wanted: Callable[[Raised], bool]
) -> Iterator[str]:
    """Describe the first failure that has a wanted exception, or else the first one, in a line."""
    wanted = (failure for failure in found if any(map(is_wanted, failure.raised)))
    failure = next(wanted, next(iter(found), None))
    if failure is None:
        return
    # What a server raises from the site's exception says less than that one.
    shown = next(filter(is_wanted, reversed(failure.raised)), failure.last)
    parts, first = [raised for raised in failure.raised if raised.is_part], failure.raised[0]
    text = _shortened(shown)
    if parts:
        text += f", the first of them {_shortened(parts[0])}"
    elif first.exception != shown.exception:
        text += f", after {_shortened(first)}"
    # The site's line is most often in the exception that is shown; a library may have raised that
    # one from the site's.
    frames = (own_frame(raised.frames) for raised in (shown, *parts, *reversed(failure.raised)))
    place = next(filter(None, frames), None)
    yield f"{heading}: {text}{'' if place is None else f', at {place}'}"


def _shortened(raised: Raised) -> str:
    text = raised.exception
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
