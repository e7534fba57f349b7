"""The header says which application is served."""

from __future__ import annotations

import pytest

from tests.support.site import Site

BACKENDS = "--djworkers=granian,uvicorn"


def header(site: Site, *flags: str) -> str:
    """Return the output of a run that only collects its tests."""
    site.test("def test_it(burst): burst('/json')")
    return site.pytest("--collect-only", *flags).stdout.str()


def test_the_header_names_the_application_of_each_interface(site: Site) -> None:
    site.write("asgi.py", "raise SystemExit('imported')\napplication = 1")
    said = header(site, BACKENDS)
    assert (
        "djworkers: under granian: serves Django's own (WSGI_APPLICATION is not set, and there is"
        " no wsgi.py beside it)\n"
        "djworkers: under uvicorn: serves asgi:application (beside the settings; ASGI_APPLICATION"
        " is not set)\n"
    ) in said
    assert "1 test collected" not in said


def test_the_application_of_the_settings_is_not_mentioned(site: Site) -> None:
    more = "WSGI_APPLICATION='a.b'\nDEBUG = True\nif DEBUG:\n    LEFT = 1\n"
    site.write("settings.py", (site.folder / "settings.py").read_text() + more)
    said = header(site, "--djworkers=granian")
    assert "serves" not in said
    assert "djworkers: DEBUG is on in settings and off where it is served" in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            (BACKENDS, "--djworkers-application=urls:app"),
            "--djworkers-application=urls:app: one application can't be both WSGI (granian) and"
            " ASGI (uvicorn): use these backends in separate runs, or set WSGI_APPLICATION and"
            " ASGI_APPLICATION instead",
        ),
        (
            ("--djworkers=granian", "--djworkers-application=nowhere.asgi:app"),
            "--djworkers-application=nowhere.asgi:app: there is no module 'nowhere.asgi'",
        ),
        (
            ("--djworkers=granian", "--djworkers-application=nowhere.asgi"),
            "--djworkers-application=nowhere.asgi: 'nowhere.asgi' is not MODULE:ATTRIBUTE, such as"
            " site.asgi:application, or django",
        ),
    ],
)
def test_an_application_that_cant_be_served_ends_the_run_before_any_test(
    site: Site, flags: tuple[str, ...], said: str
) -> None:
    run = site.pytest("--collect-only", *flags)
    assert run.ret == pytest.ExitCode.USAGE_ERROR
    run.stderr.fnmatch_lines([f"ERROR: {said}"])
