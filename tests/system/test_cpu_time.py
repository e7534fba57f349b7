"""The CPU time of trees of processes, against simulated ones whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.system.cpu_time import CpuSnapshot, CpuTime, cpu_time_between

GUARD = 1


@dataclass
class Process:
    """One of a simulated tree, in whole ticks."""

    parent: int
    own: int = 0
    waited: int = 0
    is_zombie: bool = False


@dataclass
class Tree:
    """A guard, which takes in orphans, a server below it, and what that starts."""

    processes: dict[int, Process] = field(
        default_factory=lambda: {GUARD: Process(0), 2: Process(GUARD)}
    )
    truth: int = 0
    forgotten: int = 0
    """The CPU time of processes that nobody waited for."""
    _next: int = 3

    def work(self, pid: int, ticks: int) -> None:
        """Use the CPU."""
        if not self.processes[pid].is_zombie:
            self.processes[pid].own += ticks
            self.truth += ticks

    def fork(self, pid: int) -> None:
        """Start a child."""
        if not self.processes[pid].is_zombie:
            self.processes[self._next] = Process(pid)
            self._next += 1

    def exit(self, pid: int) -> None:
        """End; children become the guard's."""
        self.processes[pid].is_zombie = True
        for process in self.processes.values():
            if process.parent == pid:
                process.parent = GUARD

    def wait(self, pid: int, *, counts: bool) -> None:
        """Be collected, if it has ended."""
        process = self.processes[pid]
        if not process.is_zombie:
            return
        del self.processes[pid]
        if counts:
            self.processes[process.parent].waited += process.own + process.waited
        else:
            self.forgotten += process.own + process.waited

    def look(self) -> CpuSnapshot:
        """Return a snapshot of the processes that can be seen."""
        return {
            pid: CpuTime(0 if pid == GUARD else process.own, process.waited)
            for pid, process in self.processes.items()
        }


steps = st.lists(
    st.tuples(
        st.sampled_from(["work", "work", "fork", "exit", "wait", "look"]),
        st.integers(0, 20),
        st.integers(0, 50),
        st.booleans(),
    ),
    max_size=80,
)
Steps = list[tuple[str, int, int, bool]]


def simulate(steps: Steps, *, all_waited: bool) -> Iterator[tuple[Tree, float]]:
    """The tree at each look, and what the account says by then."""
    tree, total = Tree(), 0.0
    before = tree.look()
    for what, which, ticks, counts in [*steps, ("look", 0, 0, True)]:
        ours = sorted(tree.processes.keys() - {GUARD})
        pid = ours[which % len(ours)] if ours else None
        if what == "look":
            now = tree.look()
            total += cpu_time_between(before, now)
            before = now
            yield tree, total
        elif pid is None:
            continue
        elif what == "work":
            tree.work(pid, ticks)
        elif what == "fork":
            tree.fork(pid)
        elif what == "exit":
            tree.exit(pid)
        else:
            tree.wait(pid, counts=counts or all_waited)


@given(steps)
def test_nothing_is_lost_and_nothing_counts_twice_where_all_are_waited_for(steps: Steps) -> None:
    for tree, total in simulate(steps, all_waited=True):
        assert total == tree.truth


@given(steps)
def test_only_the_time_of_children_that_nobody_waited_for_can_be_missing(steps: Steps) -> None:
    last = 0.0
    for tree, total in simulate(steps, all_waited=False):
        assert last <= total
        assert tree.truth - tree.forgotten <= total <= tree.truth
        last = total


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [
        # A child that lived and died between two looks.
        ({2: CpuTime(5, 1)}, {2: CpuTime(6, 4)}, 4),
        # A worker that was seen before its master collected it.
        ({2: CpuTime(5, 0), 3: CpuTime(7, 0)}, {2: CpuTime(5, 8)}, 1),
        # One that nobody collects: what was known of it stays known.
        ({2: CpuTime(5, 0), 3: CpuTime(7, 0)}, {2: CpuTime(6, 0)}, 1),
        # An orphan whose parent went first.
        ({1: CpuTime(0, 3), 2: CpuTime(5, 1)}, {1: CpuTime(0, 10)}, 1),
    ],
)
def test_the_cpu_time_between_two_snapshots(
    before: CpuSnapshot, after: CpuSnapshot, used: float
) -> None:
    assert cpu_time_between(before, after) == used
