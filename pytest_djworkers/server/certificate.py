"""The certificate that a run's servers have over TLS: made for the run, or the user's own."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.backends.protocol import TlsFiles
from pytest_djworkers.load.route import Route, Trust
from pytest_djworkers.system.files import write_private

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_MOST_STEPS = 8
"""The number of steps after which a handshake that has not ended never will; TLS 1.3 takes 4."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate, and what its clients must accept to reach it."""

    files: TlsFiles
    route: Route


def make_certificate(folder: Path, host: str) -> Certificate:
    """Make a certificate for an address, with an authority of its own; its files are in a folder.

    It needs the package trustme.
    """
    # Only runs over TLS without a certificate of their own wait for it.
    import trustme

    authority = trustme.CA()
    made = authority.issue_cert(host, "localhost")
    files = TlsFiles(str(folder / "certificate.pem"), str(folder / "key.pem"))
    made.cert_chain_pems[0].write_to_path(files.certificate)
    write_private(Path(files.key), made.private_key_pem.bytes())
    return Certificate(files, Route(Trust(authority.cert_pem.bytes().decode("ascii"), host)))


def given_certificate(certificate: Path, key: Path) -> Certificate:
    """Return the user's certificate, once a client that accepts no other has accepted it.

    It may be for any name: load goes to an address. Raises ValueError if it can't be used.
    """
    for file in (certificate, key):
        try:
            text = file.read_text(encoding="latin-1")
        except OSError as error:
            raise ValueError(f"{str(file)!r} can't be read: {error.strerror}") from None
        if file is certificate:
            found = _CERTIFICATE.search(text)
    if found is None:
        raise ValueError(f"{str(certificate)!r} has no certificate in PEM")
    server = _server_context(certificate, key)
    trust = Trust(authority=found.group())
    _shake_hands(server, trust, certificate)
    return Certificate(TlsFiles(str(certificate), str(key)), Route(trust))


def _server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    asked = False

    def password() -> str:
        nonlocal asked
        asked = True
        return ""

    try:
        context.load_cert_chain(certificate, key, password)
    except (ssl.SSLError, ValueError) as error:
        if asked:
            raise ValueError(
                f"{str(key)!r} needs a password, which nobody could enter here: decrypt it"
                f" (openssl pkey -in {key.name} -out decrypted.pem)"
            ) from None
        if "KEY_VALUES_MISMATCH" in str(error):
            raise ValueError(
                f"{str(key)!r} is not the key of the certificate in {str(certificate)!r}"
            ) from None
        raise ValueError(f"{str(certificate)!r} and {str(key)!r} can't be used: {error}") from None
    return context


def _shake_hands(server: ssl.SSLContext, trust: Trust, certificate: Path) -> None:
    """Raise ValueError if a client would refuse the certificate, such as one that has expired."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (
        trust.client_context().wrap_bio(to_client, to_server),
        server.wrap_bio(to_server, to_client, server_side=True),
    )
    for step in range(_MOST_STEPS):
        try:
            ends[step % 2].do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", "") or str(error)
            raise ValueError(
                f"the certificate in {str(certificate)!r} can't be used: {why}"
            ) from None
