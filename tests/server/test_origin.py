"""The URL of an external server: its addresses, and the machines that are allowed."""

from __future__ import annotations

import socket

import pytest

from pytest_djworkers.load.route import Route, Trust
from pytest_djworkers.server.origin import Origin


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8000", Origin((("127.0.0.1", 8000),), "127.0.0.1:8000")),
        ("http://127.0.0.1:8000/", Origin((("127.0.0.1", 8000),), "127.0.0.1:8000")),
        ("http://127.9.9.9", Origin((("127.9.9.9", 80),), "127.9.9.9")),
        ("http://[::1]:8000", Origin((("::1", 8000),), "[::1]:8000")),
        ("http://0.0.0.0:8000", Origin((("127.0.0.1", 8000),), "0.0.0.0:8000")),
        ("http://[::]:8000", Origin((("::1", 8000),), "[::]:8000")),
        ("http://[::ffff:127.0.0.1]", Origin((("127.0.0.1", 80),), "[::ffff:127.0.0.1]")),
    ],
)
def test_a_url_gives_the_addresses_and_the_host_header(url: str, origin: Origin) -> None:
    assert Origin.of(url, ()) == origin


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("127.0.0.1:8000", "is not a URL of scheme, host and port"),
        ("ftp://127.0.0.1", "is not a URL of scheme, host and port"),
        ("https://", "is not a URL of scheme, host and port"),
        ("https://127.0.0.1/a", "is not a URL of scheme, host and port"),
        ("http://", "is not a URL of scheme, host and port"),
        ("http://127.0.0.1:99999", "is not a URL of scheme, host and port"),
        ("http://127.0.0.1:8000/json", "is not a URL of scheme, host and port"),
        ("http://host.invalid:8000", "host 'host.invalid' can't be found"),
        ("http://192.0.2.1:8000", "'192.0.2.1' is not this machine: say --djworkers-allow-host="),
    ],
)
def test_a_wrong_url_is_refused_with_the_reason(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        Origin.of(url, ())
    assert said in str(refusal.value)


def test_a_host_may_have_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [
        (family, socket.SOCK_STREAM, 6, "", (host, 8000, *more))
        for family, host, *more in (
            (socket.AF_INET6, "::1", 0, 0),
            (socket.AF_INET, "127.0.0.1"),
            (socket.AF_INET6, "::ffff:127.0.0.1", 0, 0),
        )
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    origin = Origin.of("http://me@localhost:8000", ())
    assert origin == Origin((("::1", 8000), ("127.0.0.1", 8000)), "localhost:8000")


def test_another_machine_must_be_allowed_by_name() -> None:
    assert Origin.of("http://192.0.2.1:8000", ["192.0.2.1"]).addresses == (("192.0.2.1", 8000),)
    with pytest.raises(ValueError, match="is not this machine"):
        Origin.of("http://192.0.2.1:8000", ["192.0.2.2"])


@pytest.mark.parametrize(
    ("url", "port", "name"),
    [
        ("https://127.0.0.1", 443, "127.0.0.1"),
        ("https://[::1]:8443/", 8443, "::1"),
        ("https://LOCALHOST:8443", 8443, "localhost"),
    ],
)
def test_a_server_may_speak_tls_with_a_certificate_for_its_name(
    url: str, port: int, name: str
) -> None:
    origin = Origin.of(url, ())
    assert {found for _, found in origin.addresses} == {port}
    assert origin.route == Route(Trust(name=name))
    assert origin.url == url.rstrip("/")
