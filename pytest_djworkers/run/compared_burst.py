"""The ``burst`` fixture's value in a run that compares two arms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from itertools import count
from typing import Any

from pytest_djworkers.backends.protocol import workers_of
from pytest_djworkers.compare.arms import BASE, NAMES, Arm, Databases, NotComparable, PreparedArms
from pytest_djworkers.compare.base_databases import make_own_databases, refuse_different_rows
from pytest_djworkers.compare.files import copy_files
from pytest_djworkers.compare.flags import Against
from pytest_djworkers.compare.procedure import (
    ComparisonOutcome,
    calibrate,
    compare,
)
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.compare.setup import ComparisonSetup
from pytest_djworkers.databases.copies import copies_of, copy_databases, drop_copies
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.burst import Burst, needs_of
from pytest_djworkers.server.server import Prepare
from pytest_djworkers.verdict.rounds import Metric

_OWN = "own"
"""Beside the arms' names: what base's code made, of which base's copies are made."""
CONNECTIONS_OF_A_WORKER = 32
"""So many keep a worker busy, and none of them waits for long."""


class ComparedBurst(Burst):
    """Compares two arms where a ``Burst`` fires at one server.

    Where they can't be compared, head is measured alone, so that the test has its result.
    ``unblocked`` lets pytest-django's databases be used while it is entered. They were made with
    ``migrates`` and ``seed``, and base's are, where its migrations are others.
    """

    def __init__(
        self,
        *arguments: Any,
        comparison_setup: ComparisonSetup,
        prepare: Prepare,
        unblocked: Callable[[], AbstractContextManager[None]],
        seed: Callable[[], None] | None,
        migrates: bool,
        **named: Any,
    ) -> None:
        super().__init__(*arguments, **named)
        self._comparison_setup = comparison_setup
        self._prepare = prepare
        self._unblocked = unblocked
        self._seed = seed
        self._migrates = migrates

    def _measure(self, profile: Profile, overridden: tuple[str, ...]) -> BurstRecord:
        profile = self._at_moderate_load(profile)
        # Where a test had asked for head's server: the rows are made with nobody there.
        self.server.stop()
        with self._run.machine():
            measured = self._compared(profile)
        record = (
            super()._measure(profile, overridden)
            if measured.head_result is None
            else BurstRecord(self._test, measured.head_result, overridden)
        )
        return replace(record, against_base=measured.comparison, against_baseline=None, stored=None)

    def _at_moderate_load(self, profile: Profile) -> Profile:
        settings = self._run.settings
        workers = workers_of(settings.backends[self.server.backend], settings.workers)
        asked = self._comparison_setup.flags.connections
        connections = asked or CONNECTIONS_OF_A_WORKER * workers
        return replace(profile, shape=replace(profile.shape, connections=connections))

    def _compared(self, profile: Profile) -> ComparisonOutcome:
        comparison_setup, run = self._comparison_setup, self._run
        spec = self._prepare(run.launch_spec())
        head = self.server.backend
        base = run.settings.base or head
        assert spec.isolation is not None
        sources = dict.fromkeys(NAMES, spec.databases)
        written = dict.fromkeys(NAMES, spec.isolation)
        launches = count()
        # Whether made or not: what a killed run has left of it goes, too.
        own = copies_of(spec.databases, _OWN, spec.folder)
        made: dict[str, Databases] = {_OWN: own}

        def copies(arm: Arm) -> Arm:
            folder = spec.folder / arm.name
            folder.mkdir(exist_ok=True)
            with self._unblocked():
                made[arm.name] = copy_databases(sources[arm.name], arm.name, folder)
            files = copy_files(written[arm.name], arm.name, folder, next(launches))
            return replace(arm, databases=made[arm.name], isolation=files)

        try:
            arms = comparison_setup.prepare_arms(
                (run.settings.backends[base], run.settings.backends[head]),
                (base, head),
                spec,
                copies,
            )
            if arms.migration_difference:
                files = replace(spec.isolation, folder=str(spec.folder / "own-files"))
                files.make()
                written[NAMES[BASE]] = files
                arm = replace(arms.pair[BASE], databases=own, isolation=files)
                sources[NAMES[BASE]] = self._make_own(arms, arm, spec.databases)
            needs = needs_of(profile.request, run.settings.probe, profile.shape.connections)
            if comparison_setup.flags.against is Against.ITSELF:
                return calibrate(arms, profile, needs)
            return compare(arms, profile, needs, self._tolerances())
        except NotComparable as reason:
            seed = comparison_setup.flags.seed
            return ComparisonOutcome(
                ArmComparison(NAMES, seed, 0.0, not_compared=str(reason)), None
            )
        finally:
            with self._unblocked():
                drop_copies(made.values())

    def _make_own(self, arms: PreparedArms, base: Arm, of_head: Databases) -> Databases:
        """Have base's code make its databases; those that it has. Raises NotComparable where they
        can't be made, or don't hold the same rows."""
        try:
            aliases = make_own_databases(
                base,
                self._seed,
                arms.launch_spec,
                migrates=self._migrates,
                head_databases=of_head,
            )
            made = {alias: base.databases[alias] for alias in aliases}
            with self._unblocked():
                refuse_different_rows(made, of_head)
        except NotComparable as reason:
            raise NotComparable(f"{arms.migration_difference}; {reason}") from None
        return made

    def _tolerances(self) -> Mapping[Metric, float]:
        """What to judge by; requests/s always, and first."""
        return {Metric.RPS: self._run.settings.tolerance, **self._max_regressions}
