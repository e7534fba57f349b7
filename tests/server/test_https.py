"""Sites that accept nothing but HTTPS, under real servers: over TLS, and as behind a proxy."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.errors import ProbeError
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server.certificate import Certificate
from pytest_djworkers.server.server import Server
from tests.support.launches import MakeServer, fire, start
from tests.support.site import BEHIND_A_PROXY, REDIRECTS


def often(*names: str, tls: bool = False) -> list[object]:
    """The backends, of which all but these are for the matrix; with ``tls`` those that have it."""
    return [
        pytest.param(name, marks=[] if name in names else [pytest.mark.matrix])
        for name, backend in BACKENDS.items()
        if backend.about.tls or not tls
    ]


@pytest.fixture
def redirects(folder: Path) -> Path:
    """A site's settings, with which it redirects to HTTPS."""
    settings = folder / "site_settings.py"
    settings.write_text(settings.read_text() + REDIRECTS)
    return settings


def assert_all_expected(server: Server) -> None:
    """Fire a burst, and the site accepts all of its requests."""
    result = fire(server, connections=3)
    assert result.ok
    assert (result.unexpected, result.error) == (0, 0)


@pytest.mark.usefixtures("redirects")
@pytest.mark.parametrize("name", often("gunicorn-gevent", "granian", tls=True))
def test_a_site_is_served_over_tls(
    name: str, make_server: MakeServer, certificate: Certificate
) -> None:
    server = start(make_server(BACKENDS[name], workers=2, certificate=certificate))
    assert server.url == f"https://127.0.0.1:{server.port}"
    assert server.facts is not None
    assert server.facts.options["tls"] is True
    assert_all_expected(server)


@pytest.mark.parametrize("name", often("granian"))
def test_the_header_of_the_sites_proxy_is_sent(
    name: str, make_server: MakeServer, redirects: Path
) -> None:
    redirects.write_text(redirects.read_text() + BEHIND_A_PROXY)
    server = start(make_server(BACKENDS[name], workers=2))
    assert server.target.route.headers == (("X-Forwarded-Proto", "https"),)
    assert_all_expected(server)


@pytest.mark.usefixtures("redirects")
def test_a_redirect_to_https_says_what_to_do(make_server: MakeServer) -> None:
    with pytest.raises(ProbeError, match="--djworkers-tls") as error:
        start(make_server(BACKENDS["granian"]))
    assert "SECURE_PROXY_SSL_HEADER" in str(error.value)


def test_a_users_own_header_wins(make_server: MakeServer, redirects: Path) -> None:
    redirects.write_text(redirects.read_text() + BEHIND_A_PROXY)
    plain = SentRequest("/json", headers=(("x-forwarded-proto", "http"),))
    with pytest.raises(ProbeError, match="301"):
        start(make_server(BACKENDS["granian"]), plain)
