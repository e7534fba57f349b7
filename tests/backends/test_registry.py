"""Backends by name: unknown ones, missing packages, and those of other packages."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from pytest_djworkers.backends import registry
from pytest_djworkers.backends.daphne import Daphne
from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.registry import (
    BACKENDS,
    BUILT_IN,
    missing_of,
    registry_of,
    version_of,
)
from pytest_djworkers.backends.uwsgi import Uwsgi
from pytest_djworkers.errors import SettingsError

KNOWN = (
    "(known: cheroot, daphne, granian, granian-asgi, gunicorn-asgi, gunicorn-gevent,"
    " gunicorn-gthread, gunicorn-sync, gunicorn-uvicorn, hypercorn, runserver, uvicorn, uwsgi,"
    " waitress)"
)


def test_the_error_for_an_unknown_name_has_the_nearest_one_and_the_list() -> None:
    with pytest.raises(SettingsError) as error:
        BUILT_IN.find("grannian")
    assert str(error.value) == f"unknown backend 'grannian'; did you mean 'granian'? {KNOWN}"


def lacking(monkeypatch: pytest.MonkeyPatch, **versions: str | None) -> None:
    """Make distributions look as if they were not there, or of another version."""

    def replaced(name: str) -> str:
        if name not in versions:
            return version(name)
        if (said := versions[name]) is None:
            raise PackageNotFoundError(name)
        return said

    monkeypatch.setattr(registry, "version", replaced)


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({"gevent": None}, "needs gevent, which is not installed"),
        ({"gunicorn": None, "gevent": None}, "needs gunicorn and gevent, which are not installed"),
        ({"gunicorn": "20.1.0"}, "needs gunicorn>=23, which is not installed"),
    ],
)
def test_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str | None], words: str
) -> None:
    lacking(monkeypatch, **versions)
    with pytest.raises(SettingsError) as error:
        BUILT_IN.find_installed("gunicorn-gevent")
    assert words in str(error.value)
    assert "pip install 'pytest-djworkers[gunicorn-gevent]'" in str(error.value)
    assert BUILT_IN.find_installed("granian") is not None


def test_a_server_of_unknown_version_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert version_of(Granian())[0].isdigit()
    lacking(monkeypatch, granian=None)
    assert version_of(Granian()) == "unknown"


def test_a_prerelease_is_new_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, granian="3.0.0rc1")
    assert not missing_of(Granian())


def test_another_build_of_a_server_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    lacking(monkeypatch, pyuwsgi=None, uwsgi="2.0.31")
    assert not missing_of(Uwsgi())
    assert version_of(Uwsgi()) == "2.0.31"
    lacking(monkeypatch, pyuwsgi=None, uwsgi="1.9")
    assert missing_of(Uwsgi()) == ["pyuwsgi"]


MODULE = """
from dataclasses import replace

from pytest_djworkers.backends.daphne import Daphne


class Own(Daphne):
    about = replace(Daphne.about, name="own", requires=("no-such-distribution>=2",))


OWN = Own()
NOT_A_BACKEND = 5
"""


def entry_point(folder: Path, point: str) -> None:
    """Install a distribution with an entry point into a folder."""
    (folder / "own_backend.py").write_text(MODULE)
    information = folder / "own-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: own\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{registry.ENTRY_POINTS}]\n{point}\n")


def test_another_package_brings_a_backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry_point(tmp_path, "own = own_backend:OWN")
    monkeypatch.syspath_prepend(tmp_path)
    own = registry_of(()).find("own:workers=1")
    assert own.about == replace(Daphne.about, name="own", requires=("no-such-distribution>=2",))
    with pytest.raises(SettingsError, match="pip install 'no-such-distribution>=2'"):
        registry_of(()).find_installed("own")


@pytest.mark.parametrize(
    ("point", "said"),
    [
        ("own = no_such_module:OWN", "is no backend (ModuleNotFoundError: No module named"),
        ("own = own_backend:NO_SUCH_NAME", "is no backend (AttributeError: "),
        ("own = own_backend:NOT_A_BACKEND", "is no backend (AttributeError: "),
        ("other = own_backend:OWN", "is a backend named 'own'"),
    ],
)
def test_a_wrong_entry_point_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str, said: str
) -> None:
    entry_point(tmp_path, point)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError) as error:
        registry_of(())
    assert str(error.value).startswith(f"entry point {point} of pytest_djworkers.backends is ")
    assert said in str(error.value)


def test_finding_all_backends_imports_no_server() -> None:
    script = (
        "import sys, pytest_djworkers.run.activation, pytest_djworkers.run.burst\n"
        "import pytest_djworkers.run.one_server, pytest_djworkers.run.two_arms\n"
        "from pytest_djworkers.backends.protocol import LaunchPlan\n"
        "from pytest_djworkers.backends.registry import BUILT_IN, version_of\n"
        "for name in BUILT_IN.backends:\n"
        "    backend = BUILT_IN.find_installed(name)\n"
        "    version_of(backend), backend.command('python', LaunchPlan('h', 1, 1, 1))\n"
        "servers = {'gunicorn', 'gevent', 'granian', 'uvicorn', 'uvloop', 'hypercorn', 'daphne',\n"
        "           'twisted', 'waitress', 'cheroot', 'uvicorn_worker', 'django'}\n"
        "print(sorted(servers & set(sys.modules)))\n"
    )
    said = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert said.stdout == b"[]\n"
    assert len(BACKENDS) == 14
