"""A block: launch and warm up both arms, then measure rounds of windows in alternating order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from pytest_djworkers.compare.arm_server import ArmServer
from pytest_djworkers.compare.arms import BASE, HEAD, NAMES, PreparedArms
from pytest_djworkers.compare.discard import DiscardLimits, Moment, reason_to_discard
from pytest_djworkers.compare.plan import BlockPlan
from pytest_djworkers.errors import DjworkersError, GeneratorError
from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.system.cpu_count import available_cpus
from pytest_djworkers.verdict.rounds import Round


class ArmError(Exception):
    """An arm can't be measured; ``arm`` is its number, and ``error`` what went wrong."""

    def __init__(self, arm: int, error: DjworkersError) -> None:
        super().__init__(str(error))
        self.arm = arm
        self.error = error


@dataclass(frozen=True, slots=True)
class Block:
    """The rounds of a block, and what head's burst result is made from."""

    rounds: tuple[Round, ...]
    head_reports: tuple[AgentReport, ...]
    head_server: ServerFacts
    worker_exits: tuple[str, ...] = ()
    """Why workers ended while they were measured, a line for each arm that lost one."""


def run_block(plan: BlockPlan, arms: PreparedArms, profile: Profile, needs: BurstNeeds) -> Block:
    """Run a block, and stop its servers.

    Only the request and the connections of the profile count; the times are those of
    ``arms.numbers``. Raises ArmError, TooSlow or GeneratorError.
    """
    # Both arms get their data before the first launch, so that copying disturbs no server.
    fresh = [arms.with_fresh_data(arm) for arm in arms.pair]
    with ExitStack() as stack:
        servers: dict[int, ArmServer] = {}
        for arm in plan.launches:
            spec = arms.spec_of(fresh[arm], arms.ports[plan.ports[arm]], plan.hash_seed)
            server = servers[arm] = ArmServer(fresh[arm], spec, profile, arms.numbers)
            stack.callback(server.stop)
            stack.enter_context(server.agents)
            with _blaming(arm):
                server.launch(needs)
        # Only now, when both run: a launch takes CPU time, and would spoil the other's warm-up.
        for arm in plan.launches:
            with _blaming(arm):
                servers[arm].warm_up()
        rounds = tuple(
            _run_round(plan.number, servers, order, arms.numbers.discard) for order in plan.rounds()
        )
        for arm, server in servers.items():
            with _blaming(arm):
                server.refuse_strays()
        head = servers[HEAD]
        return Block(rounds, tuple(head.reports), head.facts, _worker_exits(servers))


def _run_round(
    block: int, servers: Mapping[int, ArmServer], order: Sequence[int], limits: DiscardLimits
) -> Round:
    before = Moment.now()
    windows = {}
    for arm in order:
        with _blaming(arm):
            windows[arm] = servers[arm].measure_window()
    discarded = reason_to_discard(
        before,
        Moment.now(),
        [servers[arm].reports[-1] for arm in order],
        lost_worker=[NAMES[arm] for arm in (BASE, HEAD) if servers[arm].has_lost_worker()],
        cpus=available_cpus().of_one_process,
        limits=limits,
    )
    return Round(windows[BASE], windows[HEAD], block, discarded)


def _worker_exits(servers: Mapping[int, ArmServer]) -> tuple[str, ...]:
    return tuple(
        f"{NAMES[arm]}: {servers[arm].explain_worker_exits()}"
        for arm in (BASE, HEAD)
        if servers[arm].has_lost_worker()
    )


@contextmanager
def _blaming(arm: int) -> Iterator[None]:
    """Raise ArmError for whatever goes wrong with an arm's server."""
    try:
        yield
    except GeneratorError:
        # The generator failed: no arm is to blame.
        raise
    except DjworkersError as error:
        raise ArmError(arm, error) from None
