"""Stored baselines: one JSON file per name and machine, made to be committed.

``.djworkers/<name>/<machine key>.json`` under pytest's root::

    {"schema": 1,
     "machine": {"key": ..., "cpu": ..., "logical_cpus": ..., "cpu_quota": ...},
     "bursts": {"<test id> <burst name>": {"conditions": {...}, "sessions": [...]}}}

A session is one run that was saved: when, at which commit, with which versions, and the raw
figures of its rounds, so that a later version can judge them anew. Sessions are comparable
only under the same conditions; when those change, the history begins again.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from math import inf
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.tripwire import HISTORY
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.load.result import BurstResult

SCHEMA = 1
FOLDER = ".djworkers"
_ROUND_FIELDS = (
    "window_s",
    "ok",
    "late",
    "unexpected",
    "error",
    "unanswered",
    "in_flight",
    "outside",
    "statuses",
    "error_kinds",
    "connections",
    "series",
    "wrong_bodies",
    "longest_gap_s",
    "usage",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of one burst, the sessions oldest first."""

    conditions: Mapping[str, Any]
    sessions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """One file's content."""

    file: Path
    machine: Machine
    bursts: Mapping[str, Stored] = field(default_factory=dict)


def burst_key(test: str, name: str) -> str:
    """What a burst is stored under."""
    return f"{test} {name}"


def conditions_of(result: BurstResult) -> dict[str, Any]:
    """What must be the same for two bursts to be compared."""
    shape, request = result.profile.shape, result.profile.request
    conditions: dict[str, Any] = {
        "generator": result.generator.name,
        "request": f"{request.method} {request.path}",
        **asdict(shape),
    }
    if result.server is not None:
        conditions["backend"] = result.server.backend
        conditions["workers"] = result.server.workers
        conditions.update(result.server.options)
    return conditions


def differing(stored: Stored, result: BurstResult) -> str | None:
    """Which condition differs, in words; None when none does."""
    now = conditions_of(result)
    for key in sorted(stored.conditions.keys() | now.keys()):
        before, after = stored.conditions.get(key), now.get(key)
        if before != after:
            return f"{key} was {before} and is {after}"
    return None


def round_of(result: BurstResult) -> dict[str, Any]:
    """The raw figures of a burst, for a session's list of rounds."""
    from pytest_djworkers.baseline.encoding import encode_latency

    data = result.to_dict()
    return {
        **{name: data[name] for name in _ROUND_FIELDS},
        "latency": None if result.latency is None else encode_latency(result.latency),
        "generator": data["generator"],
    }


def load(root: Path, name: str, machine: Machine) -> Baseline:
    """The baseline of this name for this machine; empty when there is none.

    Raises BaselineError when the file can't be read, is broken, or of a newer schema.
    """
    file = root / FOLDER / name / f"{machine.key}.json"
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        return Baseline(file, machine)
    except OSError as error:
        raise BaselineError(f"baseline {file} can't be read: {error.strerror}") from None
    mend = "restore it from version control or delete it"
    try:
        data = json.loads(text)
        schema = data["schema"]
        if type(schema) is not int or schema < 1:
            raise ValueError(f"schema {schema!r}")
        if schema > SCHEMA:
            raise BaselineError(
                f"baseline {file} has schema {schema}, and this version reads up to {SCHEMA}:"
                " upgrade pytest-djworkers or use another --djworkers-baseline"
            )
        bursts = {
            key: Stored(dict(entry["conditions"]), tuple(map(dict, entry["sessions"])))
            for key, entry in data["bursts"].items()
        }
        for stored in bursts.values():
            _check(stored)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"{type(error).__name__}: {error}"
        raise BaselineError(f"baseline {file} is broken ({what}): {mend}") from None
    return Baseline(file, machine, bursts)


def save(
    root: Path, name: str, machine: Machine, sessions: Mapping[str, tuple[dict[str, Any], Any]]
) -> tuple[Path, list[str]]:
    """Add a session to each burst named; the others are kept. The file, and the keys kept.

    ``sessions`` holds conditions and session by burst key. Written whole or not at all, and
    two runs that save at once both get their figures in. Raises BaselineError when it can't.
    """
    folder = root / FOLDER / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            baseline = load(root, name, machine)
            bursts = dict(baseline.bursts)
            for key, (conditions, session) in sessions.items():
                before = bursts.get(key)
                same = before is not None and dict(before.conditions) == conditions
                history = before.sessions if before is not None and same else ()
                bursts[key] = Stored(conditions, (*history, session)[-HISTORY:])
            _write(baseline.file, _document(machine, bursts))
    except OSError as error:
        raise BaselineError(
            f"baseline {folder} can't be written: {error.strerror}; nothing was changed"
        ) from None
    return baseline.file, sorted(baseline.bursts.keys() - sessions.keys())


def write_whole(file: Path, text: str) -> None:
    """Write a file whole or not at all. Raises OSError."""
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with open(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # mkstemp is for secrets; this file is to be read by whoever may read the project.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(file)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _write(file: Path, document: Mapping[str, Any]) -> None:
    write_whole(file, json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def _document(machine: Machine, bursts: Mapping[str, Stored]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "machine": {"key": machine.key, **asdict(machine)},
        "bursts": {
            key: {"conditions": stored.conditions, "sessions": list(stored.sessions)}
            for key, stored in bursts.items()
        },
    }


def _check(stored: Stored) -> None:
    """Raise where a figure that is compared or shown is not one."""
    from pytest_djworkers.baseline.encoding import check_encoded

    if not stored.sessions:
        raise ValueError("a burst without sessions")
    for session in stored.sessions:
        if not session["rounds"]:
            raise ValueError("a session without rounds")
        for figures in session["rounds"]:
            if not 0 < figures["window_s"] < inf:
                raise ValueError("a round without a window")
            for name in ("ok", "late", "unexpected", "error", "unanswered"):
                if not _is_count(figures[name]) and (name, figures[name]) != ("unanswered", None):
                    raise TypeError(f"{name} is not a count")
    if latency := stored.sessions[-1]["rounds"][-1]["latency"]:
        check_encoded(latency)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold a lock on the folder itself, so that no lock file is left in it."""
    import fcntl

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
