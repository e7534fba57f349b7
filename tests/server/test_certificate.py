"""Certificates for servers: those that are made, and those that users give."""

from __future__ import annotations

import ssl
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from pytest_djworkers.load.route import Route
from pytest_djworkers.server.certificate import Certificate, given_certificate
from tests.support.certificates import server_context
from tests.support.fault_server import always, answer, serve
from tests.support.firing import classes, fire


@pytest.fixture
def given(tmp_path: Path) -> tuple[Path, Path]:
    """The files of a certificate for a name that is not this machine's."""
    return write(tmp_path, "given")


def write(folder: Path, name: str, not_after: datetime | None = None) -> tuple[Path, Path]:
    """Write a certificate with the one that signed it, and its key."""
    made = trustme.CA().issue_cert("shop.example", not_after=not_after)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    for pem in made.cert_chain_pems:
        pem.write_to_path(certificate, append=True)
    made.private_key_pem.write_to_path(key)
    return certificate, key


def test_the_key_of_a_certificate_that_was_made_is_for_the_user_alone(
    certificate: Certificate,
) -> None:
    key = Path(certificate.files.key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_certificate_is_accepted_whatever_name_it_is_for(given: tuple[Path, Path]) -> None:
    found = given_certificate(*given)
    assert (found.files.certificate, found.files.key) == tuple(map(str, given))
    with serve(always(answer()), tls=server_context(*given)) as server:
        report = fire(server.address, route=found.route)
    assert classes(report) == {"ok"}


def test_no_other_certificate_is_accepted(given: tuple[Path, Path], tls: ssl.SSLContext) -> None:
    route: Route = given_certificate(*given).route
    with serve(always(answer()), tls=tls) as server:
        report = fire(server.address, route=route)
    assert report.counts.error_kinds.keys() == {"certificate refused"}


def refused(certificate: Path, key: Path) -> str:
    """Return why they can't be used."""
    with pytest.raises(ValueError, match=r".") as error:
        given_certificate(certificate, key)
    return str(error.value)


def test_the_key_of_another_certificate(given: tuple[Path, Path], tmp_path: Path) -> None:
    other = write(tmp_path, "other")
    assert refused(given[0], other[1]) == (
        f"'{other[1]}' is not the key of the certificate in '{given[0]}'"
    )


def test_an_expired_certificate(tmp_path: Path) -> None:
    files = write(tmp_path, "old", datetime(2020, 1, 1, tzinfo=UTC))
    assert refused(*files) == (
        f"the certificate in '{files[0]}' can't be used: certificate has expired"
    )


def test_a_key_with_a_password(given: tuple[Path, Path]) -> None:
    key = serialization.load_pem_private_key(given[1].read_bytes(), None)
    given[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"secret"),
        )
    )
    said = refused(*given)
    assert "given.key' needs a password, which nobody could enter here: decrypt it" in said


def test_files_that_are_missing_or_something_else(given: tuple[Path, Path], tmp_path: Path) -> None:
    certificate, key = given
    nowhere = tmp_path / "nowhere.pem"
    assert refused(nowhere, key) == f"'{nowhere}' can't be read: No such file or directory"
    assert refused(certificate, nowhere) == f"'{nowhere}' can't be read: No such file or directory"
    assert refused(certificate, tmp_path) == f"'{tmp_path}' can't be read: Is a directory"
    assert refused(key, key) == f"'{key}' has no certificate in PEM"
    other = tmp_path / "other"
    other.write_bytes(b"\xff no key")
    assert refused(certificate, other).startswith(f"'{certificate}' and '{other}' can't be used: ")
    broken = tmp_path / "broken"
    broken.write_text(certificate.read_text().replace("M", "N", 1))
    assert refused(broken, key).startswith(f"'{broken}' and '{key}' can't be used: ")
