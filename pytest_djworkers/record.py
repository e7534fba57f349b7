"""One burst of one test, judged: what travels on the test report and into all outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from pytest_djworkers.baseline.conditions import conditions_of
from pytest_djworkers.baseline.figures import StoredFigures
from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.verdict.baseline_verdict import BaselineVerdict
from pytest_djworkers.verdict.judgement import Verdict


@dataclass(frozen=True, slots=True)
class BurstRecord:
    """A burst's result, with its test and what the stored baseline says of it."""

    test: str
    """The test's node id."""
    result: BurstResult
    overridden: tuple[str, ...] = ()
    """Flags that changed the shape this test asked for, in words."""
    against_baseline: BaselineVerdict | None = None
    """The verdict against the stored baseline; None without a baseline, or while one is saved."""
    stored: StoredFigures | None = None
    against_base: ArmComparison | None = None
    """The comparison of head with base; None in a run that compares no arms."""
    conditions: Mapping[str, Any] | None = field(default=None, compare=False)
    """Those of the result, where its request has lost its values on the way; else None."""
    other_settings: tuple[str, ...] = ()
    """Those of which the settings module makes others in the server than for the tests."""
    attempt: int = 1
    """Which attempt at the test it is of: more than 1 where it was run again."""

    @property
    def stored_under(self) -> Mapping[str, Any]:
        """What must be the same for another burst to be compared with this one."""
        return conditions_of(self.result) if self.conditions is None else self.conditions

    @property
    def verdict(self) -> Verdict | None:
        """What a comparison of either kind found; None where there was none."""
        found = self.against_base or self.against_baseline
        return None if found is None else found.verdict

    @property
    def test_function(self) -> str:
        """The test without its file, its classes and its backend."""
        _, name, others = self._test_parts
        return f"{name.rpartition('::')[2]}{others}"

    @property
    def group(self) -> tuple[str, str]:
        """What the rows of one endpoint share: the test without its backend, the burst."""
        return "".join(self._test_parts), self.result.name

    @property
    def _test_parts(self) -> tuple[str, str, str]:
        """The file, the test in it, and its parameters other than the backend."""
        file, _, test = self.test.partition("::")
        name, _, parameters = test.partition("[")
        others = f"-{parameters.removesuffix(']')}-".replace(f"-{self.backend}-", "-", 1)
        return f"{file}::", name, f"[{others.strip('-')}]" if others.strip("-") else ""

    @property
    def backend(self) -> str:
        """The backend's name."""
        return self.result.server.backend if self.result.server else ""

    def to_dict(self) -> dict[str, Any]:
        """Return simple types only, for JSON and for pytest-xdist.

        None of the request's values is in them, since other plugins write reports to files.
        """
        profile = self.result.profile
        shown = replace(profile, request=profile.request.without_values())
        # The conditions are of the values, too, so they are read before those are taken away.
        record = replace(
            self,
            result=replace(self.result, profile=shown),
            conditions=dict(self.stored_under),
        )
        data: dict[str, Any] = to_simple(record)
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the record that ``to_dict`` was called on, without the request's values."""
        return from_simple(data, cls)
