"""A block launches its arms together, and keeps the load of each on all of its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from pytest_djworkers.compare import launches
from pytest_djworkers.compare.arm_server import Fired
from pytest_djworkers.compare.arms import BASE, HEAD, Arm
from pytest_djworkers.compare.blocks import Block, run_block
from pytest_djworkers.compare.launches import ArmError
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.server.probe import ProbeResult
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sampled_queries import SampledQueries
from tests.support.comparisons import FACTS, NEEDS, SIZE, prepared_arms
from tests.support.profiles import make_profile, make_report
from tests.support.progress import Told

BUSY, IDLE = (0.5, 0.5), (0.0, 1.0)
"""The CPU seconds of two workers."""


class NeverReady:
    """A server that does not get ready; ``did`` has what all of them did."""

    did: list[str]

    def __init__(self, *_: Any) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.did.append("stop")

    def start(self, _: object) -> None:
        self.did.append("start")

    def wait_until_ready(self) -> None:
        self.did.append("wait")
        raise ServerStartError("it is not ready")


class Measured(NeverReady):
    """A server whose windows use this CPU time of its workers, in their order."""

    windows: dict[str, list[Sequence[float]]]
    facts = FACTS
    probed = ProbeResult(("127.0.0.1", 1), ())
    ended = None

    def __init__(self, arm: Arm, spec: LaunchSpec, _: Profile) -> None:
        self.left = iter(self.windows[arm.name])
        self._counts_queries = spec.counts_queries

    def wait_until_ready(self) -> None:
        pass

    def sample_queries(self, _: BurstNeeds) -> Mapping[str, SampledQueries]:
        if not self._counts_queries:
            return {}
        self.did.append("sample")
        return {"GET /": SampledQueries(None, "why")}

    def connect(self, _: object, *, under_load: bool = False) -> None:
        self.did.append("connect under load" if under_load else "connect")

    def begin(self, _: object) -> None:
        self.did.append("begin")

    def finish(self) -> Fired:
        self.did.append("finish")
        return self.fire()

    def fire(self, _: object = None) -> Fired:
        cpu_s = next(self.left, BUSY)
        report = make_report(ok=10, window_s=0.25, latency=[(1000, 10)])
        return Fired(report, sum(cpu_s), tuple(cpu_s), lost_worker=False)

    def refuse_strays(self) -> None:
        pass


def run(
    server: type,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int = 1,
    size: WindowSize = SIZE,
) -> Block:
    monkeypatch.setattr(launches, "ArmServer", server)
    arms, plan = prepared_arms(tmp_path), plan_block(seed, 0)
    return run_block(plan, arms, make_profile(connections=1), NEEDS, size)


@pytest.mark.parametrize("seed", range(4))  # the order of the launches is drawn
def test_both_arms_start_before_either_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    NeverReady.did = []
    with pytest.raises(ArmError, match="not ready"):
        run(NeverReady, tmp_path, monkeypatch, seed)
    assert NeverReady.did == ["start", "start", "wait", "stop", "stop"]


def test_an_arm_whose_worker_lost_its_connections_is_warmed_up_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Measured.did = []
    # Head's third window, after its warm-up, leaves a worker idle.
    base, head = (arm.name for arm in prepared_arms(tmp_path).pair)
    Measured.windows = {base: [], head: [BUSY, BUSY, BUSY, IDLE]}
    block = run(Measured, tmp_path, monkeypatch)
    assert block.unbalanced == {2}
    assert block.idle_workers == (0, 0)
    assert Measured.did.count("connect") == 3
    assert len(block.reports[BASE]) == len(block.reports[HEAD]) == SIZE.rounds_per_block


def test_arms_whose_view_waits_are_warmed_up_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Measured.did = []
    Measured.windows = {arm.name: [] for arm in prepared_arms(tmp_path).pair}
    size = replace(SIZE, waits=True, one_wave=True)
    block = run(Measured, tmp_path, monkeypatch, size=size)
    warm_up = ["connect", "connect", "begin", "begin", "finish", "finish"]
    assert Measured.did == ["start", "start", *warm_up, "stop", "stop"]
    assert len(block.rounds) == SIZE.rounds_per_block


def test_the_first_block_alone_counts_queries_of_both_arms_before_any_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launches, "ArmServer", Measured)
    arms = prepared_arms(tmp_path)
    arms = replace(arms, launch_spec=replace(arms.launch_spec, counts_queries=True))
    profile = make_profile(connections=1)
    for number, samples in ((0, 2), (1, 0)):
        Measured.did = []
        Measured.windows = {arm.name: [] for arm in arms.pair}
        block = run_block(plan_block(1, number), arms, profile, NEEDS, SIZE)
        assert Measured.did.count("sample") == samples
        assert [bool(one) for one in block.queries] == [samples > 0] * 2
        assert "connect" not in Measured.did[: 2 + samples]


def test_a_worker_that_was_idle_from_the_beginning_is_told_for_the_whole_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Measured.did = []
    base, head = (arm.name for arm in prepared_arms(tmp_path).pair)
    Measured.windows = {base: [IDLE] * 50, head: []}
    block = run(Measured, tmp_path, monkeypatch)
    assert block.unbalanced == frozenset()
    assert block.idle_workers == (1, 0)
    # At once first, since that is soon done. Then a busy worker leaves connections to the other.
    connected = [did for did in Measured.did if "connect" in did]
    assert sorted(connected) == ["connect"] * 2 + ["connect under load"] * 3
    assert connected[0] == "connect"


def test_a_block_reports_each_window_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, fired = Told(), list[int]()

    class Noted(Measured):
        def fire(self, _: object = None) -> Fired:
            fired.append(len(told.phases))
            return super().fire()

    Noted.did = []
    monkeypatch.setattr(launches, "ArmServer", Noted)
    arms, plan = prepared_arms(tmp_path), plan_block(1, 2)
    Noted.windows = {arm.name: [] for arm in arms.pair}
    arms = replace(arms, launch_spec=replace(arms.launch_spec, progress=told))
    run_block(plan, arms, make_profile(connections=1), NEEDS, SIZE)
    rounds = plan.rounds(SIZE.rounds_per_block)
    windows = [
        f"block 3, round {number} of {SIZE.rounds_per_block}: {arms.pair[arm].name}"
        for number, order in enumerate(rounds, 1)
        for arm in order
    ]
    assert told.names == ["block 3: launch", "block 3: warm-up", *windows, "block 3: stop"]
    assert [phase.is_counted for phase in told.phases] == [
        False,
        False,
        *[True] * len(windows),
        False,
    ]
    # Both warm-ups, then one phase for each window.
    assert fired == [2, 2, *range(3, len(windows) + 3)]
