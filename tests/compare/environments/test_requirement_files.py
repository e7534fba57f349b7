from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.compare.environments.requirement_files import (
    Kind,
    kind_of,
    read_requirements,
)
from pytest_djworkers.errors import SettingsError


def written(folder: Path, text: str, name: str = "requirements.txt") -> Path:
    """Write a file, and return its path."""
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requirements.txt", Kind.REQUIREMENTS),
        ("requirements/base.in", Kind.REQUIREMENTS),
        ("deploy/requirements", Kind.REQUIREMENTS),
        ("pylock.toml", Kind.PYLOCK),
        ("pylock.deploy.toml", Kind.PYLOCK),
        ("site/uv.lock", Kind.UV_LOCK),
    ],
)
def test_the_format_follows_from_the_name(name: str, kind: Kind) -> None:
    assert kind_of(name) is kind


@pytest.mark.parametrize("name", ["poetry.lock", "Pipfile.lock", "environment.yml", "pdm.toml"])
def test_other_formats_are_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(SettingsError, match=r"can't be installed: .* write another lock as"):
        kind_of(name)


@pytest.mark.parametrize(
    "line",
    [
        "-e .",
        "--editable=./core",
        ".",
        "./core",
        "../core",
        "/srv/core",
        "file:///srv/core",
        "core @ file:///srv/core",
        "wheels/core-1-py3-none-any.whl",
        "--find-links wheels",
        "-f ./wheels",
    ],
)
def test_files_beside_it_make_it_local(tmp_path: Path, line: str) -> None:
    assert read_requirements(written(tmp_path, f"django\n{line}\n")).is_local


@pytest.mark.parametrize(
    "line",
    [
        "granian==2.5.0 --hash=sha256:abc",
        "-e git+https://example.com/core.git#egg=core",
        "core @ https://example.com/core-1-py3-none-any.whl",
        "https://example.com/core-1.tar.gz",
        "--find-links https://example.com/wheels",
        "--index-url https://example.com/simple",
        "# -e .",
        "uvicorn[standard]>=0.34  # ./not a path",
    ],
)
def test_packages_from_elsewhere_do_not(tmp_path: Path, line: str) -> None:
    assert not read_requirements(written(tmp_path, f"django\n{line}\n")).is_local


@pytest.mark.parametrize(
    "include", ["-r base.txt", "-c base.txt", "-rbase.txt", "--requirement=base.txt"]
)
def test_the_digest_depends_on_included_files(tmp_path: Path, include: str) -> None:
    file = written(tmp_path, f"django\n{include}  # more\n", "requirements/all.txt")
    written(tmp_path, "granian==2.4\n", "requirements/base.txt")
    before = read_requirements(file).digest
    assert read_requirements(file).digest == before
    written(tmp_path, "granian==2.5\n", "requirements/base.txt")
    assert read_requirements(file).digest != before


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    file = written(tmp_path, "-r b.txt\n", "a.txt")
    written(tmp_path, "-r a.txt\n", "b.txt")
    assert read_requirements(file).digest


def test_an_included_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"no.txt, which .*requirements.txt needs, can't be"):
        read_requirements(written(tmp_path, "-r no.txt\n"))


@pytest.mark.parametrize(
    ("source", "is_local"),
    [
        ('{ registry = "https://pypi.org/simple" }', False),
        ('{ virtual = "." }', False),
        ('{ editable = "." }', True),
        ('{ directory = "core" }', True),
    ],
)
def test_a_lock_of_uv_is_local_if_it_installs_the_project(
    tmp_path: Path, source: str, is_local: bool
) -> None:
    written(tmp_path, "[project]\nname = 'shop'\n", "pyproject.toml")
    lock = f'version = 1\n[[package]]\nname = "shop"\nsource = {source}\n'
    assert read_requirements(written(tmp_path, lock, "uv.lock")).is_local is is_local


def test_a_lock_of_uv_needs_its_project(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"pyproject.toml, which .*uv.lock needs, can't be"):
        read_requirements(written(tmp_path, "version = 1\n", "uv.lock"))


def test_a_lock_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is not TOML"):
        read_requirements(written(tmp_path, "[", "pylock.toml"))
