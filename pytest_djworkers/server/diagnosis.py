"""Why a server failed, told from its log: the exception, the site's own line, the known causes."""

from __future__ import annotations

import os
import re
import sysconfig
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pytest_djworkers.server.causes import causes_in
from pytest_djworkers.server.tracebacks import Failure, Frame, Raised, failures
from pytest_djworkers.system.log import both_ends

_LONGEST = 300
_OURS = str(Path(__file__).parents[1]) + os.sep
_INSTALLED = re.compile(r"[/\\](?:site|dist)-packages[/\\]|[/\\]lib[/\\]python3\.\d+t?[/\\]")
_NOT_THE_SITES = (
    _OURS,
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "scripts")),
)
_REFUSED = re.compile(r"^Forbidden \(.*\): /.*$", re.MULTILINE)
_OF_A_REQUEST = re.compile(r"django[/\\]core[/\\]handlers[/\\]")


def why_not_started(log: Path) -> list[str]:
    """Why it did not start: the first exception that ended the loading of the site.

    Others may follow, of workers that failed alike and of the master that gave up.
    """
    text = both_ends(log)
    told = _told("its log's first error", failures(text.splitlines()), _is_of_loading)
    return [*told, *causes_in(text)]


def why_requests_failed(log: Path) -> list[str]:
    """Why requests failed: the newest exception of a request."""
    text = both_ends(log)
    told = _told("its log's last error", failures(text.splitlines())[::-1], _is_of_a_request)
    return [*told, *causes_in(text)]


def first_refusal(log: Path) -> str:
    """Return the line with which Django first refused a request, such as for a missing CSRF token;
    empty if it refused none."""
    found = _REFUSED.search(both_ends(log))
    return found.group() if found else ""


def own_frame(frames: Sequence[Frame]) -> Frame | None:
    """The last frame in the site's own code; None where all is the server's, or a library's."""
    own = (frame for frame in reversed(frames) if _is_the_sites(frame.file))
    return next(own, None)


def _is_of_loading(raised: Raised) -> bool:
    """Whether it went through our entry, which loads the site: what was only logged did not, nor
    did what a server makes of it."""
    return any(frame.file.startswith(_OURS) for frame in raised.frames)


def _is_of_a_request(raised: Raised) -> bool:
    return any(_OF_A_REQUEST.search(frame.file) for frame in raised.frames)


def _is_the_sites(file: str) -> bool:
    return not (file.startswith(("<", *_NOT_THE_SITES)) or _INSTALLED.search(file) or not file)


def _told(
    what: str, found: Sequence[Failure], is_wanted: Callable[[Raised], bool]
) -> Iterator[str]:
    """The first failure with an exception that is wanted, else the first, in a line."""
    wanted = (failure for failure in found if any(map(is_wanted, failure.raised)))
    failure = next(wanted, next(iter(found), None))
    if failure is None:
        return
    last = next(filter(is_wanted, reversed(failure.raised)), failure.last)
    parts, before = [one for one in failure.raised if one.is_part], failure.raised[0]
    places = (own_frame(one.frames) for one in (last, *parts, *reversed(failure.raised)))
    text = _shortened(last)
    if parts:
        text += f", the first of them {_shortened(parts[0])}"
    elif before.exception != last.exception:
        text += f", after {_shortened(before)}"
    place = next(filter(None, places), None)
    yield f"{what}: {text}{'' if place is None else f', at {place}'}"


def _shortened(raised: Raised) -> str:
    text = raised.exception
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
