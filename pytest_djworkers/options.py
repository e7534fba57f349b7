"""What users can write: each option, its ini twin, what they accept, and the markers.

Read by ``settings.py`` and ``markers.py``; imported in every run, so it imports little.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_djworkers.load.generator_names import GENERATORS
from pytest_djworkers.units import parse_duration, parse_rate, parse_share, parse_whole, written

if TYPE_CHECKING:
    import pytest

_APPLICATION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{,99}")


def _generator(value: object) -> str:
    if value not in GENERATORS:
        raise ValueError(f"{written(value)} is not one of {', '.join(GENERATORS)}")
    return str(value)


def _positive_duration(value: object) -> float:
    seconds = parse_duration(value)
    if not seconds:
        raise ValueError(f"{written(value)} is not longer than nothing")
    return seconds


def baseline_name(value: object) -> str:
    """The name of a baseline. Raises ValueError for what can't be one."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise ValueError(
            f"{written(value)} is not a name of letters, digits, '.', '_' and '-', 100 at most"
        )
    return value


def _report_file(value: object) -> str:
    if not isinstance(value, str) or not value.endswith(".md"):
        raise ValueError(f"{written(value)} is not a file name that ends in .md")
    return value


def _backends(value: object) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else ()
    if not names or not all(names):
        raise ValueError(
            f"{written(value)} is not a list of backends, such as gunicorn-gevent,granian"
        )
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{written(value)} names {' and '.join(doubled)} twice")
    if "none" in names:
        if len(names) > 1:
            raise ValueError(f"{written(value)} has none beside others")
        return ()
    return names


def _command(value: object) -> str:
    if not isinstance(value, str) or "=" not in value:
        raise ValueError(f"{written(value)} is not NAME = command")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{written(value)} is nothing")
    return value.strip()


def _module(value: object) -> str:
    if not isinstance(value, str) or not all(part.isidentifier() for part in value.split(".")):
        raise ValueError(f"{written(value)} is not the dotted name of a module")
    return value


def _application(value: object) -> str:
    if isinstance(value, str) and (_APPLICATION.fullmatch(value) or value == "django"):
        return value
    raise ValueError(
        f"{written(value)} is not MODULE:ATTRIBUTE, such as site.asgi:application, or django"
    )


def _path(value: object) -> str:
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError(f"{written(value)} is not a path that starts with /")
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """One option. ``parse`` raises ValueError, with what is accepted."""

    name: str
    parse: Callable[[object], Any]
    default: Any
    metavar: str
    help: str
    ini_type: str = "string"
    ini_only: bool = False
    flag_only: bool = False
    """Asks for something to be done in this run, which no file should."""

    @property
    def flag(self) -> str:
        """As on the command line."""
        return "--djworkers" + (f"-{self.name.replace('_', '-')}" if self.name else "")

    @property
    def ini(self) -> str:
        """As in the configuration file, and the name of the flag's destination."""
        return "djworkers" + (f"_{self.name}" if self.name else "")


