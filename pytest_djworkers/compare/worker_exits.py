"""Why workers of a server ended while they were measured, as far as anything says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from pytest_djworkers.system.log import last_lines

_RECYCLING_SETTING = re.compile(
    r"(?:limit[-_])?max[-_]requests(?:[-_](?:jitter|delta))?\b[ =:]*[\w.]*"
    r"|workers?[-_](?:lifetime|max[-_]rss)\b[ =:]*[\w.]*"
    r"|(?:max[-_]worker[-_]lifetime|reload[-_]on[-_](?:rss|as)|harakiri)\b[ =:]*[\w.]*"
)
"""Settings with which gunicorn, uvicorn, hypercorn, granian and uwsgi end workers."""
# Such as "max_requests = 0".
_TURNED_OFF = re.compile(r"[ =:](?:0|None)$")
_ABOUT_AN_END = re.compile(
    r"worker.*(?:exit|died|ended|sent|terminat|kill|memory|lifetime|spawn|timeout|restart)"
    r"|unexpected exit|child process.*died|request limit|limit.*exceeded"
    r"|segmentation fault|fatal python error",
    re.IGNORECASE,
)
_SHOWN_LINES = 2


def explain_worker_exits(options: Mapping[str, int | str], log: Path) -> str:
    """Return why workers ended, and what to do: a setting that ends them, or what the log says.

    ``options`` are those of the server's launch.
    """
    settings = ", ".join(dict.fromkeys(_recycling_settings(options)))
    lines = dict.fromkeys(line.strip() for line in last_lines(log) if _ABOUT_AN_END.search(line))
    quoted = " | ".join([*lines][-_SHOWN_LINES:])
    if settings:
        advice = f"{settings} recycles them: compare without it"
        return f"{advice} (its log: {quoted})" if quoted else advice
    if quoted:
        return f"its log says: {quoted}"
    return (
        "neither its log nor its settings say why. Does a view end its process (os._exit, a crash,"
        " memory), or does something recycle workers (max_requests)?"
    )


def _recycling_settings(options: Mapping[str, int | str]) -> list[str]:
    """Return the settings that end workers, from the command line and the configuration file."""
    text = str(options.get("command", ""))
    if config := options.get("config"):
        try:
            lines = Path(str(config)).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            lines = []
        # A setting in a comment has no effect.
        text += "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found = (" ".join(one.group().split()) for one in _RECYCLING_SETTING.finditer(text))
    return [one for one in found if not _TURNED_OFF.search(one)]
