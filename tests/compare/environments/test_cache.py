from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from pytest_djworkers.compare.environments import cache as module
from pytest_djworkers.compare.environments.cache import EnvironmentCache
from pytest_djworkers.compare.environments.install import Installation, find_uv, install, python_of
from pytest_djworkers.compare.environments.interpreter import ask_interpreter
from pytest_djworkers.compare.environments.requirement_files import read_requirements
from pytest_djworkers.errors import SettingsError


@pytest.fixture
def said() -> list[str]:
    """The lines that the user is told."""
    return []


@pytest.fixture
def cache(tmp_path: Path, said: list[str]) -> EnvironmentCache:
    """A cache in a folder of its own."""
    for name in ("kept", "scratch"):
        (tmp_path / name).mkdir()
    return EnvironmentCache(tmp_path / "kept", tmp_path / "scratch", (), said.append)


def installation(folder: Path, text: str = "") -> Installation:
    """Return an installation of these requirements."""
    file = folder / "requirements.txt"
    file.write_text(text)
    interpreter = ask_interpreter(sys.executable, "here")
    return Installation(read_requirements(file), interpreter, folder, "main")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Environments are made of nothing but an interpreter, and their folders are listed here."""
    made: list[Path] = []

    def build(_: Installation, environment: Path, *__: object) -> None:
        made.append(environment)
        python_of(environment).parent.mkdir(parents=True)
        python_of(environment).symlink_to(sys.executable)

    monkeypatch.setattr(module, "install", build)
    return made


def test_an_environment_is_built_once(
    cache: EnvironmentCache, builds: list[Path], tmp_path: Path, said: list[str]
) -> None:
    first = cache.python_for(installation(tmp_path, "django\n"))
    assert cache.python_for(installation(tmp_path, "django\n")) == first
    assert len(builds) == 1
    assert [line.partition(" ")[0] for line in said] == ["building", "built"]
    assert cache.python_for(installation(tmp_path, "django>5\n")) != first
    assert len(builds) == 2


def test_what_a_killed_build_left_is_not_used(
    cache: EnvironmentCache, builds: list[Path], tmp_path: Path
) -> None:
    wanted = installation(tmp_path)
    python = Path(cache.python_for(wanted))
    assert cache.kept is not None
    # A build that is killed has its folder, and no record.
    (record,) = cache.kept.glob("*.json")
    record.unlink()
    again = Path(cache.python_for(wanted))
    assert again != python
    assert not python.exists()
    assert len(builds) == 2


def test_an_environment_whose_python_is_gone_is_built_anew(
    cache: EnvironmentCache, builds: list[Path], tmp_path: Path
) -> None:
    wanted = installation(tmp_path)
    python = Path(cache.python_for(wanted))
    python.unlink()
    python.symlink_to("/no/such/python")
    assert os.access(cache.python_for(wanted), os.X_OK)
    assert len(builds) == 2


def test_a_build_that_fails_leaves_nothing(
    cache: EnvironmentCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Installation, environment: Path, *__: object) -> None:
        environment.mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "install", fail)
    with pytest.raises(KeyboardInterrupt):
        cache.python_for(installation(tmp_path))
    assert cache.kept is not None
    assert [file.suffix for file in cache.kept.iterdir()] == [".lock"]


def test_one_that_installs_the_repository_is_not_kept(
    cache: EnvironmentCache, builds: list[Path], tmp_path: Path
) -> None:
    wanted = installation(tmp_path, "-e .\n")
    assert cache.python_for(wanted) != cache.python_for(wanted)
    assert all(folder.parent == cache.scratch for folder in builds)
    assert cache.kept is not None
    assert not list(cache.kept.iterdir())


def test_environments_that_nobody_uses_are_removed(
    cache: EnvironmentCache, builds: list[Path], tmp_path: Path
) -> None:
    old = Path(cache.python_for(installation(tmp_path, "a\n")))
    assert cache.kept is not None
    (record,) = cache.kept.glob("*.json")
    assert json.loads(record.read_text())["folder"] == old.parents[1].name
    os.utime(record, (0, 0))
    new = Path(cache.python_for(installation(tmp_path, "b\n")))
    assert not old.exists()
    assert new.exists()


@pytest.mark.matrix
def test_what_can_not_be_installed_is_told_with_the_end_of_the_log(
    cache: EnvironmentCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_djworkers.compare.environments.install.find_uv", lambda: None)
    wanted = installation(tmp_path, "--no-index\nno-such-package-here\n")
    with pytest.raises(SettingsError) as error:
        cache.python_for(wanted)
    assert "main: pip can't install" in str(error.value)
    assert "no-such-package-here" in str(error.value).partition("The end of its log")[2]


@pytest.mark.matrix
@pytest.mark.skipif(find_uv() is None, reason="uv is not on PATH")
def test_uv_installs_what_pip_installs(tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    install(installation(tmp_path, "sqlparse\n"), environment, tmp_path / "log")
    found = ask_interpreter(str(python_of(environment)), "here")
    assert found.prefix == str(environment)
