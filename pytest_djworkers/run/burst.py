"""The ``burst`` fixture's value: seed, launch, fire, compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from pytest_djworkers.baseline.against import compare_with_baseline, figures_beside, why_no_baseline
from pytest_djworkers.baseline.store import burst_key
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.choose_generator import choose_generator
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.load.masking import masked, query_hash
from pytest_djworkers.load.profile import BODILESS_METHODS, Profile, Request
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.markers import TestPlan
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.request.build import ARGUMENTS, make_request
from pytest_djworkers.request.unknown_arguments import refuse_unknown
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.server.diagnosis import first_refusal, why_requests_failed
from pytest_djworkers.server.protocol import AnyServer, BurstNeeds, check_alive
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.settings.shape import parse_shape
from pytest_djworkers.system.event_loop import without_running_loop
from pytest_djworkers.system.netstat import KernelCounts, read_counts
from pytest_djworkers.verdict.baseline_verdict import not_compared
from pytest_djworkers.verdict.rounds import Metric

_KNOWN = (*ARGUMENTS, "name", *SHAPE_OPTIONS)


class Burst:
    """Fires bursts for one test under one backend. Call it with the path to hit."""

    def __init__(
        self,
        run: RunContext,
        server: AnyServer,
        test: str,
        plan: TestPlan,
    ) -> None:
        self.server = server
        self._run = run
        self._test = test
        self.plan = plan
        self.records: list[BurstRecord] = []
        self.was_called = False
        self.causes: list[str] = []
        """What is known of the errors in the server's log, a line for each burst and cause."""
        self.log_says: dict[str, str] = {}
        """What Django refused first, as its log says it, by the name of a burst without an expected
        response."""

    @without_running_loop()
    def __call__(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        cookies: Mapping[str, str] | None = None,
        expect: int | Iterable[int] | None = None,
        contains: str | bytes | None = None,
        name: str | None = None,
        **shape: Any,
    ) -> BurstResult:
        """Fire one burst at ``path`` on a freshly launched server.

        ``expect`` is the status, or statuses, of an expected answer: any 2xx unless told
        otherwise. ``contains`` is what the body of each of them must have in it, as it is sent.
        ``name`` tells the bursts of a test apart. ``shape`` is ``connections``, ``duration``,
        ``timeout``, ``warmup`` and ``rate``.

        The result holds figures only: limits are judged when the test function returns.
        Raises BurstArgumentError, ServerError, GeneratorError, or BusyMachineError.
        """
        self.was_called = True
        refuse_unknown(shape, _KNOWN)
        settings = self._run.settings
        burst_shape, overridden = settings.shape_for(self.plan.shape, parse_shape(shape))
        request = make_request(
            path,
            method,
            headers=headers,
            body=body,
            json=json,
            query=query,
            cookies=cookies,
            expect=expect,
            contains=contains,
        )
        name = self._default_name(path, request) if name is None else _one_line(name)
        if any(record.result.name == name for record in self.records):
            raise BurstArgumentError(
                f"a second burst named {name!r} in one test: tell them apart with name="
            )
        record = self._measure(Profile(name, request, burst_shape), overridden)
        self.records.append(record)
        return record.result

    def _default_name(self, path: str, request: Request) -> str:
        """The method and the path; of a second query at that path, what tells it from others."""
        name = f"{request.method} {masked(path)}"
        is_taken = any(record.result.name == name for record in self.records)
        return f"{name} #{query_hash(path)}" if is_taken and "?" in path else name

    def _measure(self, profile: Profile, overridden: tuple[str, ...]) -> BurstRecord:
        """Fire one burst, and hold it against the stored one."""
        settings, name = self._run.settings, profile.name
        baseline, key = self._run.baseline, burst_key(self._test, name)
        stored = baseline.bursts.get(key)
        chosen = partial(
            choose_generator,
            settings.generator,
            profile,
            agents=settings.agents,
            stored=None if stored is None else stored.generator,
        )
        generator = chosen()
        if reason := generator.cannot(profile):
            raise BurstArgumentError(f"{name}: {reason}")
        self.launch(profile.request, profile.shape.connections)
        try:
            if self.server.interim:
                generator = chosen(interim=self.server.interim)
            before = read_counts()
            with self.server.watched() as watch:
                result = generator.fire(profile, self.server.target)
            check_alive(self.server, name)
            result = replace(_with_counts(result, before), usage=_usage(watch, result))
        except BaseException:
            self.server.stop()
            raise
        if log := self.server.log:
            if result.usage and result.usage.log_errors:
                self.causes.extend(f"{name}: {reason}" for reason in why_requests_failed(log))
            if not result.has_expected:
                self.log_says[name] = first_refusal(log)
        result = replace(result, server=self.server.facts, shared_run=self._run.is_shared)
        record = BurstRecord(
            self._test, result, overridden, other_settings=self.server.other_settings
        )
        limits = self._max_regressions
        if (limits or not baseline.is_empty) and not settings.save_baseline:
            record = replace(
                record,
                against_baseline=not_compared(why_no_baseline(baseline, key, result))
                if stored is None
                else compare_with_baseline(
                    result,
                    stored,
                    tolerance=settings.tolerance,
                    max_regressions=limits,
                ),
                stored=figures_beside(baseline, key, result),
            )
        return record

    @property
    def _max_regressions(self) -> Mapping[Metric, float]:
        """What each figure may lose; of requests/s as the configuration has it for all tests."""
        of_all = self._run.settings.max_regression
        return {**({} if of_all is None else {Metric.RPS: of_all}), **self.plan.regressions}

    @without_running_loop()
    def launch(self, request: Request | None = None, connections: int | None = None) -> None:
        """Launch the server anew, on seeded databases, and see one good reply from it.

        The probe is ``request`` itself where that changes nothing, else ``djworkers_probe``.
        """
        if connections is None:
            shape, _ = self._run.settings.shape_for(self.plan.shape, {})
            connections = shape.connections
        self.server.launch(needs_of(request, self._run.settings.probe, connections))


def needs_of(request: Request | None, path: str | None, connections: int) -> BurstNeeds:
    """Return what a burst of this request needs of a server.

    The probe is the request itself if that changes nothing, else ``djworkers_probe``, else any
    response at all from ``/`` will do.
    """
    if request is not None and request.method in BODILESS_METHODS:
        return BurstNeeds(connections, request)
    return BurstNeeds(connections, Request(path or "/"), any_response=path is None)


def _usage(watch: UsageWatch | None, result: BurstResult) -> Usage | None:
    if watch is None or result.began_at is None:
        return None
    return watch.usage(result.began_at, result.began_at + result.window_s)


def _with_counts(result: BurstResult, before: KernelCounts | None) -> BurstResult:
    """The result with what the kernel counted meanwhile."""
    now = read_counts()
    if before is None or now is None:
        return result
    added = now.since(before)
    return replace(result, connections=replace(result.connections, **asdict(added)))


def _one_line(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise BurstArgumentError(f"name={name!r} is not a line of text")
    return name
