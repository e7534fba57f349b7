"""Parsers of option values. Each raises ValueError with what was given and what is accepted."""

from __future__ import annotations

import re
import shlex
from pathlib import PurePosixPath

from pytest_djworkers.load.generator_names import GENERATORS
from pytest_djworkers.report_format import ReportFormat
from pytest_djworkers.units import parse_duration, written

# Identifiers in any script, as Python allows; the attribute may be nested.
_APPLICATION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*")
# The name becomes a folder. Beginning with a letter or digit, it can't be "..", a hidden folder or
# an option of the command line; 100 characters fit into every file system.
_BASELINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{,99}")


def parse_backends(value: object) -> tuple[str, ...]:
    """Return the specs in a comma-separated list; none for ``none``."""
    names = tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else ()
    if not names or not all(names):
        raise ValueError(
            f"{written(value)} is not a list of backends, such as gunicorn-gevent,granian"
        )
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{written(value)} names {' and '.join(repeated)} twice")
    if "none" not in names:
        return names
    if len(names) > 1:
        # "none" switches off what the configuration file asks for.
        raise ValueError(f'{written(value)}: "none" can\'t be combined with backends')
    return ()


def parse_address(value: object) -> str:
    """Return an IPv4 address that one machine can have."""
    # Only a run with load tests parses it, and other runs don't wait for the module.
    import ipaddress

    text = parse_text(value)
    try:
        address = ipaddress.ip_address(text)
        if address.is_multicast:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"{written(value)} is not the IPv4 address of one machine, such as 10.0.0.5"
        ) from None
    # A user's own command may say {host}:{port} or --host {host}, and an IPv6 address would need
    # brackets in only one of them.
    if address.version != 4:
        raise ValueError(f"{written(value)} is an IPv6 address: it must be an IPv4 address")
    if address.is_unspecified:
        raise ValueError(
            f"{written(value)} stands for all addresses of this machine, and load must be sent to"
            " one: name the one that others reach"
        )
    return str(address)


def parse_generator(value: object) -> str:
    """Return the name of a generator, or ``auto``."""
    if value not in GENERATORS:
        raise ValueError(f"{written(value)} is not one of {', '.join(GENERATORS)}")
    return str(value)


def parse_positive_duration(value: object) -> float:
    """Return a duration above 0, in seconds."""
    seconds = parse_duration(value)
    if not seconds:
        raise ValueError(f"{written(value)} must be longer than 0 s")
    return seconds


def parse_baseline_name(value: object) -> str:
    """Return the name of a baseline, which is also the name of its folder."""
    if not isinstance(value, str) or not _BASELINE.fullmatch(value):
        raise ValueError(
            f"{written(value)} is not a name of up to 100 letters, digits, '.', '_' and '-' that"
            " begins with a letter or a digit"
        )
    return value


def parse_report_format(value: object) -> ReportFormat:
    """Return the format of reports that has this name."""
    if value not in list(ReportFormat):
        raise ValueError(f"{written(value)} is not one of {', '.join(ReportFormat)}")
    return ReportFormat(str(value))


def parse_command(value: object) -> str:
    """Return a line that looks like a command; the placeholders in it are checked later."""
    # The registry parses the rest: it knows which placeholders a command must have.
    if not isinstance(value, str) or "=" not in value:
        raise ValueError(f"{written(value)} is not NAME = command")
    return value


def parse_text(value: object) -> str:
    """Return the text without blanks around it."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{written(value)} must not be empty")
    return value.strip()


def parse_module(value: object) -> str:
    """Return the dotted name of a module, which need not exist."""
    if not isinstance(value, str) or not all(part.isidentifier() for part in value.split(".")):
        raise ValueError(f"{written(value)} is not the dotted name of a module")
    return value


def parse_application(value: object) -> str:
    """Return MODULE:ATTRIBUTE, or ``django``."""
    if isinstance(value, str) and (_APPLICATION.fullmatch(value) or value == "django"):
        return value
    raise ValueError(
        f"{written(value)} is not MODULE:ATTRIBUTE, such as site.asgi:application, or django"
    )


def parse_path(value: object) -> str:
    """Return the path of a URL."""
    if not isinstance(value, str) or not value.startswith("/"):
        raise ValueError(f"{written(value)} is not a path that starts with /")
    return value


def parse_environments(value: object) -> tuple[str, str]:
    """Return the two environments in a list with a comma."""
    base, head = _two_names(value, "two environments, such as .venv-old/bin/python,new.txt")
    if base == head:
        raise ValueError(f"{written(value)} names one environment twice: use --djworkers-calibrate")
    return base, head


def parse_certificate(value: object) -> tuple[str, str]:
    """Return the files of a certificate and of its key, in a list with a comma."""
    return _two_names(
        value, "the files of a certificate and its key, such as certificate.pem,key.pem"
    )


def _two_names(value: object, wanted: str) -> tuple[str, str]:
    names = tuple(name.strip() for name in value.split(",")) if isinstance(value, str) else ()
    if len(names) != 2 or not all(names):
        raise ValueError(f"{written(value)} is not {wanted}")
    return names[0], names[1]


def parse_shell_words(value: object) -> tuple[str, ...]:
    """Return the words of a command line."""
    text = parse_text(value)
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ValueError(f"{written(value)} is not a command line: {error}") from None


def parse_inner_path(value: object) -> str:
    """Return a path or a pattern of paths, relative to the top folder of a repository."""
    text = parse_text(value).rstrip("/")
    path = PurePosixPath(text)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError(
            f"{written(value)} is not a path inside of the repository, relative to its top folder"
        )
    return text
