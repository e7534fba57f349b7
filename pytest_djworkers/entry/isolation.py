"""Computes settings that keep the site's files and cache keys apart from the real ones.

Files, file caches, sessions and logs go to a folder of the run, which is removed with it. Keys in
caches that others share get a prefix of the run. These are functions from settings to settings.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Self

FILE_STORAGES = (
    "django.core.files.storage.FileSystemStorage",
    "django.core.files.storage.filesystem.FileSystemStorage",
)
FILE_CACHES = (
    "django.core.cache.backends.filebased.FileBasedCache",
    "diskcache.DjangoCache",
    "diskcache.djangocache.DjangoCache",
)
OWN_CACHES = (
    "django.core.cache.backends.locmem.LocMemCache",
    "django.core.cache.backends.dummy.DummyCache",
    "django.core.cache.backends.db.DatabaseCache",
)
"""Caches in the process's memory or in a test database: nobody else reads them."""
OF_A_RUN = re.compile(r"\Adjworkers-[^:]*:")
"""The prefix of keys of a run."""
_MEDIA, _LOGS = "media", "logs"
_FOLDERS = {"SESSION_FILE_PATH": "sessions", "FILE_UPLOAD_TEMP_DIR": "uploads"}
"""Settings that name a folder (None: the system's), and its name in the run's folder."""

_Visit = Callable[[Any, str], Any]
"""A function that gets a path and its kind, and returns the path to put in its place."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """The folder and the prefix for what a served site writes."""

    folder: str
    """The folder, which is the run's own, or an arm's in a comparison."""
    prefix: str
    """The prefix of its keys in caches that others share; it matches ``OF_A_RUN``."""
    real: tuple[str, ...] = ()
    """The paths that the settings module names, from ``named_in``: nothing is written there."""

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the isolation that ``dataclasses.asdict`` gave this data for."""
        return cls(**{**data, "real": tuple(data["real"])})

    def make(self) -> None:
        """Make the folder, which only this user can enter, and in it those that Django expects."""
        Path(self.folder).mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in (_MEDIA, _LOGS, *_FOLDERS.values()):
            (Path(self.folder) / name).mkdir(exist_ok=True)


def isolated(values: Mapping[str, Any], isolation: Isolation) -> dict[str, Any]:
    """Return the settings that must change, with their new values.

    Only real paths are moved. Other paths are those that a test has set in place of real ones.
    """
    mover = _Mover(Path(isolation.folder), values.get("MEDIA_ROOT"), frozenset(isolation.real))
    changed = {
        "MEDIA_ROOT": mover(values.get("MEDIA_ROOT"), _MEDIA),
        **{name: mover(values.get(name), kind) for name, kind in _FOLDERS.items()},
        **_nested(values, mover),
    }
    if "CACHES" in changed:
        changed["CACHES"] = _prefixed(changed["CACHES"], isolation.prefix)
    return {name: value for name, value in changed.items() if value != values.get(name)}


SETTINGS = ("MEDIA_ROOT", *_FOLDERS, "STORAGES", "CACHES", "LOGGING")
"""The names of the settings that ``isolated`` looks at."""


def paths_in(values: Mapping[str, Any]) -> frozenset[str]:
    """Return the absolute paths that settings name for the site to write to."""
    found: list[Any] = [values.get(name) for name in ("MEDIA_ROOT", *_FOLDERS)]

    def note(path: Any, _: str) -> Any:
        found.append(path)
        return path

    _nested(values, note)
    return frozenset(str(Path(path).resolve()) for path in found if _is_path(path))


def named_in(values: Mapping[str, Any]) -> frozenset[str]:
    """Return the same, and the paths in entries of caches and storages of other classes."""
    caches, storages = (values.get(name) for name in ("CACHES", "STORAGES"))
    found = [_at(caches, (alias, "LOCATION")) for alias in caches or ()]
    found += [_at(storages, (alias, "OPTIONS", "location")) for alias in storages or ()]
    return paths_in(values) | {str(Path(path).resolve()) for path in found if _is_path(path)}


