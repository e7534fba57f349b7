"""A server that somebody else runs, and when it is drained."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.errors import ProbeError, ServerStartError
from pytest_djworkers.load.generator import Target
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape
from pytest_djworkers.server.external import QUICK_RESPONSES, ExternalServer
from pytest_djworkers.server.launch_hooks import NO_HOOKS, LaunchHooks
from pytest_djworkers.server.origin import Origin
from pytest_djworkers.server.protocol import AnyServer, BurstNeeds
from pytest_djworkers.server.response import Response
from pytest_djworkers.system.machine_lock import MachineLock
from tests.support.fault_server import Behaviour, Peer, always, answer, hangs, refusing, serve

OK = answer()
NEEDS = BurstNeeds(8, SentRequest("/"))


def test_the_first_address_that_accepts_is_the_target(tmp_path: Path) -> None:
    with serve(always(OK)) as peer:
        _, port = peer.address
        origin = Origin((("::1", port), peer.address), f"localhost:{port}")
        server = ExternalServer(origin, MachineLock(), folder=tmp_path, startup_timeout_s=10)
        server.launch(NEEDS)
        server.stop()
        assert server.target.address == peer.address
        assert peer.requests[0] == NEEDS.probe.encode(f"localhost:{port}")


def test_an_ipv6_address_is_in_brackets_in_a_url(tmp_path: Path) -> None:
    assert Target(("::1", 80), tmp_path).authority == "[::1]:80"
    assert Target(("127.0.0.1", 80), tmp_path).authority == "127.0.0.1:80"
    assert Target(("::1", 80), tmp_path, host="localhost:80").authority == "localhost:80"


def drained(
    behave: Behaviour, folder: Path, *, within_s: float = 10, hooks: LaunchHooks = NO_HOOKS
) -> ExternalServer:
    """A server that behaves like this, drained."""
    with serve(behave) as peer:
        host, port = peer.address
        origin = Origin(((host, port),), f"{host}:{port}")
        server = ExternalServer(
            origin, MachineLock(), folder=folder, startup_timeout_s=within_s, hooks=hooks
        )
        try:
            server.launch(NEEDS)
            assert len(peer.requests) >= QUICK_RESPONSES
        finally:
            server.stop()
    return server


def noting(calls: list[str]) -> LaunchHooks:
    """Hooks that note their calls, and accept each response."""

    def check(_server: AnyServer, request: str, response: Response) -> str:
        calls.append(f"{request} {response.status}")
        return ""

    return LaunchHooks(lambda server: calls.append(server.url), check)


def test_hooks_are_called_once_however_many_responses_it_takes(tmp_path: Path) -> None:
    said: list[str] = []
    hooks = noting(said)
    server = drained(always(OK), tmp_path, hooks=hooks)
    assert said == ["GET / 200", server.url]
    # One that is refused is never ready.
    refusing_hooks = replace(hooks, check_response=lambda *_: "not mine")
    with pytest.raises(ProbeError, match=r"^GET /: not mine$"):
        drained(always(OK), tmp_path, hooks=refusing_hooks)
    assert len(said) == 2


def test_an_idle_server_is_drained_at_once(tmp_path: Path) -> None:
    server = drained(always(OK), tmp_path)
    assert server.facts is not None
    assert server.facts.options == {"url": server.url}
    assert server.facts.launch_s < 5


def test_each_harmless_part_of_a_mix_is_probed(tmp_path: Path) -> None:
    parts = (
        Part("order", (SentRequest("/order", "POST"),)),
        Part("a", (SentRequest("/a"), SentRequest("/never"))),
        Part("b", (SentRequest("/b", "HEAD"),)),
        Part("missing", (SentRequest("/missing"),)),
    )
    needs = BurstNeeds.of_burst(
        Profile.of_parts("mix", parts, Shape()), 8, probe_path="/not/needed"
    )

    checked: list[str] = []

    async def behave(peer: Peer) -> None:
        while True:
            path = (await peer.request()).split()[1]
            body = b"" if path == b"/b" else b"ok"
            await peer.send(answer("404 Nope" if path == b"/missing" else "200 OK", body))

    with serve(behave) as peer:
        origin = Origin((peer.address,), "a.example")
        server = ExternalServer(
            origin, MachineLock(), folder=tmp_path, startup_timeout_s=10, hooks=noting(checked)
        )
        with pytest.raises(ProbeError, match="GET /missing returned 404 Nope"):
            server.launch(needs)
        server.stop()
        sent = [request.split()[1] for request in peer.requests[QUICK_RESPONSES - 1 :]]
    assert sent == [b"/a", b"/b", b"/missing"]
    assert checked == ["GET /a 200", "HEAD /b 200"]


def test_without_a_harmless_part_the_probe_is_a_path_of_its_own() -> None:
    post = Profile("post", SentRequest("/", "POST"))
    path = BurstNeeds(8, SentRequest("/up"), samples=True)
    assert BurstNeeds.of_burst(post, 8, probe_path="/up") == path
    any_response = BurstNeeds(8, SentRequest("/"), any_response=True)
    assert BurstNeeds.of_burst(post, 8, probe_path=None) == replace(any_response, samples=True)
    assert BurstNeeds.of_burst(None, 8, probe_path=None) == any_response


def test_a_slow_response_starts_the_count_of_quick_ones_again(tmp_path: Path) -> None:
    asked = 0

    async def behave(peer: Peer) -> None:
        nonlocal asked
        await peer.request()
        asked += 1
        if asked in {1, 5}:
            await peer.pause(0.3)
        await peer.send(OK)

    server = drained(behave, tmp_path)
    assert asked == 5 + QUICK_RESPONSES
    assert server.facts is not None
    assert server.facts.launch_s >= 0.6


def test_a_server_that_stays_busy_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ServerStartError, match=r"gave no 8 quick responses in a row within 0\.3s"):
        drained(hangs, tmp_path, within_s=0.3)


def test_an_unexpected_response_of_an_external_server_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProbeError, match="GET / returned 500 Oh, expected 2xx"):
        drained(always(answer("500 Oh")), tmp_path)


def test_a_server_that_refuses_connections_is_an_error_and_the_machine_is_freed(
    tmp_path: Path,
) -> None:
    with refusing() as (host, port):
        origin = Origin(((host, port),), f"{host}:{port}")
        server = ExternalServer(origin, MachineLock(), folder=tmp_path, startup_timeout_s=60)
        began = time.monotonic()
        with pytest.raises(ServerStartError) as error:
            server.launch(NEEDS)
        assert time.monotonic() - began < 20, "long before the start-up timeout"
        assert str(error.value) == (
            f"no server listens at {server.url} ([Errno 111] Connection refused): start it before"
            " the tests, or mend --djworkers-url"
        )
        free = MachineLock(wait_at_most_s=0.1)
        free.acquire()
        free.release()
