"""Lets file storages that code creates, such as for a model's field, write to the run's folder.

What they read is looked for in the run's folder first, and then in their own. The same holds for
subclasses in STORAGES and for static files, whose own files must still be found.
"""

from __future__ import annotations

import copy
import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import partial, wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.import_hooks import after_import
from pytest_djworkers.entry.isolation import paths_in

_TWIN = "_djworkers_twin"
"""The attribute of a storage that holds its twin: the same storage in the run's folder."""


def guard_storages(settings: Any, brief: Brief) -> None:
    """Let every storage on this machine's disk write to the run's folder. An Adjustment."""
    if brief.isolation is None:
        return
    folder = Path(brief.isolation.folder)
    chosen = {name: getattr(settings, name, None) for name in ("MEDIA_ROOT", "STORAGES")}
    hook = partial(_hook, folder / "beside", (str(folder.resolve()), *paths_in(chosen)))
    after_import("django.core.files.storage.filesystem", hook)


def _hook(folder: Path, roots: tuple[str, ...], module: ModuleType) -> None:
    storage: Any = module.FileSystemStorage
    if hasattr(storage.path, "__wrapped__"):
        return

    def twin(self: Any) -> Any:
        """Return the storage's twin; None if the storage is in the run's folder itself, or in a
        folder that a test has set."""
        if _TWIN not in vars(self):
            setattr(self, _TWIN, _twin_in(folder, roots, self))
        return getattr(self, _TWIN)

    for name, replacement in _REPLACEMENTS.items():
        setattr(storage, name, _replaced(getattr(storage, name), replacement, twin))


def _twin_in(folder: Path, roots: tuple[str, ...], storage: Any) -> Any:
    if not storage.location:
        return None
    real = Path(storage.location).resolve()
    if any(real.is_relative_to(root) for root in roots):
        return None
    # Two storages may have folders of the same name: the digest of the path tells them apart.
    name = f"{hashlib.sha256(str(real).encode()).hexdigest()[:8]}-{real.name}"
    twin = copy.copy(storage)
    vars(twin).update({_TWIN: None, "base_location": folder / name, "location": str(folder / name)})
    (folder / name).mkdir(parents=True, exist_ok=True)
    return twin


def _replaced(
    original: Callable[..., Any], replacement: Callable[..., Any], twin: Callable[[Any], Any]
) -> Callable[..., Any]:
    @wraps(original)
    def method(self: Any, *args: Any, **named: Any) -> Any:
        own = twin(self)
        if own is None:
            return original(self, *args, **named)
        return replacement(original, self, own, *args, **named)

    return method


def _path(original: Callable[..., Any], real: Any, own: Any, name: str) -> Any:
    there, here = original(real, name), original(own, name)
    is_there = os.path.lexists(there)
    return there if is_there and (Path(there).is_dir() or not os.path.lexists(here)) else here


def _in_twin(original: Callable[..., Any], _: Any, own: Any, *args: Any) -> Any:
    return original(own, *args)


def _open(original: Callable[..., Any], real: Any, own: Any, name: str, mode: str = "rb") -> Any:
    if not set(mode) & set("wax+"):
        return original(real, name, mode)
    # A file is copied before it is changed, so that the real one stays as it is.
    there, here = Path(real.path(name)), Path(own.path(name))
    here.parent.mkdir(parents=True, exist_ok=True)
    if there != here and there.is_file() and "w" not in mode:
        shutil.copy2(there, here)
    return original(own, name, mode)


def _listdir(
    original: Callable[..., Any], real: Any, own: Any, path: str
) -> tuple[list[str], list[str]]:
    found = []
    for storage in (real, own):
        with suppress(FileNotFoundError):
            found.append(original(storage, path))
    if not found:
        original(own, path)  # raises the error for the missing folder
    return tuple(  # type: ignore[return-value]  # of two
        list(dict.fromkeys(name for one in found for name in one[kind])) for kind in (0, 1)
    )


_REPLACEMENTS: dict[str, Callable[..., Any]] = {
    "path": _path,
    "_save": _in_twin,
    "delete": _in_twin,
    "_open": _open,
    "listdir": _listdir,
}
