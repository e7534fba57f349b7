"""What a run is asked to compare, from its flags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import randrange
from typing import Any

import pytest

from pytest_djworkers.errors import SettingsError

_SEEDS = 1_000_000
_FINER = ("compare_connections", "compare_python", "seed")
"""Options that only say how."""


class Against(StrEnum):
    """What a comparison in one run has as its base."""

    REVISION = "revision"
    BACKEND = "backend"
    ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class ComparisonFlags:
    """The options of a run that compares two arms in rounds, instead of firing single bursts."""

    against: Against
    seed: int
    """What all order is drawn from."""
    ref: str | None = None
    """The revision that the working tree is compared with."""
    python: str | None = None
    """The interpreter that serves it, where that is another one."""
    connections: int | None = None
    """None for so many a worker."""


def read_comparison_flags(
    config: pytest.Config,
    values: Mapping[str, Any],
    backends: tuple[str, ...],
) -> ComparisonFlags | None:
    """What the flags ask for; None where that is bursts. ``values`` are those of all options.

    Raises SettingsError for flags that exclude each other or make no sense alone.
    """
    asked = {
        "--djworkers-compare": values["compare"] is not None,
        "--djworkers-compare-backends": config.getoption("djworkers_compare_backends"),
        "--djworkers-calibrate": config.getoption("djworkers_calibrate"),
    }
    flags = [flag for flag, is_asked in asked.items() if is_asked]
    if not flags:
        if lone := next((name for name in _FINER if values[name] is not None), None):
            raise SettingsError(f"{_flag(lone)} says how to compare: with --djworkers-compare=REF")
        return None
    excluded = {
        **dict.fromkeys(flags[1:], True),
        "--djworkers-save-baseline": config.getoption("djworkers_save_baseline"),
        "--djworkers-url": values["url"] is not None,
        "--djworkers-rate": config.getoption("djworkers_rate") is not None
        or values["rate"] is not None,
        "--djworkers-generator=wrk (it has no windows)": values["generator"] == "wrk",
        "-n of pytest-xdist (it wants the machine for itself)": _workers_beside(config) > 1,
    }
    if other := next((flag for flag, is_asked in excluded.items() if is_asked), None):
        raise SettingsError(f"{flags[0]} and {other} exclude each other")
    if asked["--djworkers-compare-backends"] and len(backends) < 2:
        raise SettingsError(
            "--djworkers-compare-backends compares with the first backend: name two or more with"
            " --djworkers=NAME,NAME"
        )
    if values["compare_python"] is not None and values["compare"] is None:
        raise SettingsError(
            "--djworkers-compare-python is the interpreter of --djworkers-compare=REF"
        )
    against = {
        "--djworkers-compare": Against.REVISION,
        "--djworkers-compare-backends": Against.BACKEND,
        "--djworkers-calibrate": Against.ITSELF,
    }
    seed = values["seed"]
    return ComparisonFlags(
        against=against[flags[0]],
        seed=randrange(_SEEDS) if seed is None else seed,  # noqa: S311  # to be repeated
        ref=values["compare"],
        python=values["compare_python"],
        connections=values["compare_connections"],
    )


def _workers_beside(config: pytest.Config) -> int:
    """The processes of pytest-xdist, in its controller and in each of them."""
    beside = getattr(config, "workerinput", {}).get("workercount", 1)
    return max(int(beside), len(getattr(config.option, "tx", None) or ()))


def _flag(name: str) -> str:
    return f"--djworkers-{name.replace('_', '-')}"
