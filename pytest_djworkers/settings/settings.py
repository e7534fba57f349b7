"""The settings of a run, as one frozen object."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.backends.registry import Registry
from pytest_djworkers.compare.flags import Against, ComparisonFlags
from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.server.external import NAME as EXTERNAL
from pytest_djworkers.server.origin import Origin
from pytest_djworkers.settings.github import GitHubStep
from pytest_djworkers.settings.profiling import Profiles
from pytest_djworkers.settings.report_files import ReportFile
from pytest_djworkers.settings.shape import flag_of, in_words, shape_of, values_of
from pytest_djworkers.settings.tls import ServedTls
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.system.port import LOOPBACK


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a run. Times are in seconds, shares are fractions."""

    backends: Mapping[str, Backend]
    """The backends to test, with their settings, by the spec they are shown with."""
    registry: Registry
    """All known backends, for markers that name them."""
    generator: str
    """The name of the load generator, or ``auto``."""
    agents: AgentPlaces
    """The processes of the built-in generator, here and on other machines."""
    baseline: str
    """The name of the stored baseline."""
    tolerance: float
    """The smallest loss that counts as a regression."""
    startup_timeout_s: float
    reports: tuple[ReportFile, ...]
    probe: str | None
    """The path to check a server with, before bursts whose own request may change data."""
    application: str | None
    """The application to serve, as MODULE:ATTRIBUTE; None for the site's own."""
    save_baseline: bool
    root: Path
    shape: Shape
    """The shape of bursts by the configuration file and the defaults."""
    shape_flags: Mapping[str, float]
    """The values that flags give to the shape, by option. They win over everything else."""
    requested_workers: int | None = None
    """The number of workers of a server; None for one per CPU."""
    cpus: int = field(default_factory=lambda: available_cpus().processes)
    """The number of processes that keep busy the CPUs that this run may use."""
    settings_module: str | None = None
    """The settings module of the served site; None for that of the tests."""
    origin: Origin | None = None
    """The address of a server that runs already; then there are no backends."""
    bind: str = LOOPBACK
    """The address that servers listen on."""
    comparison_flags: ComparisonFlags | None = None
    strict: bool = False
    """True if tests fail whose comparison is inconclusive or can't be made."""
    max_regression: float | None = None
    """The largest loss of requests/s for tests without a max_regression marker."""
    started_in: Path = field(default_factory=Path.cwd)
    """The folder that pytest was started in."""
    max_errors: float = 0.01
    """The largest share of errors for tests without a max_errors marker."""
    left_out: tuple[str, ...] = ()
    """The aliases of DATABASES that are left out of load tests."""
    counts_queries: bool = True
    """False if no sample requests are sent before bursts."""
    profiles: Profiles = Profiles.AFTER_A_CHANGE
    """When servers are profiled."""
    github: GitHubStep | None = None
    """The step of GitHub Actions that is given a summary and annotations; None for none."""
    tls: ServedTls | None = None
    """The way in which the run's servers speak TLS; None if they don't."""
    on_unix_socket: bool = False
    """True if the run's servers listen on a Unix socket."""
    site_notes: tuple[str, ...] = ()
    """Remarks on how the site is served, for the header."""

    @property
    def names(self) -> tuple[str, ...]:
        """The backends that each test runs under, or the one server that runs already.

        Without the base, where backends are compared with each other.
        """
        if self.origin:
            return (EXTERNAL,)
        return tuple(name for name in self.backends if name != self.base)

    @property
    def base(self) -> str | None:
        """The backend that the others are compared with; None where no backends are compared."""
        if self.comparison_flags is None or self.comparison_flags.against is not Against.BACKEND:
            return None
        # Mappings keep the order of the command line, so this is the backend named first.
        return next(iter(self.backends))

    def with_seed(self, seed: int | None) -> Self:
        """Return the same settings with the seed of another process; None if none compares."""
        if seed is None or self.comparison_flags is None:
            return self
        return replace(self, comparison_flags=replace(self.comparison_flags, seed=seed))

    @property
    def workers(self) -> int:
        """The number of workers of a server whose spec names none."""
        return self.requested_workers or self.cpus

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks for the header: on the address, settings that can't be met, and the site."""
        return (*self._served_elsewhere(), *self._too_many_workers(), *self.site_notes)

    def _served_elsewhere(self) -> Iterator[str]:
        if self.bind != LOOPBACK:
            yield f"serves the site at {self.bind}, for everyone who reaches this address"

    def _too_many_workers(self) -> Iterator[str]:
        # Only a number that somebody has written is remarked on, not the default of one per CPU.
        for shown, backend in self.backends.items():
            requested = backend.workers or self.requested_workers
            most = backend.about.max_workers
            if requested is not None and most is not None and requested > most:
                yield (
                    f"{shown} is a single process: it has {most} worker, not the {requested}"
                    " requested"
                )

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that shape every burst, as on the command line."""
        return tuple(flag_of(name, value) for name, value in self.shape_flags.items())

    def shape_for(
        self, marker: Mapping[str, float], call: Mapping[str, float | None]
    ) -> tuple[Shape, tuple[str, ...]]:
        """Return the shape of a burst, and in words what flags override in it.

        A flag wins over the call's argument, that over the marker, that over the configuration
        file and the default. ``marker`` and ``call`` are results of ``parse_shape``.
        """
        without_flags = {**values_of(self.shape), **marker, **call}
        overridden = tuple(
            f"{flag_of(name, value)} (instead of {in_words(name, without_flags[name])})"
            for name, value in self.shape_flags.items()
            if without_flags[name] != value  # else the flag changes nothing for this test
        )
        return shape_of({**without_flags, **self.shape_flags}), overridden
