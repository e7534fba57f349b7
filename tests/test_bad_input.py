"""Bad input ends the run early, with exit code 4 and one line, before any server starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.baseline.machine import this_machine
from tests.support.refusals import hide, refused
from tests.support.site import Site


def test_an_unknown_backend_is_refused_with_the_list_and_the_most_similar(site: Site) -> None:
    assert refused(site, "--djworkers=gunicorn-gevnt") == (
        "--djworkers=gunicorn-gevnt: unknown backend 'gunicorn-gevnt'; did you mean"
        " 'gunicorn-gevent'? (known: cheroot, daphne, granian, granian-asgi, gunicorn-asgi,"
        " gunicorn-gevent, gunicorn-gthread, gunicorn-sync, gunicorn-uvicorn, hypercorn, runserver,"
        " uvicorn, uwsgi, waitress)"
    )


@pytest.mark.matrix
def test_gunicorn_is_answered_with_its_workers(site: Site) -> None:
    assert refused(site, "--djworkers=gunicorn").startswith(
        "--djworkers=gunicorn: unknown backend 'gunicorn'; did you mean 'gunicorn-asgi',"
        " 'gunicorn-gevent', 'gunicorn-gthread', 'gunicorn-sync' or 'gunicorn-uvicorn'? (known: "
    )


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--djworkers"], "NAME,NAME"),
        (["--djworkers=granian", "--djworkers-compare"], "REF"),
        (["--djworkers=granian", "--djworkers-baseline"], "NAME"),
        (["--djworkers=granian", "--djworkers-report"], "FILE"),
        (["--djworkers-url"], "URL"),
    ],
)
def test_a_flag_without_its_value_before_a_test_file_is_refused(
    site: Site, words: list[str], value: str
) -> None:
    flag = words[-1]
    assert refused(site, *words, "test_site.py") == (
        f"{flag} takes the next word for its value, and 'test_site.py' is a path here: write"
        f" {flag}={value} test_site.py (or {flag}=test_site.py, if that is the value)"
    )


@pytest.mark.matrix
def test_a_backend_with_the_name_of_a_folder_is_a_backend(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    site.write("granian/__init__.txt", "")
    assert site.pytest("--djworkers", "granian", "--collect-only").ret == pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            ["--djworkers-url=http://127.0.0.1:1", "--djworkers=granian"],
            "--djworkers-url=http://127.0.0.1:1 can't be combined with --djworkers=granian",
        ),
        (
            ["--djworkers-url=127.0.0.1"],
            "--djworkers-url=127.0.0.1: '127.0.0.1' is not a URL of scheme, host and port, such as"
            " http://127.0.0.1:8000",
        ),
        (
            ["--djworkers-url=http://192.0.2.1", "--djworkers-allow-host=192.0.2.2"],
            "--djworkers-url=http://192.0.2.1: '192.0.2.1' is not this machine: say"
            " --djworkers-allow-host=192.0.2.1 if its owners agree to the load",
        ),
    ],
)
def test_a_url_that_cannot_be_measured_is_refused(site: Site, flags: list[str], said: str) -> None:
    assert refused(site, *flags) == said


def test_an_address_of_another_machine_is_not_served_at(site: Site) -> None:
    flags = ["--djworkers-bind=192.0.2.1", "--djworkers-allow-host=192.0.2.1"]
    assert refused(site, "--djworkers=granian", *flags) == (
        "--djworkers-bind=192.0.2.1: '192.0.2.1' is not an address of this machine (Cannot assign"
        " requested address): it must be one of its network interfaces'"
    )


@pytest.mark.matrix
def test_a_missing_package_is_refused_with_the_extra_to_install(site: Site) -> None:
    hide(site, "granian")
    assert refused(site, "-p", "hides", "--djworkers=granian") == (
        "--djworkers=granian: backend 'granian' needs granian, which is not installed:"
        " pip install 'pytest-djworkers[granian]'"
    )


def test_a_report_whose_packages_are_missing_is_refused_with_the_extra(site: Site) -> None:
    hide(site, "vl-convert-python")
    arguments = ("-p", "hides", "--djworkers=granian", "--djworkers-report=load.html")
    assert refused(site, *arguments) == (
        "--djworkers-report: a report in html needs vl-convert-python, which is not installed:"
        " pip install 'pytest-djworkers[report]'"
    )
    assert not (site.folder / "load.html").exists()


@pytest.mark.matrix
def test_a_wrong_ini_value_is_refused_with_its_file_in_a_run(site: Site) -> None:
    arguments = ("-o", "djworkers=granian", "-o", "djworkers_connections=many")
    assert refused(site, *arguments).startswith(
        "djworkers_connections in pytest.ini: must be a whole number (invalid literal"
    )


def test_a_missing_wrk_is_refused_and_not_replaced(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused(site, "--djworkers=granian", "--djworkers-generator=wrk") == (
        "--djworkers-generator=wrk: wrk is not on PATH: install it, or use asyncio"
    )


def test_a_report_must_be_in_a_folder_that_exists(site: Site) -> None:
    assert refused(site, "--djworkers=granian", "--djworkers-report=no/such/load.md").endswith(
        "/no/such/load.md' is not a file in a folder that exists"
    )


@pytest.mark.parametrize("flags", [(), ("--djworkers=none",)], ids=str)
def test_an_action_needs_backends(site: Site, flags: tuple[str, ...]) -> None:
    assert refused(site, "--djworkers-save-baseline", *flags) == (
        "--djworkers-save-baseline: there is nothing to measure: choose backends with"
        " --djworkers=NAME,NAME"
    )


@pytest.mark.matrix
def test_under_xdist_the_controller_refuses_to_run(site: Site) -> None:
    assert refused(site, "-n2", "--djworkers=nginx").startswith("--djworkers=nginx: unknown")


def test_pytest_django_must_be_active(site: Site) -> None:
    site.write("pytest.ini", "[pytest]\npythonpath = .\n")
    assert "pytest-django, which is not active" in refused(
        site, "-p", "no:django", "--djworkers=granian"
    )


@pytest.mark.matrix
def test_there_must_be_django_settings(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    site.write("pytest.ini", "[pytest]\npythonpath = .\n")
    assert "no Django settings: set DJANGO_SETTINGS_MODULE" in refused(site, "--djworkers=granian")


@pytest.mark.matrix
def test_the_settings_must_be_a_module(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    site.write("pytest.ini", "[pytest]\npythonpath = .\n")
    site.write(
        "configured.py", "from django.conf import settings\n\nsettings.configure(SECRET_KEY='x')"
    )
    assert "made by settings.configure(), which a server in another process can't import" in (
        refused(site, "-p", "configured", "--djworkers=granian")
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is broken (not JSON: Expecting property name"),
        ("{}", "is not a baseline: it is JSON without a schema number; move it away"),
        ('{"schema": 99}', "has schema 99, and this version reads up to 1: upgrade pytest-djw"),
    ],
)
def test_the_error_about_a_baseline_that_cant_be_read_names_the_file(
    site: Site, text: str, said: str
) -> None:
    file = site.write(f".djworkers/default/{this_machine().key}.json", text)
    assert refused(site, "--djworkers=granian").startswith(f"baseline {file} {said}")
