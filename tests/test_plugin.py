"""The plugin without --djworkers, and switched off."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.site import Site

SUITE = """
def test_plain():
    assert True

@pytest.mark.django_db
def test_database():
    from django.contrib.auth.models import User
    assert not User.objects.exists()

@pytest.mark.xfail(reason="known")
def test_known():
    assert False

def test_wrong():
    assert False
"""


def lines_without_times(result: pytest.RunResult) -> list[str]:
    """Return the output without durations."""
    return [re.sub(r"in \d+\.\d+s", "in a while", line) for line in result.outlines]


def files_of(site: Site) -> set[Path]:
    """Return the files in the site's folder, without byte code."""
    return {path for path in site.folder.rglob("*") if "__pycache__" not in path.parts}


def test_without_backends_the_output_differs_only_in_the_line_of_plugins(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.test(SUITE)
    git = site.write("bin/git", "#!/bin/sh\ntouch git-was-run\n")
    git.chmod(0o755)
    monkeypatch.setenv("PATH", str(git.parent), prepend=":")
    off = site.pytest("-rA", "-p", "no:djworkers")
    before = files_of(site)
    on = site.pytest("-rA")
    on.assert_outcomes(passed=2, failed=1, xfailed=1)
    differing = zip(lines_without_times(on), lines_without_times(off), strict=True)
    assert [line[:9] for line, other in differing if line != other] == ["plugins: "]
    assert files_of(site) == before


def test_without_backends_load_tests_are_skipped_before_any_fixture_is_set_up(site: Site) -> None:
    site.write(
        "conftest.py",
        "import pytest\n\n@pytest.fixture(scope='session')\ndef django_db_setup():\n"
        "    raise AssertionError('a database was made')",
    )
    site.test(
        """
@pytest.mark.min_rps("never read")
def test_burst(burst):
    burst("/json")

def test_server(djworkers_server):
    pass

def test_by_name(request):
    request.getfixturevalue("burst")

@pytest.mark.max_errors(0)
def test_plain():
    pass
"""
    )
    for arguments in ((), ("--djworkers=none", "-o", "djworkers=granian")):
        result = site.pytest("-rs", *arguments)
        result.assert_outcomes(passed=1, skipped=3)
        result.stdout.fnmatch_lines(
            ["SKIPPED*load test: choose backends with --djworkers=NAME,NA*"]
        )
        result.stdout.no_fnmatch_line("*djworkers:*")


def test_a_plugin_that_is_switched_off_has_neither_fixtures_nor_flags(site: Site) -> None:
    site.test("def test_burst(burst):\n    burst('/json')")
    site.pytest("-p", "no:djworkers").assert_outcomes(errors=1)
    refused = site.pytest("-p", "no:djworkers", "--djworkers=granian")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR


def test_help_and_markers_list_the_options_and_the_markers(pytester: pytest.Pytester) -> None:
    once = ("-p", "no:pytest-retry")  # it can be configured once in a process
    pytester.runpytest_inprocess("--help", *once).stdout.fnmatch_lines(
        ["*--djworkers=NAME,NAME*", "*--djworkers-save-baseline*", "*djworkers_probe (string):*"]
    )
    pytester.runpytest_inprocess("--markers", *once).stdout.fnmatch_lines(
        ["@pytest.mark.min_rps(n, of=None, part=None, backend=None): *"]
    )
