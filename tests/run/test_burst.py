"""``burst()``: its arguments, what it fires at, and how it fails when the site can't serve."""

from __future__ import annotations

import time
from xml.etree import ElementTree as ET

import pytest

from pytest_djworkers.load.wrk import find_wrk
from tests.support.fault_server import always, answer, serve
from tests.support.site import CONFTEST, GENTLE, SETTINGS, URLS, Site

# An external server has databases of its own.
NO_DATABASE = """

@pytest.fixture(scope="session")
def django_db_setup():
    raise AssertionError("nobody needs one here")
"""


PROBED_URLS = (
    URLS
    + """
seen = []


def probed(request):
    seen.append(request.path)
    return JsonResponse({})


def posted(request):
    good = seen == ["/probed"] and request.method == "POST" and request.body == b'{"a": 1}'
    return JsonResponse({}, status=201 if good else 500)


urlpatterns += [path("probed", probed), path("posted", posted)]
"""
)


def test_bursts_of_one_test_have_names_figures_and_expected_statuses(site: Site) -> None:
    site.write("urls.py", PROBED_URLS)
    site.test(
        """
from pytest_djworkers import BurstArgumentError

def test_names(burst):
    assert burst("/json").name == "GET /json"
    assert burst("/json?page=1").name == "GET /json?page=..."
    other = burst("/json?page=2").name
    assert other.startswith("GET /json?page=... #") and len(other) == 28
    assert burst("/json", name="a third").name == "a third"
    for path, name in (("/json", None), ("/users", "a third")):
        said = "this test has fired a burst named .* already: tell them apart"
        with pytest.raises(BurstArgumentError, match=said):
            burst(path, name=name)
    for name in ("", " ", "two\\nlines", 5):
        with pytest.raises(BurstArgumentError, match="must be one line of printable text"):
            burst("/json", name=name)
    with pytest.raises(BurstArgumentError, match="has no argument conections=; did you mean conn"):
        burst("/users", conections=5)

def test_expect(burst):
    assert not burst("/json").errors
    assert burst("/redirects", expect=302).ok
    assert burst("/created", expect=[200, 201]).ok

@pytest.mark.burst(connections=3, timeout="1s")
def test_post(burst):
    result = burst("/posted", method="POST", json={"a": 1}, expect=201, timeout="1.5s")
    assert result.ok and not result.errors, result.statuses
    assert result.profile.shape.timeout_s == 1.5
"""
    )
    result = site.burst("-o", "djworkers_probe=/probed")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["POST /posted  (test_post)"])


def test_an_external_server_is_measured(site: Site) -> None:
    site.test(
        """
from pytest_djworkers import BurstArgumentError

def test_it(burst, djworkers_server):
    result = burst("/json")
    assert result.ok and not result.errors
    assert (result.server.backend, result.usage) == ("url", None)
    assert burst.server is djworkers_server
    assert djworkers_server.url == result.server.options["url"]

    said = "user= needs a server of the plugin's own: .* give the session with cookies="
    with pytest.raises(BurstArgumentError, match=said):
        burst("/json", user="alice", name="with a user")
    # No token is sent: whether the site asks for one isn't known.
    burst("/json", form={"a": "b"})

@pytest.mark.max_memory("1GB")
@pytest.mark.max_queries(9)
def test_memory(burst):
    burst("/json")
"""
    )
    site.write("conftest.py", CONFTEST + NO_DATABASE)
    with serve(always(answer()), ("::1", 0)) as server:
        url = f"http://[::1]:{server.address[1]}"
        result = site.pytest(f"--djworkers-url={url}", *GENTLE)
        # The second line of each request, as our client sends it, is its Host header.
        hosts = {line for request in server.requests for line in request.split(b"\r\n")[1:2]}
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            f"djworkers: the server at {url}, as it is; generator asyncio",
            "*memory: the server's processes could not be measured, so max_memory(1GB) can't pass*",
            "*queries: not known because the server is not one that this run starts"
            " (--djworkers-url), so max_queries(9) can't pass*",
            "  url *",
        ]
    )
    result.stdout.fnmatch_lines(["FAILED test_site.py::test_memory[[]url[]]*"])
    assert hosts == {b"Host: " + url.removeprefix("http://").encode()}


@pytest.mark.matrix
def test_control_characters_from_a_server_do_not_reach_the_terminal(site: Site) -> None:
    site.test("""
def test_body(burst):
    burst("/json")

def test_fixture(djworkers_server):
    pass
""")
    said = answer("500 Oh\x9b2J", b"\x1b]0;title\x07\xe2\x80\xae", "Location: \x9b2J")
    with serve(always(said)) as server:
        url = "http://{}:{}".format(*server.address)
        result = site.pytest(
            f"--djworkers-url={url}", "-o", "djworkers_probe=/x", "--junitxml=junit.xml", *GENTLE
        )
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines([r"*returned 500 Oh* *: \x1b[]]0;title\x07\u202e"])
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & {*str(result.stdout)}
    ET.parse(site.folder / "junit.xml")  # ours


