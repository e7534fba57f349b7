"""The spec of a backend: its name with settings, such as ``granian:workers=4:blocking-threads=8``.

It is shown as ``granian:workers-4:blocking-threads-8``, since pytest's ``-k`` takes no "=" in a
name. Both forms are read.
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
"""The key of the ``Setting`` in the metadata of a dataclass's field."""
_T = TypeVar("_T", bound=Backend)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of a backend, as users write it."""

    help: str
    """The description for users."""
    read: Callable[[str], int | str]
    """Return the value of a text; raise ValueError with what is accepted."""


def setting(
    help: str,  # noqa: A002  # argparse's word for it
    read: Callable[[str], int | str] = parse_whole,
) -> Any:
    """Return the field of a backend's dataclass that users may set.

    Its default is None, which stands for the server's own default. ``read`` parses a text, and
    raises ValueError with what is accepted; by default it reads a whole number from 1.
    """
    return field(default=None, metadata={_READER: Setting(help, read)})


def one_of(*accepted: str) -> Callable[[str], str]:
    """Return a parser that accepts these words only."""

    def read(text: str) -> str:
        if text not in accepted:
            raise ValueError(f"{text!r} is not one of {', '.join(accepted)}")
        return text

    return read


class File(str):
    """The path of a file, as it was written: so it is shown, and compared with a baseline's."""

    __slots__ = ("path",)
    path: str
    """The absolute path, which stays right when the current folder changes."""


def existing_file(text: str, folders: Sequence[Path] = ()) -> File:
    """Return the file at a path that is relative to one of these folders, or the current one.

    Raises ValueError if none of them has it.
    """
    for folder in folders or (Path.cwd(),):
        if (folder / text).is_file():
            file = File(text)
            file.path = str((folder / text).absolute())
            return file
    where = " or ".join(str(folder) for folder in folders or (Path.cwd(),))
    raise ValueError(f"{text!r} is not a file in {where}")


def path_of(file: str) -> str:
    """Return the absolute path of a setting's file."""
    return file.path if isinstance(file, File) else file


def settings_of(backend: Backend) -> Mapping[str, Setting]:
    """Return a backend's settings, by the name that users write."""
    return {
        one.name.replace("_", "-"): one.metadata[_READER]
        for one in fields(backend)  # type: ignore[arg-type]  # a Protocol can't say that it is one
        if _READER in one.metadata
    }


def spec_of(backend: Backend) -> str:
    """Return a backend's spec, as it is shown in test ids, tables and baselines."""
    values = {name: getattr(backend, name.replace("-", "_")) for name in settings_of(backend)}
    chosen = (f"{name}-{value}" for name, value in values.items() if value is not None)
    return ":".join((backend.about.name, *chosen))


def bare_name(spec: str) -> str:
    """Return the name in a spec, without the settings."""
    return spec.partition(":")[0]


def with_settings(backend: _T, texts: list[str], folders: Sequence[Path] = ()) -> _T:
    """Return the backend with settings such as ``workers=4``; files are looked for in ``folders``.

    Raises SettingsError for a setting that it doesn't have, or that is set twice, and for a value
    that can't be read.
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
    # The form that is shown, "blocking-threads-8". The longest name first: one may be the beginning
    # of another.
    for setting_name in () if sign else sorted(known, key=len, reverse=True):
        if text.startswith(f"{setting_name}-"):
            return setting_name, text.removeprefix(f"{setting_name}-")
    if not sign and text in known:
        raise SettingsError(f"{backend.about.name}: {text} needs a value: {text}=VALUE")
    raise SettingsError(
        f"{backend.about.name} has no setting {name!r}"
        f" (it has: {', '.join(known)}; written {backend.about.name}:{next(iter(known))}=VALUE)"
    )
