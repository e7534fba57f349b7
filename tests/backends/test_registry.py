"""Backends by name: unknown, missing, and never imported here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_djworkers.backends import registry
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.registry import BACKENDS, installed, known, version_of
from pytest_djworkers.errors import SettingsError


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("grannian", "granian"), ("gunicorn", "gunicorn-gevent"), ("gevent", "gunicorn-gevent")],
)
def test_an_unknown_name_gets_the_nearest_and_the_list(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError) as error:
        known(name)
    assert str(error.value) == (
        f"unknown backend {name!r}; did you mean {nearest!r}? (known: granian, gunicorn-gevent)"
    )


@pytest.mark.parametrize("name", ["", "xyz"])
def test_a_name_like_no_other_gets_the_list(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"unknown backend {name!r} \(known: granian, gun"):
        known(name)


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ({"gevent"}, "needs gevent, which is not installed"),
        ({"gunicorn", "gevent"}, "needs gunicorn and gevent, which are not installed"),
    ],
)
def test_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, missing: set[str], words: str
) -> None:
    monkeypatch.setattr(
        registry, "find_spec", lambda module: None if module in missing else object()
    )
    with pytest.raises(SettingsError) as error:
        installed("gunicorn-gevent")
    assert words in str(error.value)
    assert "pip install 'pytest-djworkers[gunicorn-gevent]'" in str(error.value)
    assert installed("granian") is BACKENDS["granian"]


def test_an_unknown_version_is_no_reason_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version_of(Granian())[0].isdigit()
    monkeypatch.setattr(Granian, "package", "no-such-distribution")
    assert version_of(Granian()) == "unknown"


def test_asking_for_all_of_them_imports_no_server() -> None:
    script = (
        "import sys, pytest_djworkers.active, pytest_djworkers.burst\n"
        "from pytest_djworkers.backends.protocol import LaunchPlan\n"
        "from pytest_djworkers.backends.registry import BACKENDS, installed, version_of\n"
        "for name in BACKENDS:\n"
        "    backend = installed(name)\n"
        "    version_of(backend), backend.command('python', LaunchPlan('h', 1, 1, 1))\n"
        "print(sorted({'gunicorn', 'gevent', 'granian'} & set(sys.modules)))\n"
    )
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert said.stdout == b"[]\n"
