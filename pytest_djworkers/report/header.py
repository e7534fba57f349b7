"""The lines of pytest's header: what will be measured, and how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_djworkers.backends.protocol import workers_of
from pytest_djworkers.backends.registry import version_of
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.load.generator_names import ASYNCIO
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.units import counted, format_share

if TYPE_CHECKING:
    from pytest_djworkers.compare.setup import ComparisonSetup


def header(
    settings: Settings, baseline: Baseline, comparison_setup: ComparisonSetup | None = None
) -> list[str]:
    """Return the header's lines; ``comparison_setup`` is None if no revisions are compared."""
    if comparison_setup is not None:
        lines = _of_comparison(settings, comparison_setup)
    else:
        lines = _of_bursts(settings, baseline)
    return [f"djworkers: {line}" for line in lines]


def _of_comparison(settings: Settings, comparison_setup: ComparisonSetup) -> list[str]:
    of_backends = settings.base is not None
    return [
        _servers(settings),
        _compared_backends(settings) if of_backends else comparison_setup.description,
        f"rounds with seed {comparison_setup.flags.seed}, tolerance"
        f" {format_share(settings.tolerance)}; absolute limits are not checked,"
        " except shares of errors and numbers of queries",
        *(["a slower backend fails only tests with a max_regression"] if of_backends else []),
        *_notes(settings),
    ]


def _compared_backends(settings: Settings) -> str:
    *others, last = settings.names
    names = f"{', '.join(others)} and {last}" if others else last
    return f"compares {names} with {settings.base}"


def _of_bursts(settings: Settings, baseline: Baseline) -> list[str]:
    lines = [
        f"{_servers(settings)}; generator {_generator(settings)}",
        *_notes(settings),
    ]
    if settings.flags:
        lines.append(f"these flags override tests and configuration: {' '.join(settings.flags)}")
    if settings.save_baseline:
        lines.append(f"saves baseline {settings.baseline!r}")
    elif not baseline.is_empty:
        lines.append(
            f"baseline {settings.baseline!r} with {_stored(baseline)},"
            f" tolerance {format_share(settings.tolerance)}"
        )
    return lines


def _generator(settings: Settings) -> str:
    """Return the name of the generator, with the places of its agents if some are elsewhere."""
    agents = settings.agents
    if not agents.remote:
        return settings.generator
    here = [f"{agents.local} here"] if agents.local else []
    there = [f"{number} at {spec}" for spec, number in Counter(agents.remote).items()]
    return f"{ASYNCIO}, its agents: {', '.join([*here, *there])}"


def _servers(settings: Settings) -> str:
    """Return the backends with their versions and workers and TLS, or the address of a server."""
    over = "" if settings.tls is None else f", {settings.tls.shown}"
    on = ", on a Unix socket" if settings.on_unix_socket else ""
    return f"{_of_each(settings)}{over}{on}"


def _of_each(settings: Settings) -> str:
    if settings.origin is not None:
        return f"the server at {settings.origin.url}, as it is"
    workers = {
        name: counted(workers_of(backend, settings.workers), "worker")
        for name, backend in settings.backends.items()
    }
    versions = {name: version_of(backend) for name, backend in settings.backends.items()}
    if len(set(workers.values())) == 1:
        named = ", ".join(f"{name} {version}" for name, version in versions.items())
        return f"{named}; {next(iter(workers.values()))} each"
    return ", ".join(f"{name} {version} ({workers[name]})" for name, version in versions.items())


def _notes(settings: Settings) -> Sequence[str]:
    """Return notes on settings that have no effect here, or whose effect can't be seen."""
    module = settings.settings_module
    if module is None:
        return settings.notes
    if settings.origin is None:
        return (f"the served site's settings are {module}", *settings.notes)
    note = (
        f"settings {module} are ignored: they are for servers that this run starts, and the one at"
        " that URL was started by somebody else"
    )
    return (note, *settings.notes)


def _stored(baseline: Baseline) -> str:
    """Return the number of bursts stored under a name, by where they are from."""
    stored = [counted(len(baseline.bursts), "burst")]
    if elsewhere := len(baseline.elsewhere):
        stored.append(f"those of {counted(elsewhere, 'other machine')}")
    if baseline.imported:
        stored.append(f"{len(baseline.imported):,} imported")
    return " and ".join(stored)
