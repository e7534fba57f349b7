"""Stored baselines: one JSON file per name and machine, made to be committed.

``.djworkers/<name>/<machine key>.json`` under pytest's root::

    {"schema": 1,
     "machine": {"key": ..., "cpu": ..., "logical_cpus": ..., "cpu_quota": ..., ...},
     "bursts": {"<test id> <burst name>": {"conditions": {...}, "sessions": [...]}}}

A session is one run that was saved: when, at which commit, with which versions, and the raw
figures of its windows, so that a later version can judge them anew. Sessions are comparable
only under the same conditions; when those change, the history begins again.

What was imported is beside these files, in ``imported.json``: see ``imported.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.files import (
    FOLDER,
    SCHEMA,
    a_list,
    an_object,
    being_written,
    broken,
    files_in,
    in_words,
    read_document,
)
from pytest_djworkers.baseline.imported import FILE_NAME, Imported, read_imported
from pytest_djworkers.baseline.json_layout import laid_out
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.older import without_values
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.load.masking import query_hash
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.serialization import to_simple
from pytest_djworkers.system.files import write_whole

_WINDOW_FIELDS = (
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

SESSIONS_KEPT = 30
"""The number of sessions that are kept of each burst; older ones are dropped."""
_LARGEST = 1e15
"""Sums and ratios of figures below it are numbers, too."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored of one burst, the sessions oldest first."""

    conditions: Mapping[str, Any]
    sessions: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is stored under a name: for a machine, on others, and imported."""

    file: Path
    """That machine's file."""
    machine: Machine
    bursts: Mapping[str, Stored] = field(default_factory=dict)
    elsewhere: Mapping[Machine, frozenset[str]] = field(default_factory=dict)
    """The keys of what is stored on other machines."""
    imported: tuple[Imported, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is stored under the name."""
        return not (self.bursts or self.elsewhere or self.imported)


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a file that was written."""

    file: Path
    kept: tuple[str, ...]
    """The keys of bursts that it had and that were not saved anew."""
    begun_anew: tuple[str, ...]
    """Bursts whose history was dropped, each with the reason, in words."""


def burst_key(test: str, name: str) -> str:
    """What a burst is stored under."""
    return f"{test} {name}"


def conditions_of(result: BurstResult) -> dict[str, Any]:
    """What must be the same for two bursts to be compared.

    Of headers and body, what does not change from run to run as a session's key does; of the
    query's values a hash, since the file is committed.
    """
    shape, request = result.profile.shape, result.profile.request
    conditions: dict[str, Any] = {
        "generator": result.generator.name,
        "request": request.shown,
        **asdict(shape),
    }
    if query := query_hash(request.path):
        conditions["query"] = query
    if request.headers:
        conditions["headers"] = ", ".join(sorted(name.lower() for name, _ in request.headers))
    if request.body:
        conditions["body_bytes"] = len(request.body)
    if result.server is not None:
        conditions["backend"] = result.server.backend
        conditions["workers"] = result.server.workers
        conditions.update(result.server.options)
    return conditions


def differing(stored: Stored, result: BurstResult) -> str | None:
    """Which condition differs, in words; None when none does."""
    return next(differing_conditions(stored.conditions, conditions_of(result)), None)


def differing_conditions(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Which conditions differ, in words."""
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            yield f"{key} was {before.get(key)} and is {now.get(key)}"


def window_of(result: BurstResult) -> dict[str, Any]:
    """The raw figures of a burst, for a session's list of windows."""
    from pytest_djworkers.baseline.encoding import encode_latency

    data = to_simple(result)
    return {
        **{name: data[name] for name in _WINDOW_FIELDS},
        "latency": None if result.latency is None else encode_latency(result.latency),
        "generator": data["generator"],
    }


def load(root: Path, name: str, machine: Machine) -> Baseline:
    """The baseline of this name, as a machine sees it; empty when there is none.

    Raises BaselineError when that machine's file, or what was imported, can't be read, is
    broken, or of a newer schema. A file of another machine that can't be read is left out.
    """
    folder = root / FOLDER / name
    file = folder / f"{machine.key}.json"
    bursts = _bursts_of(file, machine)
    elsewhere: dict[Machine, frozenset[str]] = {}
    for other in files_in(folder):
        if other != file and other.name != FILE_NAME:
            with suppress(BaselineError):
                found = read(other)
                elsewhere[found.machine] = frozenset(found.bursts)
    return Baseline(
        file,
        machine,
        bursts,
        elsewhere,
        read_imported(folder / FILE_NAME),
    )


def read(file: Path) -> Baseline:
    """The baseline in a file by itself. Raises BaselineError when there is none to read."""
    document = read_document(file)
    if document is None:
        raise BaselineError(f"baseline {file} does not exist")
    return _baseline(file, document)


def save(
    root: Path, name: str, machine: Machine, sessions: Mapping[str, tuple[dict[str, Any], Any]]
) -> Saved:
    """Add a session to each burst named; the others are kept.

    ``sessions`` holds conditions and session by burst key. Written whole or not at all, and
    two runs that save at once both get their figures in. Raises BaselineError when it can't.
    """
    file = root / FOLDER / name / f"{machine.key}.json"
    begun_anew = []
    with being_written(file.parent):
        before = _bursts_of(file, machine)
        bursts = dict(before)
        for key, (conditions, session) in sessions.items():
            history: tuple[Mapping[str, Any], ...] = ()
            if old := before.get(key):
                if why := next(differing_conditions(old.conditions, conditions), None):
                    begun_anew.append(f"{key}: {why}")
                else:
                    history = old.sessions
            bursts[key] = Stored(conditions, (*history, session)[-SESSIONS_KEPT:])
        write_whole(file, laid_out(_document(machine, bursts)))
    return Saved(file, tuple(sorted(before.keys() - sessions.keys())), tuple(begun_anew))


def _baseline(file: Path, document: Mapping[str, Any]) -> Baseline:
    try:
        machine = _machine(an_object(document["machine"], "its machine"))
        entries = without_values(an_object(document["bursts"], "what it has of bursts"))
        bursts = {key: _stored(an_object(entry, "a burst")) for key, entry in entries.items()}
    except (ValueError, KeyError) as error:
        raise broken(file, in_words(error)) from None
    return Baseline(file, machine, bursts)


def _bursts_of(file: Path, machine: Machine) -> Mapping[str, Stored]:
    """What is stored in a machine's own file; nothing where there is none."""
    document = read_document(file)
    if document is None:
        return {}
    found = _baseline(file, document)
    if found.machine != machine:
        raise BaselineError(
            f"baseline {file} is of another machine ({differing_machine(found.machine, machine)}):"
            f" its name should be {found.machine.key}.json"
        )
    return found.bursts


def differing_machine(before: Machine, now: Machine) -> str:
    """How two machines differ, in words."""
    words = {
        "cpu": "CPU",
        "logical_cpus": "logical CPUs",
        "cpu_quota": "CPU quota",
        "allowed_cpus": "number of CPUs to run on",
    }
    then = asdict(before)
    return ", ".join(
        f"{words[name]} was {_or_unlimited(then[name])} and is {_or_unlimited(value)}"
        for name, value in asdict(now).items()
        if then[name] != value
    )


def _or_unlimited(value: object) -> object:
    return "unlimited" if value is None else value


def _document(machine: Machine, bursts: Mapping[str, Stored]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "machine": {"key": machine.key, **asdict(machine)},
        "bursts": {
            key: {"conditions": stored.conditions, "sessions": list(stored.sessions)}
            for key, stored in bursts.items()
        },
    }


def _machine(facts: Mapping[str, Any]) -> Machine:
    cpu, logical_cpus, quota = (facts[name] for name in ("cpu", "logical_cpus", "cpu_quota"))
    if not isinstance(cpu, str) or not _is_count(logical_cpus):
        raise ValueError("its machine has no CPU")
    if quota is not None and not _is_positive(quota):
        raise ValueError("its machine's quota is no number")
    allowed = facts.get("allowed_cpus")
    if allowed is not None and not _is_count(allowed):
        raise ValueError("the CPUs that its machine may run on are no number")
    return Machine(cpu, logical_cpus, quota, allowed)


def _stored(entry: Mapping[str, Any]) -> Stored:
    """A burst, where every figure that is compared or shown is one. Raises ValueError, KeyError."""
    from pytest_djworkers.baseline.encoding import check_encoded

    conditions = an_object(entry["conditions"], "a burst's conditions")
    sessions = [an_object(one, "a session") for one in a_list(entry["sessions"], "sessions")]
    for session in sessions:
        an_object(session.get("versions", {}), "what it has of versions")
        for figures in a_list(session["windows"], "windows"):
            _check_window(an_object(figures, "a window"))
    if latency := sessions[-1]["windows"][-1]["latency"]:
        check_encoded(latency)
    return Stored(conditions, tuple(sessions))


def _check_window(figures: Mapping[str, Any]) -> None:
    if not _is_positive(figures["window_s"]):
        raise ValueError("a window without a length")
    for name in ("ok", "late", "unexpected", "error", "unanswered"):
        if not _is_count(figures[name]) and (name, figures[name]) != ("unanswered", None):
            raise ValueError(f"{name} is no count in a window")
    usage = figures.get("usage")
    if usage is not None and not _is_figure(an_object(usage, "a usage")["cpu_s"]):
        raise ValueError("cpu_s is no number in a usage")


def _is_figure(value: object) -> bool:
    return type(value) in {int, float} and 0 <= value < _LARGEST  # type: ignore[operator]  # a number


def _is_positive(value: object) -> bool:
    return _is_figure(value) and value != 0


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _LARGEST
