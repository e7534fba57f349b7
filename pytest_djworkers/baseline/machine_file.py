"""The file of one machine: its bursts, as types and as they are in the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.document import (
    SCHEMA,
    StoredBurst,
    StoredMachine,
    UnreadMachineDocument,
)
from pytest_djworkers.baseline.encoding import check_encoded
from pytest_djworkers.baseline.files import broken, errors_name, read_document
from pytest_djworkers.baseline.json_layout import laid_out
from pytest_djworkers.baseline.machine import Machine, differing_machine
from pytest_djworkers.baseline.upgrade import without_values
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.serialization import from_simple, to_simple
from pytest_djworkers.system.files import write_whole


@dataclass(frozen=True, slots=True)
class MachineFile:
    """The content of a machine's file."""

    machine: Machine
    bursts: Mapping[str, StoredBurst] = field(default_factory=dict)
    entries: Mapping[str, Any] = field(default_factory=dict)
    """The bursts as they are in the file. They are written back like this, so that a save changes
    no session that is kept, and loses nothing that a newer version noted in it."""


def read_machine_file(file: Path) -> MachineFile | None:
    """Return the content of a file; None if there is no file.

    Raises BaselineError if it can't be read, is broken, or of a newer schema.
    """
    document = read_document(file)
    if document is None:
        return None
    try:
        unread = from_simple(document, UnreadMachineDocument)
        entries = without_values(unread.bursts)
        bursts = {key: _burst(key, entry) for key, entry in entries.items()}
    except ValueError as error:
        raise broken(file, str(error)) from None
    return MachineFile(_machine(unread.machine), bursts, entries)


def read_own_file(file: Path, machine: Machine) -> MachineFile:
    """Return the content of this machine's file; an empty one if there is none.

    Raises BaselineError as ``read_machine_file`` does, and for a file of another machine.
    """
    found = read_machine_file(file) or MachineFile(machine)
    if found.machine != machine:
        raise BaselineError(
            f"baseline {file} is of another machine ({differing_machine(found.machine, machine)}):"
            f" its name should be {found.machine.key}.json"
        )
    return found


def write_machine_file(file: Path, machine: Machine, entries: Mapping[str, Any]) -> None:
    """Write a machine's file with these bursts, whole or not at all. Raises OSError."""
    stored = StoredMachine(**asdict(machine), key=machine.key)
    document = {"schema": SCHEMA, "machine": to_simple(stored), "bursts": entries}
    write_whole(file, laid_out(document))


def _burst(key: str, entry: Any) -> StoredBurst:
    with errors_name("burst", key):
        burst = from_simple(entry, StoredBurst)
        _check_last_histogram(burst)
    return burst


def _check_last_histogram(burst: StoredBurst) -> None:
    """Raise ValueError, with the place, if the last histogram can't be decoded.

    Decoding takes long, and a run needs no other; ``djworkers show`` decodes all of them.
    """
    last, windows = len(burst.sessions) - 1, burst.sessions[-1].windows
    if latency := windows[-1].latency:
        try:
            check_encoded(latency)
        except ValueError as error:
            place = f"sessions[{last}].windows[{len(windows) - 1}]"
            raise ValueError(f'"latency" in {place}: {error}') from None


def _machine(stored: StoredMachine) -> Machine:
    return Machine(stored.cpu, stored.logical_cpus, stored.cpu_quota, stored.allowed_cpus)
