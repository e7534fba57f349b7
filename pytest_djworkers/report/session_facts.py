"""The facts of a session as text: its time, its commit and its machine."""

from __future__ import annotations

from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.report.figures import UNKNOWN
from pytest_djworkers.units import counted

_COMMIT_DIGITS = 10
_TO_THE_MINUTE = len("2026-01-02T03:04")


def saved_at(saved: str) -> str:
    """Return the time of a session, in ISO 8601, to the minute."""
    return (saved or UNKNOWN)[:_TO_THE_MINUTE].replace("T", " ")


def commit_of(commit: str | None) -> str:
    """Return the commit as git shortens it; with ``+`` if files differed from it."""
    commit = commit or UNKNOWN
    return commit[:_COMMIT_DIGITS] + "+" * (len(commit) > _COMMIT_DIGITS and commit[-1] == "+")


def machine_in_words(machine: Machine) -> str:
    """Return the machine's CPU, the number of its CPUs, and how many may be used."""
    facts = [machine.cpu, counted(machine.logical_cpus, "logical CPU")]
    if machine.allowed_cpus is not None:
        facts.append(f"only {machine.allowed_cpus} may be used")
    quota = machine.cpu_quota
    facts.append("no CPU quota" if quota is None else f"a CPU quota of {quota:g} CPUs")
    return ", ".join(facts)
