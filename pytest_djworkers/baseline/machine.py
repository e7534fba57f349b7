"""Which machine this is, as far as speed can be compared between two of them."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pytest_djworkers.system.cpu_count import available_cpus

_KEY_DIGITS = 8


@dataclass(frozen=True, slots=True)
class Machine:
    """The part of a machine that its figures hang on. The live clock rate is never in it."""

    cpu: str
    logical_cpus: int
    cpu_quota: float | None
    """How many CPUs a container may use at most; None without a quota."""
    allowed_cpus: int | None = None
    """How many of the CPUs this process may run on; None for all of them."""

    @property
    def key(self) -> str:
        """A name for files: readable, and different for machines that are."""
        identity = f"{self.cpu}|{self.logical_cpus}|{self.cpu_quota}"
        if self.allowed_cpus is not None:
            identity += f"|{self.allowed_cpus}"
        digest = hashlib.sha256(identity.encode()).hexdigest()[:_KEY_DIGITS]
        words = re.sub(r"[^a-z0-9]+", "-", self.cpu.lower()).strip("-")[:40].strip("-")
        return f"{words or 'cpu'}-{self.logical_cpus}x-{digest}"


def this_machine() -> Machine:
    """The machine that this runs on."""
    cpus = available_cpus()
    allowed = None if cpus.allowed >= cpus.logical else cpus.allowed
    return Machine(_cpu_model(), cpus.logical, cpus.quota, allowed)


def surroundings() -> dict[str, str | int]:
    """What is noted beside the figures and decides nothing: memory, kernel, platform."""
    noted: dict[str, str | int] = {"platform": platform.platform(), "kernel": platform.release()}
    with suppress(OSError, ValueError):
        noted["memory_bytes"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return noted


def _cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    try:
        text = cpuinfo.read_text()
    except OSError:
        text = ""
    match = re.search(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", text, re.MULTILINE)
    return match[1].strip() if match else platform.processor() or platform.machine()
