"""The switches for profiling: refused before anything starts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_djworkers.errors import SettingsError
from pytest_djworkers.profiling import py_spy
from pytest_djworkers.settings import profiling
from pytest_djworkers.settings.profiling import Profiles
from pytest_djworkers.settings.reading import read_settings
from tests.support.site import Site

NATIVE_TOML = pytest.mark.skipif(pytest.version_tuple < (9,), reason="new in pytest 9")
Read = Callable[..., Profiles]


@pytest.fixture
def read(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Read:
    """When servers are profiled, by flags and by a configuration file; py-spy is installed."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.setattr(profiling, "find_py_spy", lambda: "/bin/py-spy")

    def read(*flags: str, file: str = "pytest.ini", text: str = "[pytest]") -> Profiles:
        (pytester.path / file).write_text(f"{text}\n")
        settings = read_settings(pytester.parseconfig("--djworkers=granian", *flags))
        assert settings is not None
        return settings.profiles

    return read


def test_the_flags_decide(read: Read) -> None:
    assert read() is Profiles.AFTER_A_CHANGE
    assert read("--djworkers-profile") is Profiles.ALWAYS
    assert read("--djworkers-no-profile") is Profiles.NEVER


@pytest.mark.parametrize(
    ("name", "expected"),
    [("djworkers_profile", Profiles.ALWAYS), ("djworkers_no_profile", Profiles.NEVER)],
)
@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("pytest.ini", "[pytest]"),
        ("pyproject.toml", "[tool.pytest.ini_options]"),
        pytest.param("pyproject.toml", "[tool.pytest]", marks=NATIVE_TOML),
    ],
)
def test_every_kind_of_file_has_them(
    file: str, table: str, name: str, expected: Profiles, read: Read
) -> None:
    assert read(file=file, text=f"{table}\n{name} = true") is expected
    assert read(file=file, text=f"{table}\n{name} = false") is Profiles.AFTER_A_CHANGE


@NATIVE_TOML
@pytest.mark.parametrize("name", ["djworkers_profile", "djworkers_no_profile"])
def test_another_type_in_native_toml_is_refused(name: str, read: Read) -> None:
    with pytest.raises(SettingsError, match=f"{name} in pytest.toml: must be true or false"):
        read(file="pytest.toml", text=f"[pytest]\n{name} = 1")


def test_a_file_and_a_flag_may_contradict_each_other(read: Read) -> None:
    with pytest.raises(SettingsError, match="can't be combined: choose one"):
        read("--djworkers-no-profile", text="[pytest]\ndjworkers_profile = true")


def test_only_who_asks_for_profiles_needs_py_spy(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiling, "find_py_spy", lambda: None)
    assert read() is Profiles.AFTER_A_CHANGE
    with pytest.raises(SettingsError, match=r"^--djworkers-profile: py-spy is not installed: pip"):
        read("--djworkers-profile")


def test_they_contradict_each_other(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.burst("--djworkers-profile", "--djworkers-no-profile")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--djworkers-profile and --djworkers-no-profile can't be*"])


def test_a_server_that_runs_already_is_not_profiled(site: Site) -> None:
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.pytest("--djworkers-url=http://127.0.0.1:9", "--djworkers-profile")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--djworkers-profile can't be combined with --djworkers-url*"])


def test_py_spy_is_found_beside_the_interpreter_or_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", "")
    assert py_spy.find_py_spy() is None
    beside = tmp_path / "py-spy"
    beside.touch()
    assert py_spy.find_py_spy() == str(beside)
    elsewhere = tmp_path / "bin" / "py-spy"
    elsewhere.parent.mkdir()
    beside.rename(elsewhere)
    elsewhere.chmod(0o755)
    monkeypatch.setenv("PATH", str(elsewhere.parent) + os.pathsep)
    assert py_spy.find_py_spy() == str(elsewhere)