@pytest.mark.skipif(find_wrk() is None, reason="wrk is not installed")
def test_the_generator_is_one_that_can_judge_the_limits(site: Site) -> None:
    site.test(
        """
@pytest.mark.burst(connections=8, duration=1, warmup="100ms")
class Test:
    @pytest.mark.max_timeouts("50%")
    def test_timeouts(self, burst):
        assert burst("/json").generator.name == "asyncio"

    @pytest.mark.max_latency(p50="1s")
    def test_latency(self, burst):
        assert burst("/json").generator.name == "asyncio"

    @pytest.mark.max_regression("90%", metric="p95")
    def test_p95(self, burst):
        assert burst("/json").generator.name == "asyncio"

    @pytest.mark.min_rps(1)
    def test_rps(self, burst):
        assert burst("/json").generator.name == "wrk"
"""
    )
    site.pytest("--djworkers=granian", "--djworkers-workers=1").assert_outcomes(passed=4)


def test_wrk_is_not_used_for_a_server_that_sends_early_hints(site: Site) -> None:
    site.test("""
def test_it(burst):
    burst("/json", duration=1)
""")
    with serve(always(b"HTTP/1.1 103 Early Hints\r\n\r\n" + answer())) as server:
        url = "http://localhost:{1}".format(*server.address)
        asked = *GENTLE[1:2], *GENTLE[3:], "--djworkers-timeout=1"
        result = site.pytest(f"--djworkers-url={url}", *asked, "--djworkers-generator=wrk")
        result.stdout.fnmatch_lines(["*wrk can't fire 'GET /json': it counts the interim 103*"])


def test_a_server_that_dies_during_a_burst_fails_its_test(site: Site) -> None:
    dies = """
def dies(request):
    import os, signal
    os.kill(os.getppid(), signal.SIGKILL)
    return JsonResponse({})


urlpatterns += [path("dies", dies)]
"""
    site.write("urls.py", URLS + dies)
    site.test(
        """
def test_without_a_limit(burst):
    burst("/dies", method="POST")
"""
    )
    result = site.burst()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*granian died during POST /dies: exit status -9*"])


def test_no_burst_is_fired_at_a_path_with_an_unexpected_response(site: Site) -> None:
    site.test(
        """
def test_missing(burst):
    burst("/missing")

def test_redirects(burst):
    burst("/redirects")

def test_fails(burst):
    burst("/fails")

def test_expects_another(burst):
    burst("/json", expect=201)
"""
    )
    result = site.burst()
    result.assert_outcomes(failed=4)
    result.stdout.fnmatch_lines(
        [
            "granian: GET /missing returned 404 Not Found, expected 2xx*",
            "granian: GET /redirects returned 302 Found to /json, expected 2xx*",
            "granian: GET /fails returned 500 Internal Server Error, expected 2xx*",
            "the last error in its log: ZeroDivisionError: *, at */urls.py:* in fails",
            "The end of its log:",
            "    Traceback (most recent call last):",
            "    ZeroDivisionError: this view always fails",
            "granian: GET /json returned 200 OK, expected 201*",
        ]
    )
    result.stdout.no_fnmatch_line("*- djworkers -*")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "settings.py",
            f"{SETTINGS}\nimport os\n\nif 'DJWORKERS_BRIEF' in os.environ:\n    import gone\n",
            "    ModuleNotFoundError: No module named 'gone'",
        ),
        ("urls.py", "import gone\n", "    ModuleNotFoundError: No module named 'gone'"),
    ],
    ids=["settings", "urls"],
)
@pytest.mark.parametrize(
    "backend", ["granian", pytest.param("gunicorn-gevent", marks=pytest.mark.matrix)]
)
def test_a_site_that_cant_start_fails_its_test_at_once_with_its_log(
    site: Site, backend: str, name: str, text: str, said: str
) -> None:
    site.write(name, text)
    site.test("def test_json(burst):\n    burst('/json')")
    began = time.monotonic()
    result = site.burst(backends=backend)
    assert time.monotonic() - began < 50  # it takes 3 s on a quiet machine
    result.assert_outcomes(failed=1)
    error = said.strip()
    where = f"*/{name}:* in <module>"
    result.stdout.fnmatch_lines(
        [
            f"{backend}*",
            f"the * error in its log: {error}, at {where}",
            "its log says \"No module named 'gone'\": *",
            "The end of its log:",
            said,
        ]
    )
