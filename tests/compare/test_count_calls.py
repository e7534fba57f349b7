"""The calls of both arms: counted once each, with one worker, and judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.compare import count_calls as module
from pytest_djworkers.compare.arms import PreparedArms
from pytest_djworkers.compare.count_calls import (
    MOST_FUNCTIONS,
    NotCountedError,
    count_calls,
    most_changed,
)
from pytest_djworkers.compare.judge_calls import with_calls_judged
from pytest_djworkers.compare.procedure import ComparisonOutcome
from pytest_djworkers.compare.result import is_slower
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.profiling.code_changes import CodeChanges
from pytest_djworkers.server.call_counts import CallCounts, CalledFunction, PerRequest
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.sample_sender import NoSampleError
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rounds import Metric
from tests.support.comparisons import NEEDS, compared, prepared_arms
from tests.support.profiles import make_profile

STEP = CalledFunction("step", f"{Path.cwd()}/shop/views.py", 9, 100)
LIBRARY = CalledFunction("get", "/x/lib/python3.11/site-packages/django/http.py", 1, 10)


def counts(calls: float, *functions: CalledFunction, python: str = "3.11") -> CallCounts:
    return CallCounts(PerRequest(calls, calls, calls, 50), None, functions, python)


class Launches:
    """Servers that are launched, and whose calls are counted, in name only."""

    def __init__(self) -> None:
        self.specs: list[LaunchSpec] = []
        self.backends: list[Any] = []
        self.stopped = 0
        self.counts: Iterator[CallCounts | Exception] = iter(())
        self.strays = Path("none")

    def make(self, backend: Any, spec: LaunchSpec, _lock: object) -> Launches:
        self.backends.append(backend)
        self.specs.append(spec)
        return self

    def launch(self, _needs: object) -> None:
        """Do nothing."""

    def stop(self) -> None:
        self.stopped += 1

    def count(self, _server: object, _profile: object, requests: int) -> CallCounts:
        assert requests == 50
        found = next(self.counts)
        if isinstance(found, Exception):
            raise found
        return found


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> Launches:
    made = Launches()
    monkeypatch.setattr(module, "Server", made.make)
    monkeypatch.setattr(module, "count_calls_of", made.count)
    return made


@pytest.fixture
def arms(tmp_path: Path) -> PreparedArms:
    """Two arms whose users have set four workers."""
    prepared = prepared_arms(tmp_path)
    base, head = prepared.pair
    spec = replace(prepared.launch_spec, workers=4)
    pair = replace(base, backend=Granian(workers=4)), head
    return replace(prepared, pair=pair, launch_spec=spec)


def counted(arms: PreparedArms) -> tuple[CallCounts, CallCounts]:
    return count_calls(arms, make_profile(), NEEDS)


def test_both_arms_have_one_worker_and_one_hash_seed(
    arms: PreparedArms, launches: Launches
) -> None:
    launches.counts = iter([counts(110, STEP, LIBRARY), counts(120, replace(STEP, calls=110))])
    base, head = counted(arms)
    assert [one.file for one in base.functions] == ["shop/views.py", "django/http.py"]
    assert [one.file for one in head.functions] == ["shop/views.py"]
    assert list(most_changed((base, head))) == [
        (head.functions[0], 10),
        (base.functions[1], -10),
    ]
    assert launches.backends == [Granian(workers=1), Granian()]
    assert launches.stopped == 2
    assert all(one.counts_calls and not one.counts_queries for one in launches.specs)
    assert {one.workers for one in launches.specs} == {1}
    assert len({one.environment["PYTHONHASHSEED"] for one in launches.specs}) == 1


def test_a_function_that_was_renamed_or_moved_is_the_same(
    arms: PreparedArms, launches: Launches
) -> None:
    old = replace(STEP, name="Shop.walk")
    launches.counts = iter([counts(110, old), counts(110, STEP)])
    names = {("shop/views.py", "Shop.walk"): ("shop/views.py", STEP.name)}
    changes = CodeChanges(head_names=names)
    assert not list(most_changed(count_calls(arms, make_profile(), NEEDS, changes)))


def test_another_python_counts_otherwise(arms: PreparedArms, launches: Launches) -> None:
    launches.counts = iter([counts(1), counts(1, python="3.12")])
    with pytest.raises(NotCountedError, match=r"Python 3\.11 serves .* and 3\.12 .*: each calls"):
        counted(arms)


@pytest.mark.parametrize("error", [NoSampleError("no"), ServerStartError("no")])
def test_the_arm_that_cannot_be_counted_is_named(
    arms: PreparedArms, launches: Launches, error: Exception
) -> None:
    launches.counts = iter([counts(1), error])
    with pytest.raises(NotCountedError, match=": no"):
        counted(arms)
    assert launches.stopped == 2


def test_changed_functions_are_kept_before_frequent_ones(
    arms: PreparedArms, launches: Launches
) -> None:
    many = [replace(STEP, name=f"f{number}", calls=1000 - number) for number in range(60)]
    gone = replace(STEP, name="gone", calls=1)
    launches.counts = iter([counts(1, *many, gone), counts(1, *many)])
    base, head = counted(arms)
    assert base.functions[-1].name == "gone"
    assert len(base.functions) == MOST_FUNCTIONS
    assert len(head.functions) == MOST_FUNCTIONS - 1
    assert list(most_changed((base, head))) == [(replace(gone, file="shop/views.py"), -1)]
    assert not list(most_changed((base, base)))


OUTCOME = ComparisonOutcome(compared(1.0), None)
MORE = (counts(110, STEP), counts(120, replace(STEP, calls=110, line=12)))


def test_the_verdict_names_the_function_that_is_called_more_often() -> None:
    found = with_calls_judged(OUTCOME, 0.05, None, lambda: MORE)
    *others, judgement = found.comparison.judgements
    assert tuple(others) == OUTCOME.comparison.judgements
    assert (judgement.metric, judgement.verdict) == (Metric.CALLS, Verdict.REGRESSED)
    assert judgement.reason.endswith(
        f"beyond the tolerance of 5%; most changed: step ({STEP.file}:12) +10"
    )
    assert found.comparison.counts == found.history.counts == MORE


def test_calls_that_are_known_are_not_counted_again() -> None:
    def count() -> tuple[CallCounts, CallCounts]:
        raise AssertionError

    found = with_calls_judged(OUTCOME, 0.2, MORE, count)
    assert found.comparison.judgements[-1].verdict is Verdict.OK


def test_more_calls_are_not_slower() -> None:
    found = with_calls_judged(OUTCOME, 0.05, None, lambda: MORE).comparison
    assert found.verdict is Verdict.REGRESSED
    assert is_slower(found) is None


def test_calls_that_cannot_be_counted_are_not_compared() -> None:
    def count() -> tuple[CallCounts, CallCounts]:
        raise NotCountedError("base: no")

    found = with_calls_judged(OUTCOME, 0.2, None, count).comparison.judgements[-1]
    assert (found.verdict, found.without_figure) == (Verdict.NOT_COMPARED, 1)
    assert found.reason == "Python calls per request: base: no"
