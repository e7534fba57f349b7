"""Serving over TLS: what is read, and which runs can't."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.server.certificate import Certificate
from pytest_djworkers.settings.reading import read_settings
from pytest_djworkers.settings.tls import ServedTls

Read = Callable[..., ServedTls | None]
INI = ("pytest.ini", "[pytest]\n{}")
OLD_TOML = ("pyproject.toml", "[tool.pytest.ini_options]\n{}")
TOML = ("pytest.toml", "[pytest]\n{}")


@pytest.fixture
def read(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Read:
    """The value that is read of flags, and of a line of a configuration file."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    def read(*flags: str, file: str = "pytest.ini", text: str = "[pytest]") -> ServedTls | None:
        (pytester.path / file).write_text(f"{text}\n")
        settings = read_settings(pytester.parseconfig(*flags))
        assert settings is not None
        return settings.tls

    return read


@pytest.fixture
def files(certificate: Certificate, pytester: pytest.Pytester) -> None:
    """A certificate and its key, beside the configuration file."""
    for name, file in (("c.pem", certificate.files.certificate), ("k.pem", certificate.files.key)):
        (pytester.path / name).write_bytes(Path(file).read_bytes())


def test_a_site_is_served_without_tls(read: Read) -> None:
    assert read("--djworkers=granian") is None


@pytest.mark.parametrize(
    ("file", "text", "value"), [(*INI, "true"), (*OLD_TOML, "true"), (*TOML, "true")]
)
def test_tls_is_asked_for_by_a_configuration_file(
    file: str, text: str, value: str, read: Read
) -> None:
    line = text.format(f"djworkers_tls = {value}")
    assert read("--djworkers=granian", file=file, text=line) == ServedTls(None)


def test_tls_is_asked_for_by_a_flag(read: Read) -> None:
    found = read("--djworkers=granian", "--djworkers-tls")
    assert found == ServedTls(None)
    assert found.shown == "over TLS (a certificate made for this run)"


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("file", "text", "value"),
    [(*INI, "c.pem, k.pem"), (*OLD_TOML, '"c.pem,k.pem"'), (*TOML, '"c.pem,k.pem"')],
)
def test_a_certificate_is_named_by_a_configuration_file(
    file: str, text: str, value: str, read: Read, pytester: pytest.Pytester
) -> None:
    line = text.format(f"djworkers_certificate = {value}")
    check(read("--djworkers=granian", file=file, text=line), pytester.path)


@pytest.mark.usefixtures("files")
def test_a_certificate_is_named_by_a_flag(read: Read, pytester: pytest.Pytester) -> None:
    check(read("--djworkers=granian", "--djworkers-certificate=c.pem,k.pem"), pytester.path)


def check(found: ServedTls | None, folder: Path) -> None:
    """The site is served with the certificate in this folder."""
    assert found is not None
    assert found.given is not None
    assert found.given.files.key == str(folder / "k.pem")
    assert found.shown == f"over TLS (the certificate {folder / 'c.pem'})"


def refused(read: Read, *flags: str) -> str:
    """Return why a run like this can't be."""
    with pytest.raises(SettingsError) as error:
        read(*flags)
    return str(error.value)


def test_servers_without_tls_are_refused_with_those_that_have_it(read: Read) -> None:
    said = refused(read, "--djworkers=granian,waitress,runserver", "--djworkers-tls")
    assert said.startswith(
        "--djworkers-tls: waitress and runserver can't serve over TLS; those that can are gunicorn-"
    )


def test_a_server_that_runs_already_is_not_served(read: Read) -> None:
    url = "--djworkers-url=http://127.0.0.1:8000"
    assert refused(read, url, "--djworkers-tls") == (
        "--djworkers-tls is for servers that this run starts: give --djworkers-url the https://"
        " address of one that speaks TLS"
    )
    # The configuration file is for other runs, too.
    assert read(url, text="[pytest]\ndjworkers_tls = true") is None


def test_without_trustme_no_certificate_is_made(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "trustme" else find(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    assert refused(read, "--djworkers=granian", "--djworkers-tls") == (
        "--djworkers-tls makes a certificate with trustme, which is not installed: pip install"
        " 'pytest-djworkers[tls]', or name a certificate of your own with"
        " --djworkers-certificate=CERT,KEY"
    )


@pytest.mark.usefixtures("files")
def test_a_certificate_that_does_not_fit_is_refused(read: Read, pytester: pytest.Pytester) -> None:
    said = refused(read, "--djworkers=granian", "--djworkers-certificate=k.pem,c.pem")
    assert said == (
        "--djworkers-certificate=k.pem,c.pem: "
        f"'{pytester.path / 'k.pem'}' has no certificate in PEM"
    )
