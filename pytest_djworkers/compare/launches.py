"""The launch of both arms, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from pytest_djworkers.compare.arm_server import ArmServer
from pytest_djworkers.compare.arms import PreparedArms
from pytest_djworkers.compare.parts import PartsWatch
from pytest_djworkers.compare.plan import BlockPlan
from pytest_djworkers.errors import DjworkersError, GeneratorError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.server.protocol import BurstNeeds


class ArmError(Exception):
    """An arm can't be measured; ``arm`` is its number, and ``error`` what went wrong."""

    def __init__(self, arm: int, error: DjworkersError) -> None:
        super().__init__(str(error))
        self.arm = arm
        self.error = error


def launch_both(
    plan: BlockPlan,
    arms: PreparedArms,
    profile: Profile,
    needs: BurstNeeds,
    watch: PartsWatch,
    stack: ExitStack,
    *,
    is_profiled: bool = False,
) -> dict[int, ArmServer]:
    """Launch the servers of both arms at once; ``stack`` stops them.

    With ``is_profiled``, the stacks of their processes can be sampled. Raises ArmError.
    """
    servers: dict[int, ArmServer] = {}
    for arm in plan.launches:
        # The second arm's data are copied while the first server starts.
        with watch.timing("data_s"):
            fresh = arms.with_fresh_data(arms.pair[arm])
        with watch.timing("launch_s"), blaming(arm):
            spec = arms.spec_of(fresh, arms.ports[plan.ports[arm]], plan.hash_seed)
            # One launch of each arm tells their number, and several tell their time.
            counts = spec.counts_queries and (plan.number == 0 or is_profiled)
            spec = replace(spec, counts_queries=counts, is_profiled=is_profiled)
            servers[arm] = stack.enter_context(ArmServer(fresh, spec, profile))
            servers[arm].start(needs)
    # The start of an agent takes as much CPU time as that of a worker, and disturbs nobody now.
    with watch.timing("launch_s"):
        for arm, server in servers.items():
            with blaming(arm):
                server.wait_until_ready()
    return servers


@contextmanager
def blaming(arm: int) -> Iterator[None]:
    """Raise ArmError for whatever goes wrong with an arm's server."""
    try:
        yield
    except GeneratorError:
        # The generator failed: no arm is to blame.
        raise
    except DjworkersError as error:
        raise ArmError(arm, error) from None
