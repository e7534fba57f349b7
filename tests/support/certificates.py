"""Certificates for tests, and servers of the test's own that have them."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from pytest_djworkers.load.route import Route
from pytest_djworkers.server.certificate import Certificate, make_certificate
from tests.support.fault_server import LOCAL


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """One for this machine's loopback address."""
    return make_certificate(tmp_path_factory.mktemp("certificate"), LOCAL)


@pytest.fixture(scope="session")
def route(certificate: Certificate) -> Route:
    """The way to a server that has it."""
    return certificate.route


@pytest.fixture(scope="session")
def tls(certificate: Certificate) -> ssl.SSLContext:
    """The server's side of it."""
    return server_context(Path(certificate.files.certificate), Path(certificate.files.key))


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """The settings of a server with this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
