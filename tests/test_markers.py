"""Markers read into limits."""

from __future__ import annotations

import re

import pytest

from pytest_djworkers.errors import BurstArgumentError, MarkerError
from pytest_djworkers.limits.failed_requests import Count, MaxErrors, MaxTimeouts, Share
from pytest_djworkers.limits.latency import MaxLatency
from pytest_djworkers.limits.marker import Mark
from pytest_djworkers.limits.regression import MaxRegression
from pytest_djworkers.limits.throughput import MinRps
from pytest_djworkers.limits.usage import MaxCpuPerRequest, MaxMemory
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape
from pytest_djworkers.markers import has_limits, read_plan, refuse_unknown_parts, skip_reason
from pytest_djworkers.verdict.rounds import Metric
from tests.support.site import Site


def mark(name: str, *args: object, **kwargs: object) -> Mark:
    return Mark(name, args, kwargs)


# Reading.


def test_limits_are_read_in_the_order_in_which_they_are_judged() -> None:
    plan = read_plan(
        [
            mark("max_regression", "10%"),
            mark("max_latency", max="2s", p999="1s", p50="100ms"),
            mark("max_memory", "1.5GB"),
            mark("max_cpu_per_request", "500us"),
            mark("max_errors", 3),
            mark("max_timeouts", "1%"),
            mark("min_rps", 30_000),
            mark("parametrize", "x", [1]),
        ],
        "granian",
    )
    assert plan.limits == (
        MinRps(30_000),
        MaxTimeouts(Share(0.01)),
        MaxErrors(Count(3)),
        MaxLatency(50.0, 0.1),
        MaxLatency(99.9, 1),
        MaxLatency(100.0, 2),
        MaxCpuPerRequest(0.0005),
        MaxMemory(1.5e9),
        MaxRegression(Metric.RPS, 0.1),
    )
    assert plan.regressions == {Metric.RPS: 0.1}
    assert [limit.text for limit in plan.limits] == [
        "min_rps(30_000)",
        "max_timeouts(1%)",
        "max_errors(3)",
        "max_latency(p50=100ms)",
        "max_latency(p999=1s)",
        "max_latency(max=2s)",
        "max_cpu_per_request(500us)",
        "max_memory(1.5GB)",
        "max_regression(10%)",
    ]


def test_a_limit_on_regressions_may_ask_for_bodies_of_the_same_length() -> None:
    marks = [mark("max_regression", "10%"), mark("max_regression", "20%", metric="p95")]
    assert read_plan(marks, "granian").same_size is None
    asking = mark("max_regression", "5%", metric="errors", same_size=True)
    found = read_plan([*marks, asking], "granian").same_size
    wanted = MaxRegression(Metric.ERRORS, 0.05, same_size=True)
    assert found == wanted
    assert wanted.text == "max_regression(5%, metric='errors', same_size=True)"


def test_limits_on_parts_stand_beside_those_on_the_whole() -> None:
    plan = read_plan(
        [
            mark("min_rps", 5, part="GET /"),
            mark("min_rps", 10),
            mark("max_errors", "1%", part="GET /"),
            mark("max_timeouts", 3, part="GET /"),
            mark("max_latency", p50="1s", p99="2s", part="POST /cart"),
            mark("min_rps", 4, part="GET /"),
            mark("min_rps", 3, part="POST /cart", backend="granian"),
            mark("min_rps", 2, part="POST /cart"),
        ],
        "granian",
    )
    assert [limit.text for limit in plan.limits] == [
        "min_rps(10)",
        "min_rps(5, part='GET /')",
        "min_rps(3, part='POST /cart')",
        "max_timeouts(3, part='GET /')",
        "max_errors(1%, part='GET /')",
        "max_latency(p50=1s, part='POST /cart')",
        "max_latency(p99=2s, part='POST /cart')",
    ]


