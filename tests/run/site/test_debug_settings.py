"""Settings that depend on DEBUG are reported."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from pytest_djworkers.run.site.debug_settings import left_by_debug


def left(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str, base: str = "") -> str | None:
    """Return the line about a settings package; None if there is nothing to report."""
    package = folder / f"site_{folder.name}"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "base.py").write_text(base)
    (package / "local.py").write_text(text)
    monkeypatch.syspath_prepend(folder)
    name = f"{package.name}.local"
    importlib.import_module(name)
    told = left_by_debug(name)
    return told and told.replace(name, "SETTINGS")


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("DEBUG = False\nif DEBUG: X = 1", ""),
        ("DEBUG = True\nINSTALLED_APPS = ['django.contrib.auth']", ""),
        ("from .base import *", "DEBUG = True"),
        ("X = 1", ""),
    ],
)
def test_settings_that_do_not_depend_on_debug_are_not_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, base: str
) -> None:
    assert left(tmp_path, monkeypatch, text, base) is None


@pytest.mark.parametrize(
    ("text", "base", "said"),
    [
        ("DEBUG = True\nif DEBUG:\n    X = 1", "", "local.py, line 2"),
        ("DEBUG = True\nX = {'debug': DEBUG}", "", "local.py, line 2"),
        ("from .base import *", "DEBUG = True\nX = not DEBUG", "base.py, line 2"),
        ("DEBUG = True\nMIDDLEWARE = ['debug_toolbar.middleware.M']", "", "debug_toolbar"),
        ("DEBUG = True\nif DEBUG: INSTALLED_APPS = ['silk']", "", "local.py, line 2; silk"),
        (
            "DEBUG = True\n" + "X = DEBUG\n" * 4,
            "",
            "local.py, line 2; local.py, line 3; local.py, line 4; more lines",
        ),
    ],
)
def test_settings_that_depend_on_debug_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, base: str, said: str
) -> None:
    assert left(tmp_path, monkeypatch, text, base) == (
        "DEBUG is on in SETTINGS and off where it is served, but what depends on it there"
        f" ({said}) is measured, too: name settings that have it off with"
        " --djworkers-settings=MODULE"
    )
