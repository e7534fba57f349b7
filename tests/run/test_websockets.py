"""WebSockets of a site, in a run."""

from __future__ import annotations

import json

import pytest

from tests.support.site import SETTINGS, Site

ASGI = """
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

from django.core.asgi import get_asgi_application

django = get_asgi_application()


SCHEME = b"http://"


async def echo(scope, receive, send):
    assert (await receive())["type"] == "websocket.connect"
    headers = dict(scope["headers"])
    assert headers[b"origin"] == SCHEME + headers[b"host"]
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "welcome"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": f"you said {event['text']}"})


async def application(scope, receive, send):
    await (echo if scope["type"] == "websocket" else django)(scope, receive, send)
"""

TEST = """
@pytest.mark.max_latency(p50="5s")
@pytest.mark.max_errors(0)
def test_echo(burst):
    result = burst("/ws/", websocket="hello", contains="you said hello")
    assert result.statuses == {101: result.ok}
"""


def add_websocket(site: Site, scheme: str = "http://") -> None:
    site.write("settings.py", f"{SETTINGS}\nASGI_APPLICATION = 'site_asgi.application'\n")
    site.write("site_asgi.py", ASGI.replace("http://", scheme))
    site.test(TEST)


@pytest.mark.matrix
def test_messages_go_around_under_servers_for_asgi(site: Site) -> None:
    add_websocket(site)
    backends = ["uvicorn", "hypercorn", "granian-asgi"]
    result = site.burst(
        "--djworkers-report=report.json",
        backends=",".join([*backends, "granian"]),
    )
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["websocket=: granian is a WSGI server, *"])
    bursts = json.loads((site.folder / "report.json").read_text())["bursts"]
    assert {one["record"]["result"]["server"]["backend"] for one in bursts} == {*backends}
    # More than one for each connection.
    assert all(one["figures"]["requests"] > 8 for one in bursts)


@pytest.mark.matrix
def test_messages_go_around_over_tls(site: Site) -> None:
    add_websocket(site, "https://")
    backends = ["uvicorn", "hypercorn", "daphne", "granian-asgi"]
    site.burst("--djworkers-tls", backends=",".join(backends)).assert_outcomes(passed=4)


@pytest.mark.matrix
def test_messages_go_around_on_a_unix_socket(site: Site) -> None:
    add_websocket(site)
    backends = ["uvicorn", "hypercorn", "daphne"]
    site.burst("--djworkers-unix-socket", backends=",".join(backends)).assert_outcomes(passed=3)