def test_a_mix_must_have_the_parts_that_limits_are_for() -> None:
    limits = read_plan([mark("min_rps", 5, part="GET /slwo"), mark("min_rps", 1)], "x").limits
    parts = tuple(Part(name, (SentRequest("/"),)) for name in ("GET /slow", "GET /"))
    mix = Profile.of_parts("mix of 2", parts, Shape())
    said = "mix of 2 has no part 'GET /slwo': its parts are 'GET /slow', 'GET /'"
    with pytest.raises(BurstArgumentError, match=re.escape(said)):
        refuse_unknown_parts(mix, limits)
    refuse_unknown_parts(mix, limits[:1])
    # Another burst of the test may be a mix that has it.
    refuse_unknown_parts(Profile("burst", SentRequest("/")), limits)


def test_the_limit_of_the_most_specific_backend_wins_then_that_of_the_closest_node() -> None:
    closest_first = [
        mark("min_rps", 10),
        mark("min_rps", 20, backend="granian"),
        mark("min_rps", 30, backend="granian"),
        mark("min_rps", 40),
    ]
    assert read_plan(closest_first, "granian").limits == (MinRps(20, backend="granian"),)
    assert read_plan(closest_first, "gunicorn-gevent").limits == (MinRps(10),)


FOUR = "granian:workers-4:blocking-threads-8"


@pytest.mark.parametrize("spec", [FOUR, "granian:blocking-threads=8:workers=4"])
def test_a_limit_for_a_backend_holds_for_all_its_settings_unless_a_whole_spec_has_one(
    spec: str,
) -> None:
    marks = [
        mark("min_rps", 10),
        mark("min_rps", 20, backend="granian"),
        mark("min_rps", 30, backend=spec),
        mark("min_rps", 40, backend="granian:workers=4"),
    ]
    for backend, bound in [(FOUR, 30), ("granian:workers-4", 40), ("granian", 20), ("daphne", 10)]:
        assert [limit.text for limit in read_plan(marks, backend).limits] == [f"min_rps({bound})"]


def test_a_bare_name_skips_all_settings_and_a_spec_only_its_own() -> None:
    assert skip_reason([mark("djworkers", skip=["granian"])], FOUR)
    assert skip_reason([mark("djworkers", skip=[FOUR])], FOUR)
    assert skip_reason([mark("djworkers", skip=[FOUR])], "granian:workers-4") is None
    assert skip_reason([mark("djworkers", only=["granian"])], FOUR) is None


def test_each_latency_is_a_figure_of_its_own() -> None:
    marks = [mark("max_latency", p50="1ms"), mark("max_latency", p50="9ms", p99="5ms")]
    assert read_plan(marks, "granian").limits == (
        MaxLatency(50.0, 0.001),
        MaxLatency(99.0, 0.005),
    )


def test_the_closest_burst_marker_wins_argument_by_argument() -> None:
    marks = [mark("burst", connections=5), mark("burst", connections=9, duration="2s")]
    assert read_plan(marks, "granian").shape == {"connections": 5, "duration": 2.0}