class _Mover:
    """Maps real paths into a folder: the same path always to the same place."""

    def __init__(self, folder: Path, media: Any, real: frozenset[str]) -> None:
        self._folder = folder
        self._media = str(Path(media).resolve()) if _is_path(media) else None
        self._real = real

    def __call__(self, path: Any, kind: str) -> Any:
        """Return the place for a path, of the same type; the path itself if it isn't real."""
        if not path:
            return str(self._folder / kind)
        absolute = Path(path).resolve()
        if str(absolute) not in self._real:
            return path
        return type(path)(self._folder / self._name(absolute, kind))

    def _name(self, absolute: Path, kind: str) -> Path | str:
        # A path inside of MEDIA_ROOT stays inside of it: the site may find it through both names.
        if self._media in self._real and absolute.is_relative_to(self._media):
            return _MEDIA / absolute.relative_to(self._media)
        if kind in _FOLDERS.values():
            return kind
        return Path(kind, f"{_short(str(absolute))}-{absolute.name}")


def _nested(values: Mapping[str, Any], visit: _Visit) -> dict[str, Any]:
    """Return STORAGES, CACHES and LOGGING, if set, with each path replaced by ``visit`` of it."""
    visitors: dict[str, Callable[[dict[str, Any], _Visit], Any]] = {
        "STORAGES": _in_storages,
        "CACHES": _in_caches,
        "LOGGING": _in_logging,
    }
    return {
        name: visitor(values[name], visit)
        for name, visitor in visitors.items()
        if isinstance(values.get(name), dict)
    }


def _in_storages(storages: dict[str, Any], visit: _Visit) -> dict[str, Any]:
    """Replace the locations of storages on this machine's disk."""
    # The static files are left where they are: the site only reads them.
    return {
        alias: _replaced(storage, ("OPTIONS", "location"), visit, "storages")
        if alias != "staticfiles" and _backend(storage) in FILE_STORAGES
        else storage
        for alias, storage in storages.items()
    }


def _in_caches(caches: dict[str, Any], visit: _Visit) -> dict[str, Any]:
    return {
        alias: _replaced(cache, ("LOCATION",), visit, "caches")
        if _backend(cache) in FILE_CACHES
        else cache
        for alias, cache in caches.items()
    }


def _in_logging(logging: dict[str, Any], visit: _Visit) -> dict[str, Any]:
    """Replace the files of handlers, but not devices such as ``/dev/stderr``."""
    handlers = logging.get("handlers")
    if not isinstance(handlers, dict):
        return logging
    moved = {
        name: handler
        if str(_at(handler, ("filename",))).startswith("/dev/")
        else _replaced(handler, ("filename",), visit, _LOGS)
        for name, handler in handlers.items()
    }
    return {**logging, "handlers": moved}


def _prefixed(caches: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Return caches with the run's prefix before their own; caches that nobody shares stay."""
    return {
        alias: {**cache, "KEY_PREFIX": prefix + OF_A_RUN.sub("", str(cache.get("KEY_PREFIX", "")))}
        if isinstance(cache, dict) and _backend(cache) not in {*OWN_CACHES, *FILE_CACHES}
        else cache
        for alias, cache in caches.items()
    }


def _backend(entry: Any) -> Any:
    return _at(entry, ("BACKEND",))


def _at(entry: Any, keys: tuple[str, ...]) -> Any:
    """Return the value under these nested keys; None if there is none."""
    for key in keys:
        entry = entry.get(key) if isinstance(entry, dict) else None
    return entry


def _replaced(entry: Any, keys: tuple[str, ...], visit: _Visit, kind: str) -> Any:
    """Return a copy of the entry with the path under these nested keys as ``visit`` returns it."""
    if not _is_path(_at(entry, keys)):
        return entry
    first, *rest = keys
    inner = entry[first]
    return {
        **entry,
        first: _replaced(inner, tuple(rest), visit, kind) if rest else visit(inner, kind),
    }


def _is_path(value: Any) -> bool:
    return value != "" and isinstance(value, str | PurePath)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
