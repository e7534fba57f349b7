"""A backend with its settings, as users write it: ``granian:workers=4:blocking-threads=8``.

It is shown as ``granian:workers-4:blocking-threads-8``, which pytest's ``-k`` can select, and
either form is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.units import parse_whole

_READER = "djworkers"
_T = TypeVar("_T", bound=Backend)


@dataclass(frozen=True, slots=True)
class Setting:
    """How a field of a backend is written. ``read`` raises ValueError, with what is accepted."""

    help: str
    read: Callable[[str], int | str]


def setting(
    help: str,  # noqa: A002  # argparse's word for it
    read: Callable[[str], int | str] = parse_whole,
) -> Any:
    """A field of a backend that users may set; None is the server's own default."""
    return field(default=None, metadata={_READER: Setting(help, read)})


def one_of(*accepted: str) -> Callable[[str], str]:
    """Reads one of these words."""

    def read(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"{text!r} is not one of {', '.join(accepted)}")
        return text

    return read


class File(str):
    """The path of a file as it was written, which is how it is shown and compared."""

    __slots__ = ("path",)
    path: str
    """Where it is, whatever the current folder will be."""


def existing_file(text: str, folders: Sequence[Path] = ()) -> File:
    """Reads the path of a file, relative to the first of these folders that has it; without any,
    to the current one."""
    for folder in folders or (Path.cwd(),):
        if (folder / text).is_file():
            file = File(text)
            file.path = str((folder / text).absolute())
            return file
    where = " or ".join(str(folder) for folder in folders or (Path.cwd(),))
    raise ValueError(f"{text!r} is not a file in {where}")


def path_of(file: str) -> str:
    """Where the file of a setting is."""
    return file.path if isinstance(file, File) else file


def settings_of(backend: Backend) -> Mapping[str, Setting]:
    """What users may set, by the name that they write."""
    return {
        one.name.replace("_", "-"): one.metadata[_READER]
        for one in fields(backend)  # type: ignore[arg-type]  # a Protocol can't say that it is one
        if _READER in one.metadata
    }


def spec_of(backend: Backend) -> str:
    """The backend's name with its settings, as it is shown: in test ids, tables and baselines."""
    values = {name: getattr(backend, name.replace("-", "_")) for name in settings_of(backend)}
    chosen = (f"{name}-{value}" for name, value in values.items() if value is not None)
    return ":".join((backend.about.name, *chosen))


def bare_name(spec: str) -> str:
    """The backend's name without its settings."""
    return spec.partition(":")[0]


def with_settings(backend: _T, texts: list[str], folders: Sequence[Path] = ()) -> _T:
    """The backend with the settings that a spec gives it; files are looked for in these folders.

    Raises SettingsError.
    """
    values: dict[str, int | str] = {}
    for text in texts:
        name, value = _split(backend, text)
        field_name = name.replace("-", "_")
        if field_name in values:
            raise SettingsError(f"{backend.about.name}: {name} is set twice")
        try:
            read = settings_of(backend)[name].read
            values[field_name] = (
                existing_file(value, folders) if read is existing_file else read(value)
            )
        except ValueError as error:
            raise SettingsError(f"{backend.about.name}: {name}={value}: {error}") from None
    return replace(backend, **values)  # type: ignore[type-var]  # as above


def _split(backend: Backend, text: str) -> tuple[str, str]:
    known = settings_of(backend)
    name, sign, value = text.partition("=")
    if sign and name in known:
        return name, value
    for one in () if sign else sorted(known, key=len, reverse=True):
        if text.startswith(f"{one}-"):
            return one, text.removeprefix(f"{one}-")
    if not sign and text in known:
        raise SettingsError(f"{backend.about.name}: {text} needs a value: {text}=VALUE")
    raise SettingsError(
        f"{backend.about.name} has no setting {name!r}"
        f" (it has: {', '.join(known)}; written {backend.about.name}:{next(iter(known))}=VALUE)"
    )