def test_markers_that_set_limits_are_told_from_others() -> None:
    assert has_limits([mark("burst"), mark("max_regression", "10%")])
    assert not has_limits([mark("burst"), mark("djworkers", only=["granian"]), mark("skip")])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (mark("min_rps"), "min_rps takes one value, but 0 are given"),
        (mark("min_rps", 1, 2), "min_rps takes one value, but 2 are given"),
        (mark("min_rps", 0), "min_rps(0): must be a number above 0"),
        (mark("min_rps", "30k"), "min_rps('30k'): must be a number above 0"),
        (mark("min_rps", True), "min_rps(True): must be a number above 0"),
        (mark("min_rps", float("nan")), "min_rps(nan): must be a number above 0"),
        (mark("min_rps", float("inf")), "min_rps(inf): must be a number above 0"),
        (
            mark("min_rps", 1, backends="granian"),
            "no argument 'backends' (it has: backend, of, part)",
        ),
        (
            mark("min_rps", rps=1),
            "no argument 'rps' (it has: backend, of, part): its limit has no name, min_rp",
        ),
        (mark("min_rps", 1, part=""), "min_rps(part=''): must be the name of a part of a mix"),
        (mark("max_latency", p50="1s", part=5), "max_latency(part=5): must be the name of a part"),
        (mark("max_memory", "1GB", part="GET /"), "max_memory is a limit on the whole burst, so"),
        (mark("max_regression", "1%", part="GET /"), "max_regression is a limit on the whole"),
        (
            mark("min_rps", 1, backend=["granian"]),
            "min_rps(backend=['granian']): must be the name of one backend; each can have a marker",
        ),
        (mark("min_rps", 1, backend="granien"), "unknown backend 'granien'; did you mean"),
        (mark("min_rps", 1, backend="granian:threads=2"), "granian has no setting 'threads'"),
        (mark("max_errors", "5"), "max_errors('5'): must be a whole number of 0 or more, or a"),
        (mark("max_errors", -1), "max_errors(-1): must be a whole"),
        (mark("max_memory", "big"), "max_memory('big'): 'big' is not a size such as 512MB"),
        (mark("max_memory"), "max_memory takes one value, but 0 are given"),
        (mark("max_cpu_per_request", "x"), "max_cpu_per_request('x'): 'x' is not a duration"),
        (mark("max_timeouts", 0.01), "max_timeouts(0.01): must be a whole"),
        (mark("max_latency"), "max_latency takes p50=, p90=, p95=, p99=, p999= and max="),
        (mark("max_latency", "1s"), "and max=, such as max_latency(p99='500ms')"),
        (mark("max_latency", backend="granian"), "max_latency takes p50="),
        (mark("max_latency", p42="1s"), "max_latency has no argument 'p42' (it has: backend, max"),
        (
            mark("max_latency", p50="1s", phase="last_byte"),
            "max_latency(phase='last_byte'): must be 'first_byte' or 'first_event'",
        ),
        (mark("max_latency", phase="first_byte"), "max_latency takes p50="),
        (mark("max_latency", p50="fast"), "max_latency(p50='fast'): 'fast' is not a duration"),
        (mark("max_regression", 0.1), "max_regression(0.1): 0.1 is not a share such as 10%"),
        (
            mark("max_regression", "10%", same_size="yes"),
            "max_regression(same_size='yes'): must be True or False",
        ),
        (mark("burst", 5), "burst takes connections=, duration=, timeout=, warmup="),
        (mark("burst", 5), "each by its name, such as burst(connections=100)"),
        (mark("burst", conections=5), "burst: conections is not one of connections"),
        (mark("burst", duration="x"), "burst: duration='x': 'x' is not a duration"),
    ],
)
def test_a_wrong_marker_is_an_error_that_says_why(wrong: Mark, said: str) -> None:
    with pytest.raises(MarkerError) as refusal:
        read_plan([wrong], "gunicorn-gevent")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            mark("djworkers", "granian"),
            "djworkers takes only=[...], skip=[...] and reason=: write djworkers(only=['granian'])",
        ),
        (mark("djworkers", ["granian", "daphne"]), "write djworkers(only=['granian', 'daphne'])"),
        (mark("djworkers", backend="granian"), "write djworkers(only=['granian'])"),
        (
            mark("djworkers", without=["granian"]),
            "djworkers takes only=[...], skip=[...] and reason=",
        ),
        (
            mark("djworkers", only="granian"),
            "djworkers(only='granian'): must be a list of backends: write only=['granian']",
        ),
        (mark("djworkers", skip=5), "djworkers(skip=5): must be a list of backends"),
        (mark("djworkers", skip=["granien"]), "unknown backend 'granien'"),
    ],
)
def test_a_wrong_djworkers_marker_is_an_error_that_says_why(wrong: Mark, said: str) -> None:
    with pytest.raises(MarkerError) as refusal:
        skip_reason([wrong], "granian")
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("chosen", "reason"),
    [
        (mark("djworkers"), None),
        (mark("djworkers", only=["granian", "gunicorn-gevent"]), None),
        (mark("djworkers", skip=["gunicorn-gevent"]), None),
        (mark("min_rps", 5), None),
        (
            mark("djworkers", only=["gunicorn-gevent"]),
            "not for granian: the test is for gunicorn-gevent only",
        ),
        (mark("djworkers", skip=["granian"]), "not for granian: the test says so"),
        (
            mark("djworkers", skip=["granian"], reason="it is too fast"),
            "not for granian: it is too fast",
        ),
        (
            mark("djworkers", only=["daphne"], reason="websockets"),
            "not for granian: websockets",
        ),
        (mark("djworkers", skip=["granian:workers=2"]), None),
        (
            mark("djworkers", only=["granian:workers=2"]),
            "not for granian: the test is for granian:workers-2 only",
        ),
    ],
)
def test_a_test_is_skipped_under_backends_that_its_marker_excludes(
    chosen: Mark, reason: str | None
) -> None:
    assert skip_reason([chosen], "granian") == reason


