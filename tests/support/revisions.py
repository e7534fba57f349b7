"""A repository with two revisions of a small site, and pytest flags that compare them briefly."""

from __future__ import annotations

import psutil
import pytest

from tests.support.repository import commit, git, left
from tests.support.site import CONFTEST, Site

# Windows and blocks are short: tests check that the right things are compared, and not how well
# small differences are seen. Rounds are always the unit, because a handful of blocks could decide
# nothing whenever two launches happen to differ. And no round is thrown away because of what the
# machine does: a busy host could take all of so few.
SHORT_COMPARISONS = """
from math import inf

from pytest_djworkers.compare.discard import DiscardLimits
from pytest_djworkers.compare.numbers import ComparisonNumbers, ExplanationNumbers
from pytest_djworkers.compare.window_size import WindowSize
from pytest_djworkers.run.stash import RUN
from pytest_djworkers.verdict.rule import Rule


def pytest_sessionstart(session):
    setup = session.config.stash[RUN].comparison_setup
    setup.numbers = ComparisonNumbers(
        size=WindowSize(
            connections=4,
            responses=10,
            least_s=0.03,
            longest_s=5,
            drain_s=30,
            rounds_per_block=4,
            slow_s=60,
        ),
        warm_up_s=0.03,
        calibration_blocks=3,
        explanation=ExplanationNumbers(
            least_launches=4, most_launches=4, cpu_s=1.0, waiting_s=0.4, responses=1
        ),
        counted_requests=5,
        rule=Rule(looks=(2, 4), ok_level=0.5, change_level=0.5, change_blocks=2),
        discard=DiscardLimits(steal=inf, clock_jump_s=inf, generator_cpu=inf),
    )
"""


FLAGS = (
    "--djworkers=granian",
    "--djworkers-compare=main",
    "--djworkers-compare-connections=4",
    "--djworkers-workers=1",
    "--djworkers-seed=1",
    "--djworkers-generator=asyncio",
    "--djworkers-duration=300ms",
    "--djworkers-warmup=100ms",
    "--djworkers-no-profile",
)

EXPLAINING = tuple(one for one in FLAGS if one != "--djworkers-no-profile")
"""The same flags, with which a comparison that finds a change looks for its cause."""


ANY_SPEED = "--djworkers-tolerance=90%"
"""A flag for tests that are not about the verdict: on a busy machine, short blocks of the same code
have differed by a third."""


SLOWS = 'urlpatterns.append(path("slows", lambda request: sleep(request, {})))\n'


TESTS = """
@pytest.mark.min_rps(1_000_000)
def test_slows(burst):
    assert burst("/slows").ok > 100
"""


@pytest.fixture
def revisions(site: Site) -> Site:
    """A repository with the site on ``main``, in which a branch of it is checked out."""
    site.write("conftest.py", CONFTEST + SHORT_COMPARISONS)
    site.write(".gitignore", "__pycache__\n*.sqlite3\nhome\n")
    with (site.folder / "urls.py").open("a") as urls:
        urls.write(SLOWS.format(4))
    site.test(TESTS)
    git(site.folder, "init", "-q")
    commit(site.folder, "base")
    git(site.folder, "checkout", "-q", "-b", "feature")
    return site


def nothing_is_left(site: Site, before: tuple[str, str, str]) -> None:
    """Assert that no worktree, branch or process of the run is left."""
    assert left(site.folder)[:2] == before[:2]
    wanted = str(site.folder)
    own = psutil.Process().pid
    assert not [
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if process.pid != own and wanted in " ".join(process.info["cmdline"] or ())
    ]
