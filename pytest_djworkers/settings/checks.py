"""Checks of options against this machine: what a value names must be there."""

from __future__ import annotations

import importlib.util
import shutil
import socket
from collections.abc import Callable, Mapping
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from pytest_djworkers.load.wrk import find_wrk
from pytest_djworkers.report_format import GITHUB
from pytest_djworkers.system.unpatched_sockets import UnpatchedSocket


def check(name: str, value: Any, folder: Path) -> Any:
    """Return the value of an option, resolved where it names a file; ``folder`` is what the names
    of files are relative to. Raises ValueError if what the value names is not there."""
    function = _CHECKS.get(name)
    return value if function is None else function(value, folder)


def _generator(name: str, _: Path) -> str:
    if name == "wrk" and find_wrk() is None:
        raise ValueError("wrk is not on PATH: install it, or use asyncio")
    return name


def _report(name: str, folder: Path) -> str:
    if name == GITHUB:
        return name
    file = folder / name
    # A device or a pipe can't be written whole or not at all.
    if not file.parent.is_dir() or (file.exists() and not file.is_file()):
        raise ValueError(f"{str(file)!r} is not a file in a folder that exists")
    return str(file)


def _own_address(address: str | None, _: Path) -> str | None:
    if address is None:
        return None
    with UnpatchedSocket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
            # Sends nothing. A broadcast address can be bound, and not be connected to.
            probe.connect((address, 9))
        except OSError as error:
            raise ValueError(
                f"{address!r} is not an address of this machine ({error.strerror}): it must be"
                " one of its network interfaces'"
            ) from None
    return address


def _interpreter(name: str, folder: Path) -> str:
    # which() looks a bare name up on PATH, and takes one with a slash for a path.
    if found := shutil.which(str(folder / name) if "/" in name else name):
        return found
    raise ValueError(f"{name!r} can't be run: it must be the path of a Python interpreter")


def _settings_module(name: str, _: Path) -> str:
    # The module is found, but not imported: importing it would run the served site's settings in
    # this process. find_spec() with a dotted name imports the parents, so only the top-level
    # package is looked up with it, and PathFinder finds the rest.
    top, *rest = name.split(".")
    spec = importlib.util.find_spec(top)
    found = top
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            break
        found = f"{found}.{part}"
        spec = PathFinder.find_spec(found, spec.submodule_search_locations)
    if spec is None:
        raise ValueError(
            f"there is no module {found!r}: it must be found as DJANGO_SETTINGS_MODULE is, from"
            " pytest's pythonpath or the folder of manage.py"
        )
    if found != name:
        raise ValueError(f"{found!r} is a module, not a package with {name!r} in it")
    return name


def _certificate(names: tuple[str, str] | None, folder: Path) -> tuple[Path, Path] | None:
    if names is None:
        return None
    certificate, key = (folder / name for name in names)
    return certificate, key


_CHECKS: Mapping[str, Callable[[Any, Path], Any]] = {
    "generator": _generator,
    "report": _report,
    "bind": _own_address,
    "certificate": _certificate,
    "compare_python": _interpreter,
    "settings": _settings_module,
}
