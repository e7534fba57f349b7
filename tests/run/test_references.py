"""The endpoints that limits are relative to: measured once, under the same server and load."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.errors import ProbeError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.load.stages import Stage
from pytest_djworkers.run.references import References
from tests.support.paced import Course, paced
from tests.support.results import RESULT
from tests.support.site import WITH_SESSIONS, Site


def test_a_reference_is_measured_once_for_each_server_and_load() -> None:
    fired: list[Profile] = []

    def fire(profile: Profile) -> BurstResult:
        fired.append(profile)
        return replace(RESULT, profile=profile)

    references = References()
    names = ("/ping", "plain")
    found = references.measure(names, "granian", RESULT, fire)
    assert [one.name for one in found.values()] == ["GET /ping", "the plain view"]
    assert references.measure(names, "granian", RESULT, fire) == found
    assert [profile.request.path for profile in fired] == ["/ping", "/__djworkers__/plain"]
    references.measure(["/ping"], "uvicorn", RESULT, fire)
    other = replace(RESULT, connections=replace(RESULT.connections, requested=3))
    references.measure(["/ping"], "granian", other, fire)
    assert [profile.shape.connections for profile in fired[2:]] == [8, 3]


@pytest.mark.parametrize(
    "pace", [{"rate": 50.0}, {"think_s": 0.2}, {"stages": (Stage(4.0, 4), Stage(6.0, 8))}]
)
def test_a_reference_is_measured_in_a_closed_loop(pace: dict[str, Any]) -> None:
    fired: list[Profile] = []

    def fire(profile: Profile) -> BurstResult:
        fired.append(profile)
        return RESULT

    shape = replace(RESULT.profile.shape, **pace)
    paced = replace(RESULT, profile=replace(RESULT.profile, shape=shape))
    References().measure(["/ping"], "granian", paced, fire)
    (profile,) = fired
    assert profile.shape == RESULT.profile.shape


def test_a_burst_that_the_generator_held_back_is_fired_again() -> None:
    busy = replace(RESULT.generator, cpu_share=1.0)
    free = replace(RESULT, generator=replace(RESULT.generator, cpu_share=0.1))
    results = [replace(RESULT, generator=busy), free]
    found = References().measure(["/"], "granian", RESULT, lambda profile: results.pop(0))
    assert not found["/"].is_generator_bound
    results = [replace(RESULT, ok=ok, generator=busy) for ok in (5, 9, 7, 1)]
    found = References().measure(["/"], "granian", RESULT, lambda profile: results.pop(0))
    assert found["/"].is_generator_bound
    assert found["/"].rps == replace(RESULT, ok=9).rps
    assert len(results) == 1


def test_a_reference_without_an_expected_response_is_an_error() -> None:
    nothing = replace(RESULT, ok=0, late=0)
    with pytest.raises(ProbeError, match=r"which a limit is relative to, had no expected response"):
        References().measure(["/ping"], "granian", RESULT, lambda profile: nothing)


def test_limits_are_relative_to_the_site_and_to_the_plain_view(site: Site) -> None:
    site.test(
        """
@pytest.mark.min_rps("0.1%", of="/sleep/2")
@pytest.mark.max_cpu_per_request("1000x", of="plain")
def test_passes(burst):
    burst("/users")

@pytest.mark.min_rps("1000x", of="plain")
def test_fails(burst):
    burst("/users")

@pytest.mark.min_rps("1x", of="/nowhere")
def test_no_such_path(burst):
    burst("/users")
"""
    )
    site.write("settings.py", WITH_SESSIONS)
    result = site.burst("--djworkers-report=load.json", backends="uvicorn")
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*limit min_rps('1000x', of='plain'), which is * here, * short"])
    result.stdout.fnmatch_lines(["uvicorn: GET /nowhere returned 404 *", "*(of='/nowhere')"])
    bursts = json.loads((site.folder / "load.json").read_text())["bursts"]
    references = bursts[0]["record"]["result"]["references"]
    assert list(references) == ["/sleep/2", "plain"]
    assert all(one["rps"] > 0 for one in references.values())
    # The plain view is there for its own burst alone.
    assert {one["record"]["result"]["profile"]["request"]["path"] for one in bursts} == {"/users"}


def test_a_server_that_runs_already_has_no_plain_view(site: Site) -> None:
    site.test('@pytest.mark.min_rps("1x", of="plain")\ndef test_it(burst):\n    burst("/")')
    result = site.pytest("--djworkers-url=http://127.0.0.1:9", "--djworkers-duration=1s")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*of='plain': a server that runs already doesn't have*"])


def test_a_comparison_checks_no_such_limit_and_measures_no_reference(revisions: Site) -> None:
    revisions.test(
        '@pytest.mark.min_rps("1x", of="/nowhere")\ndef test_it(burst):\n    burst("/json")\n'
    )
    result = paced(revisions, {"GET /json": Course(4)}, "-v")
    result.assert_outcomes(passed=1)
