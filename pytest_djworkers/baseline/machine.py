"""The machine that a run is on, as far as its figures depend on it."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from pytest_djworkers.system.cpu_count import available_cpus

_KEY_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Machine:
    """The part of a machine that figures depend on.

    The clock rate is not in it: it changes while one looks.
    """

    cpu: str
    logical_cpus: int
    cpu_quota: float | None
    """The number of CPUs that a container may use at most; None without a quota."""
    allowed_cpus: int | None = None
    """The number of CPUs that this process may run on; None for all of them."""

    @property
    def key(self) -> str:
        """A name for files: readable, and different for machines that are different."""
        identity = f"{self.cpu}|{self.logical_cpus}|{self.cpu_quota}"
        # Appended only where it says something, so that the other machines keep their files.
        if self.allowed_cpus is not None:
            identity += f"|{self.allowed_cpus}"
        # The words alone don't tell two CPUs apart whose names differ in case or in punctuation.
        digest = hashlib.sha256(identity.encode()).hexdigest()[:_KEY_DIGITS]
        words = re.sub(r"[^a-z0-9]+", "-", self.cpu.lower()).strip("-")[:40].strip("-")
        return f"{words or 'cpu'}-{self.logical_cpus}x-{digest}"


def this_machine() -> Machine:
    """Return the machine that this runs on."""
    cpus = available_cpus()
    # All of them is the usual case, and stays None, so that the key is that of the machine alone.
    allowed = None if cpus.allowed >= cpus.logical else cpus.allowed
    return Machine(_cpu_model(), cpus.logical, cpus.quota, allowed)


def surroundings() -> dict[str, str | int]:
    """Return facts that are noted and decide nothing: platform, kernel, and memory in bytes."""
    noted: dict[str, str | int] = {"platform": platform.platform(), "kernel": platform.release()}
    with suppress(OSError, ValueError):
        noted["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return noted


def differing_machine(before: Machine, now: Machine) -> str:
    """Return how two machines differ, in words."""
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


def _cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    try:
        text = cpuinfo.read_text()
    except OSError:
        text = ""
    # "model name" on x86, "Model" on a Raspberry Pi, "cpu model" on MIPS; most of ARM has none.
    match = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else platform.processor() or platform.machine()
