"""The record of a burst: the data that travels on the test report and into all outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pytest_djworkers.baseline.conditions import conditions_of
from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.baseline.store import burst_key
from pytest_djworkers.compare.bisection.result import Bisection
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.legend import Remark, Sign
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.profiling.time_spent import TimeSpent
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict


@dataclass(frozen=True, slots=True)
class LimitOutcome:
    """A limit of a test, and what became of it."""

    text: str
    """The limit as its marker says it."""
    miss: str = ""
    """The figure, the limit and the distance; empty if the limit is met."""


@dataclass(frozen=True, slots=True)
class BurstRecord:
    """The result of a burst, with its test and its verdicts."""

    test: str
    """The test's node id."""
    result: BurstResult
    overridden: tuple[str, ...] = ()
    """The flags that override the shape of the test, with what they override, in words."""
    against_baseline: BaselineVerdict | None = None
    """The verdict against the stored baseline; None without a baseline, or while one is saved."""
    stored: StoredFigures | None = None
    """The stored figures to show beside the result; None if there are none."""
    against_base: ArmComparison | None = None
    """The comparison of head with base; None in a run that compares no arms."""
    time_spent: TimeSpent | None = None
    """The things that the server spends the time on; None if nobody looked."""
    bisection: Bisection | None = None
    """The search for the commit that made the burst slower; None in a run that does not bisect."""
    conditions: Mapping[str, Any] | None = field(default=None, compare=False)
    """The conditions of the result, once its request has lost its values; None before."""
    other_settings: tuple[str, ...] = ()
    """The Django settings that have another value in the server than in the tests."""
    attempt: int = 1
    """The number of the attempt at the test: above 1 if the test was run again."""
    limits: tuple[LimitOutcome, ...] = ()
    """The limits that were judged, in the order in which they are shown."""
    failures: tuple[str, ...] = ()
    """The reasons why the burst fails its test, missed limits included."""

    @property
    def key(self) -> str:
        """The key that the burst is stored under."""
        return burst_key(self.test, self.result.name)

    @property
    def stored_under(self) -> Mapping[str, Any]:
        """The conditions that another burst must share to be compared with this one."""
        return conditions_of(self.result) if self.conditions is None else self.conditions

    @property
    def verdict(self) -> Verdict | None:
        """The verdict of the comparison with a base, else with the baseline; None without one."""
        found = self.against_base or self.against_baseline
        return None if found is None else found.verdict

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """The texts that a reader must know before believing the figures of this record's row."""
        # A row of a comparison has the arms' figures, and not those of one burst.
        about = self.against_base or self.result
        if self.attempt == 1:
            return about.remarks
        return (*about.remarks, Remark(Sign.RERUN, f"rerun (attempt {self.attempt})"))

    @property
    def test_function(self) -> str:
        """The name of the test without its file, its classes and its backend."""
        _, name, others = self._test_parts
        return f"{name.rpartition('::')[2]}{others}"

    @property
    def group(self) -> tuple[str, str]:
        """The key of the rows of one endpoint: the test without its backend, and the burst."""
        return "".join(self._test_parts), self.result.name

    @property
    def _test_parts(self) -> tuple[str, str, str]:
        """The file, the test in it, and its parameters other than the backend."""
        # A parameter may hold "::" or "[", so the node id is cut at the first of each.
        file, _, test = self.test.partition("::")
        name, _, parameters = test.partition("[")
        # pytest joins parameters with "-", and a backend's name has some itself, so the backend is
        # cut out as a whole.
        others = f"-{parameters.removesuffix(']')}-".replace(f"-{self.backend}-", "-", 1)
        return f"{file}::", name, f"[{others.strip('-')}]" if others.strip("-") else ""

    @property
    def backend(self) -> str:
        """The spec of the backend; empty if the server is not known."""
        return self.result.server.backend if self.result.server else ""

    def without_bodies(self) -> Self:
        """Return the record without what its requests sent, to be kept until the run ends."""
        return self._with_profile(self.result.profile.without_bodies())

    def without_values(self) -> Self:
        """Return the record without the request's values, to be shown, sent and written."""
        return self._with_profile(self.result.profile.without_values())

    def _with_profile(self, profile: Profile) -> Self:
        # The conditions are of the values, too, so they are read before those are taken away.
        return replace(
            self,
            result=replace(self.result, profile=profile),
            conditions=dict(self.stored_under),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return simple types only, for JSON and for pytest-xdist.

        None of the request's values is in them, since other plugins write reports to files.
        """
        data: dict[str, Any] = to_simple(self.without_values())
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the record that ``to_dict`` was called on, without the request's values."""
        return from_simple(data, cls)
