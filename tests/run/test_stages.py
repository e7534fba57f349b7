"""Think time and stages in a run: what is fired, shown and refused."""

from __future__ import annotations

from tests.support.site import Site

TESTS = """
from pytest_djworkers import BurstArgumentError

STAGES = [("500ms", 2), ("1s", 6)]


@pytest.mark.burst(duration="1s", think="20ms")
def test_stages(burst):
    result = burst("/json", stages=STAGES)
    assert [one.name[-13:] for one in result.stages] == ["2 connections", "6 connections"]
    assert not result.errors and all(one.rps for one in result.stages)
    assert result.profile.shape.think_s == 0.02
    assert result.connections.requested == 6


@pytest.mark.burst(connections=4, duration="500ms", think="30ms")
def test_refused(burst):
    for said, shape in {
        "stages: 0 stages are not 1 to 100": {"stages": []},
        "duration= can't be given beside": {"stages": STAGES, "duration": 5},
        "rate=5 and think=20ms can't be": {"rate": 5, "think": "20ms"},
        "rate=5 and think=1s can't be": {"stages": [("1s", "5/s")], "think": "1s"},
    }.items():
        with pytest.raises(BurstArgumentError, match=said):
            burst("/json", **shape)
    assert burst("/json", think=0).profile.shape.think_s is None
"""


def test_stages_and_think_times_are_fired_shown_and_refused(site: Site) -> None:
    site.test(TESTS)
    result = site.pytest(
        "--djworkers=granian",
        "--djworkers-workers=1",
        "--djworkers-generator=asyncio",
        "--djworkers-warmup=100ms",
        "--djworkers-agents=2",
        "--djworkers-report=load.md",
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*bursts of 4 to 2,000 connections for 500ms to 1s *, think time 20ms to 30ms",
            "  granian *",
            "    stage 1: 2 connections *",
            "    stage 2: 6 connections *",
        ]
    )
    page = (site.folder / "load.md").read_text()
    assert "think time 20ms, 2 stages: 2 connections to 6 connections" in page
    assert "· stage 2: 6 connections" in page