OPTIONS: tuple[Option, ...] = (
    Option(
        "",
        _backends,
        (),
        "NAME,NAME",
        "backends to serve the site with, NAME:OPTION=VALUE; or none",
    ),
    Option("generator", _generator, "auto", "NAME", "auto, asyncio or wrk"),
    Option("connections", parse_whole, 2000, "N", "connections of a burst", "int"),
    Option("duration", _positive_duration, 10.0, "T", "how long a burst is counted"),
    Option("timeout", _positive_duration, 2.0, "T", "later than this is late"),
    Option("warmup", parse_duration, 1.0, "T", "load before the counting, thrown away"),
    Option("rate", parse_rate, None, "R", "requests/s at fixed moments; default: closed loop"),
    Option("workers", parse_whole, None, "N", "workers of a server; default: CPUs", "int"),
    Option("agents", parse_whole, 1, "N", "processes of the built-in generator", "int"),
    Option("baseline", baseline_name, "default", "NAME", "the stored baseline to use"),
    Option("tolerance", parse_share, 0.1, "P%", "the smallest loss worth a warning"),
    Option("startup_timeout", _positive_duration, 30.0, "T", "how long a server may take to start"),
    Option(
        "settings",
        _module,
        None,
        "MODULE",
        "settings for the served site alone, such as site.settings_load; default: the tests' own",
    ),
    Option(
        "report", _report_file, (), "FILE", "write the table to FILE.md; repeatable", "linelist"
    ),
    Option(
        "max_regression", parse_share, None, "P%", "as the marker, for tests without", ini_only=True
    ),
    Option(
        "max_errors", parse_share, 0.01, "P%", "as the marker, for tests without", ini_only=True
    ),
    Option(
        "compare", _text, None, "REF", "compare with that revision, in this run", flag_only=True
    ),
    Option(
        "compare_connections",
        parse_whole,
        None,
        "N",
        "connections of a comparison; default: 32 a worker",
        "int",
        flag_only=True,
    ),
    Option(
        "compare_python",
        _text,
        None,
        "PATH",
        "the interpreter that serves the revision compared with; default: this one",
        flag_only=True,
    ),
    Option(
        "seed",
        partial(parse_whole, least=0),
        None,
        "N",
        "what a comparison's order is drawn from; default: another in each run",
        "int",
        flag_only=True,
    ),
    Option(
        "ignore_database",
        _text,
        (),
        "ALIAS",
        "leave this alias of DATABASES out of load tests; repeatable",
        "linelist",
    ),
    Option("url", _text, None, "URL", "measure the server that runs at http://HOST:PORT already"),
    Option("allow_host", _text, (), "HOST", "a host that the URL may name; repeatable", "linelist"),
    Option(
        "commands",
        _command,
        (),
        "LINE",
        "backends of your own: NAME = command with {python} {host} {port} {wsgi} {asgi} {workers}",
        "linelist",
        ini_only=True,
    ),
    Option(
        "application",
        _application,
        None,
        "MODULE:ATTR",
        "the application to serve; default: the setting's, or that of the project's wsgi or asgi"
        " module, or django",
    ),
    Option(
        "probe", _path, None, "PATH", "what to ask before a burst that is no GET", ini_only=True
    ),
)
BY_NAME = {option.name: option for option in OPTIONS}
"""The options by name, the empty one of which is ``--djworkers`` itself."""
SWITCHES = {
    "--djworkers-list": "list all backends with version, limits and options, and run nothing",
    "--djworkers-save-baseline": "store the figures of the tests that pass as the baseline",
    "--djworkers-compare-backends": "compare the backends with the first of them, in this run",
    "--djworkers-calibrate": "compare the working tree with itself, and say how much that differs",
    "--djworkers-strict": "fail what is inconclusive or not compared",
}
"""Flags without a value."""
ACTIONS = (
    "djworkers_save_baseline",
    "djworkers_compare",
    "djworkers_compare_backends",
    "djworkers_calibrate",
)
"""The flags, by their destination, that are of no use without a backend."""
SHAPE_OPTIONS = {
    "connections": "connections",
    "duration": "duration_s",
    "timeout": "timeout_s",
    "warmup": "warmup_s",
    "rate": "rate",
}
"""The options that shape a burst, with their field of Shape."""


MARKERS = (
    "min_rps(n, backend=None): the test fails below n requests a second",
    "max_timeouts(n, backend=None): the most timeouts, a count or a share such as '1%'",
    "max_errors(n, backend=None): the most errors, a count or a share such as '1%'",
    "max_latency(p50=, p90=, p95=, p99=, p999=, max=, backend=None): the longest latencies, such"
    " as '100ms'",
    "max_cpu_per_request(t, backend=None): the most CPU time of the server for an answer, such as"
    " '500us'",
    "max_memory(size, backend=None): the most memory of the server, such as '512MB'",
    "max_regression(share, metric='rps', backend=None): the test fails when that figure (rps, p95,"
    " cpu_per_request or errors) is worse than the baseline's by more than this, such as '10%'",
    "burst(connections=, duration=, timeout=, warmup=, rate=): the shape of the test's bursts",
    "djworkers(only=[...], skip=[...], reason=None): the backends under which the test makes sense",
)


def add_options(parser: pytest.Parser) -> None:
    """Register all flags and ini values with pytest."""
    group = parser.getgroup("djworkers", "load on the site under real worker backends")
    for option in OPTIONS:
        if not option.ini_only:
            group.addoption(
                option.flag,
                action="append" if option.ini_type == "linelist" else "store",
                dest=option.ini,
                metavar=option.metavar,
                default=None,
                help=option.help,
            )
        if not option.flag_only:
            parser.addini(option.ini, option.help, type=option.ini_type, default=None)  # type: ignore[arg-type]  # a Literal
    for flag, text in SWITCHES.items():
        destination = flag.removeprefix("--").replace("-", "_")
        group.addoption(flag, action="store_true", default=False, dest=destination, help=text)
    parser.addini("djworkers_strict", SWITCHES["--djworkers-strict"], type="bool", default=False)
