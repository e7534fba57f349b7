from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.compare.environments.interpreter import (
    Interpreter,
    ask_interpreter,
    refuse_unfit,
)
from pytest_djworkers.errors import SettingsError

GRANIAN = (BACKENDS["granian"],)


def script(folder: Path, text: str) -> str:
    """Write a script that can be run in place of an interpreter."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return str(file)


def interpreter(**packages: str) -> Interpreter:
    """Return an interpreter with these packages."""
    return Interpreter("python", "/bin/python", "3.13.0", ("3.13.0",), "/", packages)


def test_this_interpreter_says_what_it_is() -> None:
    import django

    found = ask_interpreter(sys.executable, "here", GRANIAN)
    assert found.version.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")
    assert found.prefix == sys.prefix
    assert found.description == f"Python {found.version}, Django {django.__version__}"
    assert "granian" in found.packages
    refuse_unfit(found, "here", GRANIAN, "install it")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo hello", "--x: .* is not a Python interpreter .it says: hello."),
        ("exit 0", "--x: .* is not a Python interpreter$"),
        ("exit 3", "is not a Python interpreter"),
        ("echo '[1]'", "is not a Python interpreter"),
        ('echo \'{"number": [3, 10], "version": "3.10.13"}\'', "is Python 3.10.13, and 3.11 is"),
    ],
)
def test_what_can_not_serve_the_site_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        ask_interpreter(script(tmp_path, text), "--x")


def test_a_file_that_the_system_can_not_run_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "python"
    file.write_bytes(b"\x7fELF no")
    file.chmod(0o755)
    with pytest.raises(SettingsError, match="can't be run: "):
        ask_interpreter(str(file), "--x")


@pytest.mark.parametrize(
    ("packages", "said"),
    [
        ({}, "--x: python has no Django: add it"),
        ({"django": "4.2"}, "has Django 4.2, and the oldest that can be served here is 5.2"),
        ({"django": "5.2"}, "has no granian, which granian needs: add it"),
        ({"django": "5.2", "granian": "1.0"}, "has no granian>=2.2, which granian needs: add it"),
    ],
)
def test_an_interpreter_without_what_a_server_needs_is_refused(
    packages: dict[str, str], said: str
) -> None:
    with pytest.raises(SettingsError, match=said):
        refuse_unfit(interpreter(**packages), "--x", GRANIAN, "add it")
