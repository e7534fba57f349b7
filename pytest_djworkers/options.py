"""The options and the markers: everything that users can write in flags, ini values and tests.

Imported by every pytest run with this plugin, so it imports little.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_djworkers.load.agent_places import AgentPlaces, parse_agents
from pytest_djworkers.parsers import (
    parse_address,
    parse_application,
    parse_backends,
    parse_baseline_name,
    parse_certificate,
    parse_command,
    parse_environments,
    parse_generator,
    parse_inner_path,
    parse_module,
    parse_path,
    parse_positive_duration,
    parse_report_format,
    parse_shell_words,
    parse_text,
)
from pytest_djworkers.units import parse_duration, parse_rate, parse_share, parse_whole

if TYPE_CHECKING:
    import pytest


@dataclass(frozen=True, slots=True)
class Option:
    """An option: a flag, its ini twin, or both."""

    name: str
    parse: Callable[[object], Any]
    """Return the value of what is written. Raises ValueError, with what is accepted."""
    default: Any
    metavar: str
    help: str
    ini_type: str = "string"
    ini_only: bool = False
    flag_only: bool = False
    """True for an action in this run, which no configuration file should ask for."""

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return "--djworkers" + (f"-{self.name.replace('_', '-')}" if self.name else "")

    @property
    def ini(self) -> str:
        """The name in the configuration file, which is also the destination of the flag."""
        return "djworkers" + (f"_{self.name}" if self.name else "")


# Help texts are written by hand with their defaults, in the units that users write. A test holds
# them against the defaults.
OPTIONS: tuple[Option, ...] = (
    Option(
        "",
        parse_backends,
        (),
        "NAME,NAME",
        "backends to serve the site with, each NAME or NAME:SETTING=VALUE, or none to skip load"
        " tests (--djworkers-list lists them); default: none",
    ),
    Option(
        "generator",
        parse_generator,
        "auto",
        "NAME",
        "load generator: asyncio (built in), wrk, or auto, which chooses wrk if it is installed,"
        " can fire the burst and can judge the test's limits; default: auto",
    ),
    Option(
        "connections", parse_whole, 2000, "N", "connections of each burst; default: 2000", "int"
    ),
    Option(
        "duration",
        parse_positive_duration,
        10.0,
        "T",
        "measured time of each burst, after the warm-up; default: 10s",
    ),
    Option(
        "timeout",
        parse_positive_duration,
        2.0,
        "T",
        "time after which a response is late and counts as a timeout; default: 2s",
    ),
    Option("warmup", parse_duration, 1.0, "T", "time of load before each measurement; default: 1s"),
    Option(
        "rate",
        parse_rate,
        None,
        "R",
        "fixed number of requests per second; default: each connection sends its next request when"
        " it has a response",
    ),
    Option(
        "think",
        parse_duration,
        None,
        "T",
        "time that each connection waits between a response and its next request; default: none",
    ),
    Option(
        "workers", parse_whole, None, "N", "workers of each server; default: one per CPU", "int"
    ),
    Option(
        "agents",
        parse_agents,
        AgentPlaces(),
        "LIST",
        "processes of the asyncio generator: a number of them on this machine, and execnet's"
        " gateways to others, such as 2,ssh=load@10.0.0.7 or 4*socket=10.0.0.8:8888; default: 1",
        "int or string",
    ),
    Option(
        "baseline",
        parse_baseline_name,
        "default",
        "NAME",
        "name of the stored baseline; default: default",
    ),
    Option(
        "tolerance",
        parse_share,
        0.1,
        "P%",
        "smallest loss that counts as a regression; default: 10%",
    ),
    Option(
        "startup_timeout",
        parse_positive_duration,
        30.0,
        "T",
        "time in which a server must be ready; default: 30s",
    ),
    Option(
        "settings",
        parse_module,
        None,
        "MODULE",
        "settings module of the served site, such as site.settings_load; default: the tests' own",
    ),
    Option(
        "report",
        parse_text,
        (),
        "FILE",
        "file to write the results to, such as load.html, load.md, load.json or load.csv; or github"
        " for the step's summary and annotations, which is on by default in GitHub Actions;"
        " repeatable; default: no file",
        "linelist",
    ),
    Option(
        "report_format",
        parse_report_format,
        None,
        "NAME",
        "format of the files of --djworkers-report: json, md, html, csv, comment (Markdown that"
        " fits into one), github-action-benchmark, github-action-benchmark-latency, bencher or"
        " openmetrics; default: by the ending of their names",
    ),
    Option(
        "max_regression",
        parse_share,
        None,
        "P%",
        "the max_regression of tests without that marker; default: no such limit",
        ini_only=True,
    ),
    Option(
        "max_errors",
        parse_share,
        0.01,
        "P%",
        "the max_errors of tests without that marker; default: 1%",
        ini_only=True,
    ),
    Option(
        "compare",
        parse_text,
        None,
        "REF",
        "git revision to compare the working tree with, measured in this run; default: no"
        " comparison",
        flag_only=True,
    ),
    Option(
        "bisect",
        parse_text,
        None,
        "GOOD",
        "git revision at which one test was still fast: the commit after it that made the test"
        " slower is searched for, by comparisons with the working tree; default: no search",
        flag_only=True,
    ),
    Option(
        "compare_connections",
        parse_whole,
        None,
        "N",
        "connections in a comparison; default: as the view needs, 2 to 32 per worker",
        "int",
        flag_only=True,
    ),
    Option(
        "compare_budget",
        parse_positive_duration,
        None,
        "T",
        "time for all comparisons of a run together, such as 10m; default: as long as they take",
    ),
    Option(
        "compare_python",
        parse_text,
        None,
        "PATH",
        "Python interpreter that serves the revision of --djworkers-compare; default: this one",
        flag_only=True,
    ),
    Option(
        "compare_requirements",
        parse_text,
        None,
        "FILE",
        "requirements.txt, pylock.toml or uv.lock: the revision of --djworkers-compare is served"
        " with the packages in its own version of this file; default: the packages of this run",
    ),
    Option(
        "compare_environments",
        parse_environments,
        None,
        "A,B",
        "two environments to compare the working tree in, A as base: each is a Python interpreter,"
        " a virtual environment, or a file with requirements; default: no comparison",
        flag_only=True,
    ),
    Option(
        "compare_prepare",
        parse_shell_words,
        (),
        "COMMAND",
        "command to run in the files of the revision of --djworkers-compare before they are served,"
        " such as python manage.py collectstatic --noinput; repeatable; default: no command",
        "linelist",
    ),
    Option(
        "compare_copy",
        parse_inner_path,
        (),
        "PATH",
        "files that git ignores, such as static/dist or **/*.mo, to copy from the working tree to"
        " the revision of --djworkers-compare; repeatable; default: no files",
        "linelist",
    ),
    Option(
        "seed",
        partial(parse_whole, least=0),
        None,
        "N",
        "seed for the random order of a comparison; default: a new one in each run",
        "int",
        flag_only=True,
    ),
    Option(
        "ignore_database",
        parse_text,
        (),
        "ALIAS",
        "alias in DATABASES to leave out of load tests; repeatable; default: none",
        "linelist",
    ),
    Option(
        "url",
        parse_text,
        None,
        "URL",
        "server to measure that runs already, http://HOST:PORT or https://HOST; default: none,"
        " servers are started",
    ),
    Option(
        "allow_host",
        parse_text,
        (),
        "HOST",
        "host other than this machine that --djworkers-url may name, or address that others reach"
        " for --djworkers-bind; repeatable; default: none",
        "linelist",
    ),
    Option(
        "bind",
        parse_address,
        None,
        "ADDRESS",
        "IPv4 address of this machine to serve the site at; default: 127.0.0.1",
    ),
    Option(
        "certificate",
        parse_certificate,
        None,
        "CERT,KEY",
        "files in PEM, a certificate and its private key, to serve the site over TLS with;"
        " default: none",
    ),
    Option(
        "commands",
        parse_command,
        (),
        "LINE",
        "your own backends, one per line: NAME = command with {python} {host} {port} {wsgi} {asgi}"
        " {workers}; default: none",
        "linelist",
        ini_only=True,
    ),
    Option(
        "application",
        parse_application,
        None,
        "MODULE:ATTR",
        "application to serve, or django for Django's own; default: the one in the settings, else"
        " that of the project's wsgi or asgi module",
    ),
    Option(
        "probe",
        parse_path,
        None,
        "PATH",
        "path to check a server with, before bursts whose own request may change data; default: /,"
        " with any response",
        ini_only=True,
    ),
)
BY_NAME = {option.name: option for option in OPTIONS}
"""The options by name; the name of ``--djworkers`` itself is empty."""
SWITCHES = {
    "--djworkers-list": "list all backends with versions, limits and settings, and run no tests",
    "--djworkers-save-baseline": "store the figures of the tests that pass as the baseline",
    "--djworkers-compare-backends": "compare the backends with the first one, in this run",
    "--djworkers-calibrate": "compare the working tree with itself, to see what differs by chance",
    "--djworkers-strict": "fail tests whose comparison is inconclusive or can't be made",
    "--djworkers-no-queries": "send no requests before each burst to count their SQL queries",
    "--djworkers-profile": "show what servers spend their time on, after each burst and comparison",
    "--djworkers-no-profile": "don't look for the cause when a comparison finds a change",
    "--djworkers-tls": "serve the site over TLS, with a certificate that is made for the run",
    "--djworkers-unix-socket": "serve the site on a Unix socket, as behind a proxy on this machine",
}
"""The flags without a value, with their help."""
INI_SWITCHES = (
    "--djworkers-strict",
    "--djworkers-no-queries",
    "--djworkers-profile",
    "--djworkers-no-profile",
    "--djworkers-tls",
    "--djworkers-unix-socket",
)
"""Those of them that have an ini twin: nobody wants each run to save a baseline."""
# Without a backend, these would be ignored silently: the run is refused instead.
ACTIONS = (
    "djworkers_save_baseline",
    "djworkers_compare",
    "djworkers_bisect",
    "djworkers_compare_backends",
    "djworkers_compare_environments",
    "djworkers_calibrate",
)
"""The flags that need a backend, by their destination."""
SHAPE_OPTIONS = {
    "connections": "connections",
    "duration": "duration_s",
    "timeout": "timeout_s",
    "warmup": "warmup_s",
    "rate": "rate",
    "think": "think_s",
}
"""The options that shape a burst, with their field of Shape."""
# Kept here, and not with the classes of limits, because pytest needs these texts in every run, and
# importing those classes would take half as long again as all that a run without load imports.
MARKERS = (
    "min_rps(n, of=None, part=None, backend=None): fail below n requests per second; with"
    " of='/path' or of='plain', below a share such as '60%' of what that endpoint reaches",
    "max_timeouts(n, part=None, backend=None): fail with more timeouts, a number or a share such as"
    " '1%'",
    "max_errors(n, part=None, backend=None): fail with more errors, a number or a share such as"
    " '1%'",
    "max_latency(p50=, p90=, p95=, p99=, p999=, max=, part=None, phase=None, backend=None): fail"
    " above these latencies, such as p99='100ms'; with phase='first_byte' or 'first_event', above"
    " these times to that",
    "max_cpu_per_request(t, of=None, backend=None): fail if the server uses more CPU time per"
    " response, such as '500us'; with of='/path' or of='plain', more than a multiple such as '8x'"
    " of what that endpoint uses",
    "max_memory(size, backend=None): fail if the server uses more memory, such as '512MB'",
    "max_queries(n, part=None, backend=None): fail if a request runs more than n SQL queries",
    "max_regression(share, metric='rps', same_size=False, backend=None): fail if a metric (rps,"
    " p95, cpu_per_request or errors, in a comparison also calls) is worse than in the baseline, or"
    " than that of base in a comparison, by more than this share, such as '10%'; with"
    " same_size=True also if the lengths of their response bodies differ by more than 10%",
    "burst(connections=, duration=, timeout=, warmup=, rate=, think=, user=, users=): the shape of"
    " the test's bursts, and the users who are logged in",
    "djworkers(only=[...], skip=[...], reason=None): the backends that the test runs under",
)
"""The markers, as ``pytest --markers`` shows them."""


def add_options(parser: pytest.Parser) -> None:
    """Register all flags and ini values with pytest."""
    group = parser.getgroup("djworkers", "load tests under real worker servers")
    for option in OPTIONS:
        if not option.ini_only:
            group.addoption(
                option.flag,
                action="append" if option.ini_type == "linelist" else "store",
                dest=option.ini,
                metavar=option.metavar,
                # Not the option's default: None tells that the flag is not given, so that the
                # configuration file counts.
                default=None,
                help=option.help.replace("%", "%%"),  # argparse formats it
            )
        if not option.flag_only:
            parser.addini(option.ini, option.help, type=_ini_type(option), default=None)
    for flag, text in SWITCHES.items():
        destination = destination_of(flag)
        group.addoption(
            flag, action="store_true", default=False, dest=destination, help=f"{text}; default: off"
        )
        if flag in INI_SWITCHES:
            parser.addini(destination, f"{text}; default: off", type="bool", default=False)


def destination_of(switch: str) -> str:
    """Return the destination of a flag without a value, which is also the name of its ini twin."""
    return switch.removeprefix("--").replace("-", "_")


def _ini_type(option: Option) -> Any:
    """Return the type of an ini value, as this version of pytest knows it."""
    import pytest

    # Files in native TOML, whose numbers have types, came with pytest 9.0. Before, all are text.
    if option.ini_type == "int" and pytest.version_tuple < (8, 4):
        return "string"
    if option.ini_type != "int or string":
        return option.ini_type
    # Older versions take text alone: in native TOML a number needs quotes there.
    return int | str if pytest.version_tuple >= (9, 2) else "string"
