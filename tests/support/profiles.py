"""Profiles, reports and results with the figures that a test is about."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import Connections, GeneratorFacts
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.profile import Profile, SentRequest, Shape
from pytest_djworkers.load.result import BurstResult

ROOT = SentRequest("/")


def make_profile(request: SentRequest = ROOT, **shape: Any) -> Profile:
    """A burst of this request; what the shape leaves out is small."""
    small: dict[str, Any] = {"connections": 4, "duration_s": 0.2, "timeout_s": 5, "warmup_s": 0}
    return Profile("burst", request, Shape(**small | shape))


def make_report(**figures: Any) -> AgentReport:
    """An agent's report; what is left out is nothing, and the counts given are of one part."""
    counted = {field.name for field in fields(PartReport)}
    counts = {name: figures.pop(name) for name in counted & figures.keys()}
    empty: dict[str, Any] = dict.fromkeys(["requested", "opened", "closed_idle", "served"], 0)
    empty |= {"resent": 0, "reconnects": 0, "outstanding": [], "gaps": []}
    empty |= {"lag": [], "per_connection": [0], "parts": [make_part_report(**counts)]}
    empty |= {"requests": [], "errors": [], "connect_max_s": 0.0, "in_service_s": 0.0}
    empty |= {"began_at": 0.0, "window_s": 1.0, "cpu_s": 0.0, "stopped_s": 0.0}
    given = empty | figures
    return AgentReport(**given | {"lag": Pairs.of(given["lag"])})


def make_part_report(**counts: Any) -> PartReport:
    """The counts of one part; what is left out is nothing."""
    whole = "ok late unexpected error unanswered in_flight outside after_window wrong_bodies"
    empty: dict[str, Any] = dict.fromkeys(whole.split(), 0)
    empty |= {"statuses": {}, "error_kinds": {}, "latency": [], "sizes": []}
    given = empty | counts
    names = {"latency", "first_bytes", "in_pieces"} & given.keys()
    histograms: dict[str, Any] = {name: Pairs.of(given[name]) for name in names}
    return PartReport(**given | histograms)


def make_result(**figures: Any) -> BurstResult:
    """A burst's result; what is left out is nothing, and the window is a second."""
    whole = "ok late unexpected error unanswered in_flight outside"
    empty: dict[str, Any] = dict.fromkeys(whole.split(), 0)
    empty |= {"profile": make_profile(connections=10), "window_s": 1.0}
    empty |= {"statuses": {}, "error_kinds": {}, "latency": Latency(()), "series": None}
    empty |= {"connections": Connections(requested=10)}
    empty |= {"generator": GeneratorFacts("asyncio", "1", agents=1, cpu_share=0.5)}
    return BurstResult(**empty | figures)


def latencies(*milliseconds: float) -> Latency:
    """A histogram of these samples."""
    counts: dict[int, int] = {}
    for sample in milliseconds:
        microseconds = round(sample * 1000)
        counts[microseconds] = counts.get(microseconds, 0) + 1
    return Latency.from_counts(counts)