# As users meet them.


def test_wrong_markers_are_collection_errors_with_file_and_line(site: Site) -> None:
    wrong = {
        "test_argument.py": "@pytest.mark.max_latency(p42='1s')\ndef test_it(burst): pass",
        "test_value.py": "@pytest.mark.parametrize('x', [1])\n"
        "@pytest.mark.min_rps('fast')\ndef test_it(burst, x): pass",
        "test_backend.py": "@pytest.mark.djworkers(only=['granien'])\ndef test_it(burst): pass",
        "test_module.py": "pytestmark = pytest.mark.burst(duration='x')\ndef test_it(burst): pass",
    }
    for name, text in wrong.items():
        site.write(name, f"import pytest\n\n{text}\n")
    result = site.pytest("--djworkers=granian", "--strict-markers")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.assert_outcomes(errors=4)
    for said in (
        "test_argument.py:3: max_latency has no argument 'p42' (it has: *",
        "test_value.py:3: min_rps('fast'): must be a number above 0",
        "test_backend.py:3: unknown backend 'granien'; did you mean 'granian'? (known: *",
        "test_module.py:4: burst: duration='x': 'x' is not a duration *",
    ):
        result.stdout.fnmatch_lines([said])
    result.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="new in pytest 9")
def test_the_markers_are_registered_for_strict_mode(site: Site) -> None:
    site.write("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE=settings\npythonpath=.\nstrict=true")
    site.test(
        """
@pytest.mark.min_rps(1)
@pytest.mark.max_timeouts(1)
@pytest.mark.max_errors("1%")
@pytest.mark.max_latency(p50="1s", backend="granian")
@pytest.mark.max_cpu_per_request("1ms")
@pytest.mark.max_memory("1GB")
@pytest.mark.max_regression("10%")
@pytest.mark.burst(connections=1, duration="1s", timeout="1s", warmup=0, rate=5)
@pytest.mark.djworkers(only=["granian"])
def test_it(burst):
    pass
"""
    )
    for flags in ((), ("--djworkers=granian", "--djworkers-generator=asyncio")):
        site.pytest("--collect-only", "-q", *flags).stdout.fnmatch_lines(["1 test collected*"])


def test_markers_for_one_backend_do_not_apply_to_another(site: Site) -> None:
    site.test(
        """
pytestmark = pytest.mark.min_rps(1e9, backend="gunicorn-gevent")

@pytest.mark.min_rps(1)
@pytest.mark.djworkers(skip=["gunicorn-gevent"])
def test_one(burst):
    burst("/json")

@pytest.mark.min_rps(1)
def test_both(burst):
    burst("/json")
"""
    )
    result = site.burst("-rsf", backends="gunicorn-gevent,granian")
    result.assert_outcomes(passed=2, failed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [
            "GET /json: requests/s: *, limit min_rps(1_000_000_000), *",
            "*not for gunicorn-gevent: the test says so",
            "FAILED test_site.py::test_both[[]gunicorn-gevent[]]*",
        ]
    )


def test_a_marker_on_a_parameter_excludes_backends(site: Site) -> None:
    site.test(
        """
@pytest.mark.parametrize(
    "path",
    ["/json", pytest.param("/users", marks=pytest.mark.djworkers(skip=["granian"], reason="why"))],
)
def test_it(burst, path):
    burst(path)
"""
    )
    result = site.burst("-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED *not for granian: why"])


@pytest.mark.matrix
def test_a_wrong_marker_on_a_parameter_is_a_usage_error(site: Site) -> None:
    site.test(
        """
@pytest.mark.parametrize(
    "path", [pytest.param("/json", marks=pytest.mark.djworkers(skip=["granien"]))]
)
def test_it(burst, path):
    burst(path)
"""
    )
    result = site.burst()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: test_site.py:4: unknown backend 'granien'*"])
