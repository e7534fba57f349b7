"""Runs of pytest with comparisons that are made up: they take no time, and launch nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.revisions import FLAGS
from tests.support.site import Site

PACED = """
import json
import sys
from pathlib import Path

sys.path.insert(0, {root!r})

from pytest_djworkers.run.budget import stopwatch
from pytest_djworkers.run import two_arms
from tests.support.paced import Clock, made_up_compare

stopwatch.CLOCK = Clock()
two_arms.compare = made_up_compare
two_arms.TwoArms._prepared_arms = lambda *_: None
"""
ROOT = Path(__file__).parents[2]
BLOCK_S = 10.0
"""The seconds that each block seems to take."""


class Clock:
    """A clock that goes on with each block, and at no other time."""

    now_s = 0.0

    def monotonic(self) -> float:
        """Return the time in seconds."""
        return Clock.now_s


@dataclass(frozen=True)
class Course:
    """The course of a made-up comparison."""

    blocks: int
    """The number of blocks after which it has its verdict."""
    ratio: float = 1.0
    verdict: str = "ok"


def made_up_compare(
    arms: object,
    profile: object,
    needs: object,
    tolerances: object,
    *,
    history: object,
    enough: object,
    **_: object,
) -> object:
    """Stand in for ``compare``: go on as the file ``courses.json`` says for the burst's name."""
    from pytest_djworkers.compare.history import History
    from pytest_djworkers.compare.procedure import ComparisonOutcome
    from pytest_djworkers.compare.result import ArmComparison
    from pytest_djworkers.verdict.judgement import Judgement, MoreBlocks, Verdict
    from pytest_djworkers.verdict.rounds import Metric
    from tests.support.comparisons import rounds_of
    from tests.support.results import RESULT

    name = profile.name  # type: ignore[attr-defined]  # a Profile
    course = Course(**json.loads(Path("courses.json").read_text())[name])
    blocks = list(history.blocks)  # type: ignore[attr-defined]  # a History
    estimate: Any = SimpleNamespace(ratio=course.ratio)
    ended = ""
    while len(blocks) < course.blocks and not ended:
        blocks.append(len(blocks))
        Clock.now_s += BLOCK_S
        judged: object = MoreBlocks(max(4, len(blocks) + 1), estimate)
        if len(blocks) >= course.blocks:
            judged = Verdict.OK
        ended = enough(len(blocks), {Metric.RPS: judged})  # type: ignore[operator]  # Enough
    with Path("turns").open("a") as file:
        file.write(f"{name} {len(blocks)}\n")
    verdict = Verdict.INCONCLUSIVE if ended else Verdict(course.verdict)
    reason = f"{len(blocks)} blocks{f'; {ended}' if ended else ''}"
    judgement = Judgement(verdict, Metric.RPS, reason, None, len(blocks), 0, 0, 0, ())
    comparison = ArmComparison(
        ("main", "the working tree"),
        seed=1,
        took_s=BLOCK_S * len(blocks),
        judgements=(judgement,),
        rounds=tuple(one for block in blocks for one in rounds_of(block, course.ratio)),
        ended_early=ended,
    )
    result = replace(RESULT, profile=profile)  # type: ignore[arg-type]  # a Profile
    return ComparisonOutcome(comparison, result, History(blocks=tuple(blocks)))


def paced(site: Site, courses: Mapping[str, Course], *arguments: str) -> pytest.RunResult:
    """Run pytest with comparisons that go on as these, by the name of the burst."""
    site.write("paced.py", PACED.format(root=str(ROOT)))
    site.write("courses.json", json.dumps({name: vars(one) for name, one in courses.items()}))
    site.write("turns", "")
    return site.pytest("-p", "paced", *FLAGS, *arguments)


def turns(site: Site) -> list[str]:
    """Return the turns of the last run in their order: the burst, and its blocks so far."""
    return (site.folder / "turns").read_text().splitlines()
