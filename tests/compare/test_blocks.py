"""A block launches its arms together."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import pytest

from pytest_djworkers.compare import blocks as module
from pytest_djworkers.compare.arms import Arm
from pytest_djworkers.compare.blocks import ArmError, run_block
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.errors import ServerStartError
from tests.support.comparisons import NEEDS, prepared_arms
from tests.support.profiles import make_profile


@pytest.mark.parametrize("seed", range(4))  # the order of the launches is drawn
def test_both_arms_start_before_either_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    did: list[str] = []

    class NeverReady:
        def __init__(self, arm: Arm, *_: Any) -> None:
            self.arm = arm

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            did.append("stop")

        def start(self, _: object) -> None:
            did.append("start")

        def wait_until_ready(self) -> None:
            did.append("wait")
            raise ServerStartError("it is not ready")

    monkeypatch.setattr(module, "ArmServer", NeverReady)
    with pytest.raises(ArmError, match="not ready"):
        run_block(
            plan_block(seed, 0),
            prepared_arms(tmp_path),
            make_profile(connections=1),
            NEEDS,
            None,
        )
    assert did == ["start", "start", "wait", "stop", "stop"]
