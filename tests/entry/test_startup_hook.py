"""The settings are adjusted when they come into being, whatever configures Django."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_djworkers.entry.brief import ENVIRONMENT_KEY, Brief, DatabaseTarget
from pytest_djworkers.entry.startup_hook import STARTUP
from pytest_djworkers.system.environment import child_environment

SETTINGS = """
SECRET_KEY = "of no use"
DEBUG = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "real.sqlite3"}}
"""
TELL = """
from django.conf import settings
print(settings.DATABASES["default"]["NAME"], settings.DEBUG)
"""


def python(folder: Path, script: str, *flags: str, target: str = "test.sqlite3") -> str:
    """Return the output of a script in a Python of a server that does not import our entry."""
    (folder / "settings.py").write_text(SETTINGS)
    brief = folder / "brief.json"
    Brief("settings", {"default": DatabaseTarget(target)}, "").write(brief)
    environment = child_environment(
        (),
        DJANGO_SETTINGS_MODULE="settings",
        PYTHONPATH=f"{STARTUP}:{folder}:{':'.join(path for path in sys.path if path)}",
        **{ENVIRONMENT_KEY: str(brief)},
    )
    done = subprocess.run(
        [sys.executable, *flags, "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return (done.stdout + done.stderr).strip()


@pytest.mark.parametrize(
    "script",
    [
        TELL,
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TELL!r}])",
        "from django.conf import settings; import settings as module\n"
        "settings.configure(DEBUG=True, DATABASES=module.DATABASES)" + TELL,
        "from django.conf import Settings; Settings('settings')" + TELL,
    ],
    ids=["by reading", "in a process of its own", "configure()", "by hand"],
)
def test_settings_are_adjusted(tmp_path: Path, script: str) -> None:
    assert python(tmp_path, script) == "test.sqlite3 False"


def test_nothing_is_imported_until_django_is(tmp_path: Path) -> None:
    script = "import sys; print([m for m in ('django', 'json', 'pathlib') if m in sys.modules])"
    assert python(tmp_path, script) == "[]"


def test_refused_settings_are_refused_again(tmp_path: Path) -> None:
    script = f"""
for _ in range(2):
    try:
        {TELL.strip().replace(chr(10), chr(10) + "        ")}
    except RuntimeError as error:
        print(error)
"""
    said = python(tmp_path, script, target="real.sqlite3")
    assert said.count("refusing to serve database 'default' (real.sqlite3)") == 2


def test_the_users_own_sitecustomize_runs_as_well(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.own = __file__")
    script = "import sys, sitecustomize; print(sys.own, sitecustomize.__file__)"
    own = tmp_path / "sitecustomize.py"
    assert python(tmp_path, script) == f"{own} {own}"
    assert python(tmp_path, TELL) == "test.sqlite3 False"
