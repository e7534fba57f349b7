"""Explains errors of the operating system: no process, no open file, no space, no folder."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pytest_djworkers.errors import ResourceError
from pytest_djworkers.system.standard_library import standard_module


@contextmanager
def explain_os_errors(what: str, folder: Path | None = None) -> Iterator[None]:
    """Turn an OSError into a ResourceError with words for what failed, why, and what to do.

    ``what`` says what can't be done, and ``folder`` is the folder that is written to.
    """
    try:
        yield
    except OSError as error:
        raise ResourceError(f"{what}: {_why(error, folder)}") from None


def _why(error: OSError, folder: Path | None) -> str:
    where = str(folder or error.filename or "the folder for temporary files")
    said = error.strerror or str(error)
    match error.errno:
        case errno.EAGAIN:
            return (
                f"the system starts no more processes for this user (ulimit -u is"
                f" {_limit('RLIMIT_NPROC')}) or this container (pids.max of its control group): end"
                " some, or raise the limit"
            )
        case errno.ENOMEM:
            return "the system has no memory left for it: end something that needs much"
        case errno.EMFILE:
            return (
                f"this process can't open more files (ulimit -n is {_limit('RLIMIT_NOFILE')}):"
                " raise the limit, or close what the tests leave open"
            )
        case errno.ENFILE:
            return "the machine can't open more files (fs.file-max): end something that has many"
        case errno.ENOSPC | errno.EDQUOT:
            return f"no space is left in {where}: free some, or name another folder in TMPDIR"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"{said}: {where}: let this user write there, or name another folder in TMPDIR"
        case errno.ENOENT if not error.filename:
            # An error of tempfile, whose text names the folders that it has tried.
            return f"{said}: let this user write to one of them, or name another in TMPDIR"
    return f"{said}: {error.filename}" if error.filename else said


def _limit(name: str) -> str:
    resource = standard_module("resource")

    soft, _ = resource.getrlimit(getattr(resource, name))
    return "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
