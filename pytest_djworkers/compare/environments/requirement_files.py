"""The files that name an environment's packages: pip's requirements, pylock.toml, uv.lock."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from pathlib import Path, PurePath

from pytest_djworkers.errors import SettingsError

# Both long options may have a "=" instead of a blank, the short ones may have neither.
_INCLUDE = re.compile(r"(?:-r|-c|--requirements?|--constraints?)(?:\s*=\s*|\s*)(?P<name>.+)")
_URL = re.compile(r"(?!file:)[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# A path, an editable package, "name @ file:...", a wheel in the folder, and a folder of wheels.
_LOCAL = re.compile(
    r"(?:-e|--editable)(?>\s*=\s*|\s*)(?![a-z+]+://)|[./~]|file:|.*@\s*(?:file:|[./])|(?!.*://).*\.(?:whl|zip|tar\.gz)\b"
    r"|(?:-f|--find-links)(?>\s*=\s*|\s*)(?![a-z]+://|/)",
    re.IGNORECASE,
)
_LOCAL_SOURCES = ("editable", "directory", "path")
"""The keys in uv.lock's ``source`` that stand for files beside it."""
_OTHER_SUFFIXES = {".cfg", ".json", ".lock", ".py", ".toml", ".yaml", ".yml"}


class Kind(StrEnum):
    """The format of a file with requirements."""

    REQUIREMENTS = "requirements"
    PYLOCK = "pylock"
    UV_LOCK = "uv lock"

    @property
    def needs_uv(self) -> bool:
        """True if only uv can install it; every version of pip installs the others."""
        return self is not Kind.REQUIREMENTS


def kind_of(name: str) -> Kind:
    """Return the format of a file by its name. Raises SettingsError for one that is unknown."""
    path = PurePath(name)
    if path.name == "uv.lock":
        return Kind.UV_LOCK
    if re.fullmatch(r"pylock(\.[^.]+)?\.toml", path.name):
        return Kind.PYLOCK
    if path.suffix in _OTHER_SUFFIXES:
        raise SettingsError(
            f"{name} can't be installed: it must be in pip's format for requirements, or be a"
            " pylock.toml or a uv.lock; write another lock as requirements (poetry export, pdm"
            " export, pipenv requirements, pip-compile, uv export)"
        )
    return Kind.REQUIREMENTS


@dataclass(frozen=True, slots=True)
class Requirements:
    """A file with requirements, and the files that it includes."""

    file: Path
    kind: Kind
    digest: str
    """The digest of the content of all the files, in hexadecimal digits."""
    is_local: bool
    """True if it installs files that lie beside it, which its content doesn't tell apart."""


def read_requirements(file: Path) -> Requirements:
    """Return what a file requires, and the files that it includes.

    Raises SettingsError if one of them can't be read, or has an unknown format.
    """
    kind = kind_of(file.name)
    contents = {file: _read(file, file)}
    if kind is Kind.UV_LOCK:
        project = file.with_name("pyproject.toml")
        contents[project] = _read(project, file)
        is_local = _is_local_lock(contents[file], file)
    elif kind is Kind.PYLOCK:
        is_local = _is_local_lock(contents[file], file)
    else:
        _follow_includes(file, contents)
        is_local = any(_LOCAL.match(line) for text in contents.values() for line in _lines(text))
    digest = sha256()
    for one, text in contents.items():
        digest.update(f"{one.name}\0{len(text)}\0{text}\0".encode())
    return Requirements(file, kind, digest.hexdigest(), is_local)


def _follow_includes(file: Path, contents: dict[Path, str]) -> None:
    """Add the content of all files that a file includes, and of those that they include."""
    for line in _lines(contents[file]):
        found = _INCLUDE.match(line)
        if found is None or _URL.match(found["name"]):
            continue
        included = file.parent / found["name"].strip("'\"")
        if included not in contents:
            contents[included] = _read(included, file)
            _follow_includes(included, contents)


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a requirements file without comments and blanks around them."""
    for line in text.replace("\\\n", " ").splitlines():
        # pip takes a "#" for the beginning of a comment only after white space.
        if content := re.sub(r"(^|\s)#.*", "", line).strip():
            yield content


def _is_local_lock(text: str, file: Path) -> bool:
    """Return True if a lock has packages that lie beside it."""
    # Only here: an app of the site may have this name, and most runs need no lock.
    import tomllib

    try:
        packages = tomllib.loads(text).get("packages" if "pylock" in file.name else "package", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file} is not TOML: {error}") from None
    if file.name == "uv.lock":
        return any(key in one.get("source", {}) for one in packages for key in _LOCAL_SOURCES)
    return any("directory" in one or "path" in one.get("archive", {}) for one in packages)


def _read(file: Path, from_file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        includer = f", which {from_file} needs," if file != from_file else ""
        raise SettingsError(f"{file}{includer} can't be read: {reason}") from None
