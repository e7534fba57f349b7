"""Measures a burst at one server, and holds the result against the stored baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from pytest_djworkers.baseline.against import compare_with_baseline, figures_beside, why_no_baseline
from pytest_djworkers.baseline.store import burst_key
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.limits.kinds import need_every_request
from pytest_djworkers.limits.protocol import Limit
from pytest_djworkers.limits.queries import MaxQueries
from pytest_djworkers.limits.relative import PLAIN, references_in
from pytest_djworkers.load.choose_generator import choose_generator
from pytest_djworkers.load.facts import Usage
from pytest_djworkers.load.generator import Generator
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.progress import Phase
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run.context import RunContext
from pytest_djworkers.run.measurement import MeasuredBurst, PlannedBurst
from pytest_djworkers.run.references import is_plain
from pytest_djworkers.run.sampled_burst import time_of_burst
from pytest_djworkers.run.site.log_in import LogIn
from pytest_djworkers.server.diagnosis import first_refusal, why_requests_failed
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.protocol import AnyServer, BurstNeeds, check_alive
from pytest_djworkers.server.sample_requests import sample_queries
from pytest_djworkers.server.sampled_queries import SampledQueries, with_queries
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.settings.profiling import Profiles
from pytest_djworkers.system.netstat import KernelCounts, read_counts
from pytest_djworkers.verdict.baseline_verdict import not_compared
from pytest_djworkers.verdict.rounds import Metric

_NOT_COUNTED = "--djworkers-no-queries turns the counting off"


class OneServer:
    """The measurement of a run without a comparison: a burst at the server of one test."""

    def __init__(
        self,
        run: RunContext,
        server: AnyServer,
        test: str,
        max_regressions: Mapping[Metric, float],
        limits: Iterable[Limit] = (),
        *,
        log_in: LogIn,
    ) -> None:
        self._run = run
        self._server = server
        self._test = test
        self._max_regressions = max_regressions
        limits = tuple(limits)
        self._references = references_in(limits)
        self._log_in = log_in
        self._launched: tuple[LaunchSpec, Profile, BurstNeeds] | None = None
        """The last launch, for a burst of this profile; None for a server that isn't ours."""
        self._every_request = need_every_request(limits)
        self._needs_queries = any(isinstance(limit, MaxQueries) for limit in limits)

    def measure(self, planned: PlannedBurst) -> MeasuredBurst:
        """Fire one burst, and compare it with the stored one if there is one."""
        if self._run.settings.origin is not None and PLAIN in self._references:
            raise BurstArgumentError(
                f"of={PLAIN!r}: a server that runs already doesn't have the plugin's own view. Name"
                " one of the site's paths"
            )
        measured = self.fire(planned)
        if self._run.settings.profiles is Profiles.ALWAYS:
            measured = self._with_time_spent(measured)
        measured = self._with_references(measured)
        settings, baseline = self._run.settings, self._run.baseline
        if settings.save_baseline or (baseline.is_empty and not self._max_regressions):
            return measured
        return replace(measured, record=self._against_baseline(measured.record))

    def fire(self, planned: PlannedBurst) -> MeasuredBurst:
        """Launch the server, and fire one burst at it. Raises as ``measure`` does."""
        server, profile = self._server, planned.profile
        generator = self._generator(profile)
        # Before the launch, which would be for nothing.
        if reason := generator.cannot(profile):
            raise BurstArgumentError(f"{profile.name}: {reason}")
        probe_path = self._run.settings.probe
        spec = server.prepare()
        profile = self._log_in(planned, spec).profile
        needs = BurstNeeds.of_burst(profile, profile.shape.connections, probe_path=probe_path)
        self._launched = None if spec is None else (spec, profile, needs)
        server.launch(replace(needs, plain_view=is_plain(profile)))
        try:
            if server.interim:
                # Only the response to the probe shows that the server sends interim ones.
                generator = self._generator(profile, interim=server.interim)
            sampled = self._sample_queries(profile, needs)
            result = with_queries(self._result(generator, profile), sampled)
        except BaseException:
            # It may still be at work on the burst, and would disturb the next one.
            server.stop()
            raise
        finally:
            self._run.leave_gateways()
        record = BurstRecord(
            self._test, result, planned.overridden, other_settings=server.other_settings
        )
        return MeasuredBurst(record, self._error_causes(result), self._first_refusal(result))

    def _with_references(self, measured: MeasuredBurst) -> MeasuredBurst:
        """Return a burst with the endpoints that the test's limits are relative to.

        Those that this run has not measured yet are measured now. Raises as ``measure`` does.
        """
        if not self._references or not measured.record.result.has_expected:
            return measured
        result = measured.record.result
        references = self._run.references.measure(
            self._references,
            self._server.backend,
            result,
            lambda profile: self.fire(PlannedBurst(profile)).record.result,
        )
        record = replace(measured.record, result=replace(result, references=references))
        return replace(measured, record=record)

    def _with_time_spent(self, measured: MeasuredBurst) -> MeasuredBurst:
        """Return the last burst with what its server spends the time on, in another launch."""
        assert self._launched is not None, "no burst was fired"
        # The site is not prepared again: rows can't be made twice in one test.
        self._server.stop()
        found = time_of_burst(self._run, self._server.backend, *self._launched)
        return replace(measured, record=replace(measured.record, time_spent=found))

    def _sample_queries(self, profile: Profile, needs: BurstNeeds) -> Mapping[str, SampledQueries]:
        """Count the queries of each part of a burst, before it is fired."""
        server, run = self._server, self._run
        if server.sampling is None:
            unknown = SampledQueries(None, self._why_not_counted())
            return {part.name: unknown for part in profile.all_parts}
        run.progress.begin(Phase("count queries"))
        roots = (run.settings.root,)
        return sample_queries(server, profile, needs, roots=roots, needed=self._needs_queries)

    def _why_not_counted(self) -> str:
        settings = self._run.settings
        if settings.origin is not None:
            return "the server is not one that this run starts (--djworkers-url)"
        return "the site has no databases" if settings.counts_queries else _NOT_COUNTED

    def _generator(self, profile: Profile, interim: tuple[int, ...] = ()) -> Generator:
        settings = self._run.settings
        stored = self._run.baseline.bursts.get(burst_key(self._test, profile.name))
        return choose_generator(
            settings.generator,
            profile,
            agents=settings.agents.local,
            gateways=self._run.gateways,
            stored=None if stored is None else stored.generator,
            interim=interim,
            every_request=self._every_request,
            unix_socket=settings.on_unix_socket,
        )

    def _result(self, generator: Generator, profile: Profile) -> BurstResult:
        """Fire the burst, and return its result with all that was seen of server and kernel."""
        server = self._server
        before = read_counts()
        # The counters are the machine's: what others do on it meanwhile is in them, too.
        with server.watched() as watch:
            result = generator.fire(profile, server.target, self._run.progress)
        check_alive(server, profile.name)
        return replace(
            _with_kernel_counts(result, before),
            usage=_usage(watch, result),
            server=server.facts,
        )

    def _error_causes(self, result: BurstResult) -> tuple[str, ...]:
        log = self._server.log
        if log is None or not result.usage or not result.usage.log_errors:
            return ()
        return tuple(f"{result.name}: {reason}" for reason in why_requests_failed(log))

    def _first_refusal(self, result: BurstResult) -> str:
        log = self._server.log
        each = [result.part(name) for name in result.parts] or [result]
        return "" if log is None or all(one.has_expected for one in each) else first_refusal(log)

    def _against_baseline(self, record: BurstRecord) -> BurstRecord:
        baseline, result = self._run.baseline, record.result
        key = burst_key(self._test, result.name)
        stored = baseline.bursts.get(key)
        if stored is None:
            verdict = not_compared(why_no_baseline(baseline, key, result))
        else:
            verdict = compare_with_baseline(
                result,
                stored,
                tolerance=self._run.settings.tolerance,
                max_regressions=self._max_regressions,
            )
        return replace(
            record, against_baseline=verdict, stored=figures_beside(baseline, key, result)
        )


def _usage(watch: UsageWatch | None, result: BurstResult) -> Usage | None:
    # The watch looks from before the warm-up to after the last response: only the window counts.
    if watch is None or result.began_at is None:
        return None
    return watch.usage(result.began_at, result.began_at + result.window_s)


def _with_kernel_counts(result: BurstResult, before: KernelCounts | None) -> BurstResult:
    """Return the result with what the kernel's counters have gained since ``before``."""
    now = read_counts()
    if before is None or now is None:
        return result
    added = now.since(before)
    return replace(result, connections=replace(result.connections, **asdict(added)))
