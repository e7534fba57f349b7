"""A mix in a run: what is sent, what is judged, and what is refused before the server starts."""

from __future__ import annotations

from tests.support.site import URLS, Site

MIXED_URLS = (
    URLS
    + """
def book(request, number):
    return JsonResponse({"number": number}, status=200 if number < 3 else 404)


def order(request):
    return JsonResponse({}, status=201 if request.body == b'{"a": 1}' else 400)


urlpatterns += [path("book/<int:number>", book), path("order", order)]
"""
)
TESTS = """
from pytest_djworkers import BurstArgumentError, ProbeError, Request

ORDER = Request("/order", method="POST", json={"a": 1}, expect=201, name="an order")


@pytest.mark.max_latency(p50="5s", part="an order")
@pytest.mark.min_rps(0.1, part="GET /book/1 and 1 more")
def test_passes(burst):
    result = burst(mix={"/json": 4, Request(paths=["/book/1", "/book/2"]): 2, ORDER: 1}, seed=7)
    assert not result.errors, result.statuses
    assert [*result.parts] == ["GET /json", "GET /book/1 and 1 more", "an order"]
    assert {*result.part("an order").statuses} == {201}
    # What is in flight at the end of a short window doesn't count.
    assert abs(result.parts["GET /json"].share - 4 / 7) < 0.2
    assert result.profile.seed == 7


@pytest.mark.min_rps(1e6, part="an order")
@pytest.mark.min_rps(0.1, part="GET /json")
def test_misses(burst):
    burst(mix={"/json": 1, ORDER: 1})


def test_a_part_fails(burst):
    burst(mix={"/json": 1, Request("/order", method="POST"): 1})


@pytest.mark.min_rps(1, part="GET /jsonn")
def test_refused(burst):
    with pytest.raises(BurstArgumentError, match="its parts are 'GET /json', 'an order'"):
        burst(mix={"/json": 1, ORDER: 1})
    burst("/json")


def test_a_typing_error_in_a_path(burst):
    with pytest.raises(ProbeError, match="GET /book/3 returned 404 Not Found"):
        burst(mix={"/json": 1, "/book/3": 1})
    for mix in ({"/json": 0}, "mix.json", {}):
        with pytest.raises(BurstArgumentError):
            burst(mix=mix)
    burst("/json", name="after it")
"""


def test_a_mix_has_figures_and_limits_for_each_part(site: Site) -> None:
    site.write("urls.py", MIXED_URLS)
    site.test(TESTS)
    result = site.burst()
    result.assert_outcomes(passed=2, failed=3)
    result.stdout.fnmatch_lines(
        [
            "mix of 2: requests/s: *, limit min_rps(1_000_000, part='an order'), * short*",
            "mix of 2: POST /order: no expected response (2xx): * status 400",
            "no burst of this test has a part 'GET /jsonn', which a limit is for: their parts are"
            " 'GET /json'",
            "mix of 3  (test_passes)",
            "  granian *",
            "    GET /json *",
            "    GET /book/1 and 1 more *",
            "    an order *",
        ]
    )
