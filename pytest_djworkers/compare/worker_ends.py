"""Why workers of a server ended while it was measured, as far as anybody says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pytest_djworkers.system.log import last_lines

_RECYCLES = re.compile(
    r"(?:limit[-_])?max[-_]requests(?:[-_](?:jitter|delta))?\b[ =:]*[\w.]*"
    r"|workers?[-_](?:lifetime|max[-_]rss)\b[ =:]*[\w.]*"
    r"|(?:max[-_]worker[-_]lifetime|reload[-_]on[-_](?:rss|as)|harakiri)\b[ =:]*[\w.]*"
)
"""Settings of gunicorn, uvicorn, hypercorn, granian and uwsgi by which a worker ends."""
_NONE = re.compile(r"[ =:](?:0|None)$")
_SAYS = re.compile(
    r"worker.*(?:exit|died|ended|sent|terminat|kill|memory|lifetime|spawn|timeout|restart)"
    r"|unexpected exit|child process.*died|request limit|limit.*exceeded"
    r"|segmentation fault|fatal python error",
    re.IGNORECASE,
)
_SHOWN = 2


def why_workers_ended(options: Mapping[str, int | str], log: Path) -> str:
    """What recycles them, or what the log says of it, in words, with what to do."""
    settings = ", ".join(dict.fromkeys(_settings(options)))
    said = dict.fromkeys(line.strip() for line in last_lines(log) if _SAYS.search(line))
    quoted = " | ".join([*said][-_SHOWN:])
    if settings:
        advice = f"{settings} recycles them: compare without it"
        return f"{advice} (its log: {quoted})" if quoted else advice
    if quoted:
        return f"its log says: {quoted}"
    return (
        "neither its log nor its settings say why: does a view end its process (os._exit, a"
        " crash, memory), or something recycle them (max_requests)?"
    )


def _settings(options: Mapping[str, int | str]) -> list[str]:
    """Those that a command line or a configuration file has."""
    text = str(options.get("command", ""))
    if config := options.get("config"):
        try:
            lines = Path(str(config)).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            lines = []
        text += "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found = (" ".join(one.group().split()) for one in _RECYCLES.finditer(text))
    return [one for one in found if not _NONE.search(one)]
