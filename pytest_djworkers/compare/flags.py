"""The flags that make a run a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import randrange
from typing import Any

import pytest

from pytest_djworkers.errors import SettingsError

_SEEDS = 1_000_000
_DETAILS = ("compare_connections", "compare_budget", "seed")
"""Options that only refine a comparison."""
_OF_A_REVISION = ("compare_python", "compare_requirements", "compare_prepare", "compare_copy")
"""Options that only refine a comparison with a revision, or with several in turn."""
_BISECT = "--djworkers-bisect"


class Against(StrEnum):
    """The base of a comparison in one run."""

    REVISION = "revision"
    BACKEND = "backend"
    ENVIRONMENT = "environment"
    """The working tree in another interpreter, or with other packages."""
    ITSELF = "itself"


@dataclass(frozen=True, slots=True)
class ComparisonFlags:
    """The options of a run that compares two arms in rounds, instead of firing single bursts."""

    against: Against
    seed: int
    """The seed of every random order."""
    ref: str | None = None
    """The revision that the working tree is compared with."""
    bisects: bool = False
    """True if that revision is a good one, after which a slower commit is searched for."""
    python: str | None = None
    """The interpreter that serves that revision; None for this one."""
    requirements: str | None = None
    """The file with base's requirements, relative to the root of the run or of the repository; None
    for the packages of the interpreter."""
    environments: tuple[str, str] | None = None
    """The names of two environments in which the working tree is compared, base's first."""
    prepare: tuple[tuple[str, ...], ...] = ()
    """The command lines to run in base's files before they are served, as words."""
    copies: tuple[str, ...] = ()
    """Paths and patterns of files that git ignores and base gets copies of."""
    connections: int | None = None
    """The number of connections; None for the default, which depends on the number of workers."""
    budget_s: float | None = None
    """The time that all comparisons of the run share, in seconds; None for no limit."""


def read_comparison_flags(
    config: pytest.Config,
    values: Mapping[str, Any],
    backends: tuple[str, ...],
) -> ComparisonFlags | None:
    """Return the flags of a comparison; None if this run fires single bursts.

    ``values`` are those of all options. Raises SettingsError for flags that can't be combined, and
    for flags that have no effect alone.
    """
    given = _given(config, values)
    if not given:
        for name in (*_DETAILS, *_OF_A_REVISION):
            _refuse_without_effect(config, name)
        return None
    first, *others = given
    unfit = [*others, *_not_combinable(config, values)]
    if unfit:
        raise SettingsError(f"{first} can't be combined with {unfit[0]}")
    if given[first] is Against.BACKEND and len(backends) < 2:
        raise SettingsError(
            "--djworkers-compare-backends compares with the first backend: name two or more with"
            " --djworkers=NAME,NAME"
        )
    if given[first] is not Against.REVISION:
        for name in _OF_A_REVISION:
            _refuse_without_effect(config, name)
    seed = values["seed"]
    return ComparisonFlags(
        against=given[first],
        # Not a secret: the header prints it, so that the order can be repeated.
        seed=randrange(_SEEDS) if seed is None else seed,  # noqa: S311  # no secret
        ref=values["compare"] or values["bisect"],
        bisects=first == _BISECT,
        python=values["compare_python"],
        requirements=values["compare_requirements"],
        environments=values["compare_environments"],
        prepare=values["compare_prepare"],
        copies=values["compare_copy"],
        connections=values["compare_connections"],
        budget_s=values["compare_budget"] if _can_have_budget(given) else None,
    )


def _can_have_budget(given: Mapping[str, Against]) -> bool:
    """Return True for comparisons that can share a budget.

    A calibration measures the same number of blocks for each test, and a bisection is one test.
    """
    return Against.ITSELF not in given.values() and _BISECT not in given


def _given(config: pytest.Config, values: Mapping[str, Any]) -> dict[str, Against]:
    """Return the flags that ask for a comparison, each with its base."""
    given = {}
    if values["compare"] is not None:
        given["--djworkers-compare"] = Against.REVISION
    if values["bisect"] is not None:
        given[_BISECT] = Against.REVISION
    if config.getoption("djworkers_compare_backends"):
        given["--djworkers-compare-backends"] = Against.BACKEND
    if values["compare_environments"] is not None:
        given["--djworkers-compare-environments"] = Against.ENVIRONMENT
    if config.getoption("djworkers_calibrate"):
        given["--djworkers-calibrate"] = Against.ITSELF
    return given


def _not_combinable(config: pytest.Config, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the flags and values that can't be combined with a comparison."""
    if config.getoption("djworkers_save_baseline"):
        yield "--djworkers-save-baseline"
    if values["url"] is not None:
        yield "--djworkers-url"
    if config.getoption("djworkers_rate") is not None or values["rate"] is not None:
        yield "--djworkers-rate"
    if config.getoption("djworkers_think") is not None or values["think"]:
        yield "--djworkers-think"
    if (
        config.getoption("djworkers_calibrate")
        and config.getoption("djworkers_compare_budget") is not None
    ):
        yield "--djworkers-compare-budget: a calibration has a fixed number of blocks"
    yield from _not_with_bisection(config, values)
    if values["compare_budget"] is not None and _is_under_xdist(config):
        yield (
            "--djworkers-compare-budget under pytest-xdist, which can't return to a test: use -n0,"
            " or no budget"
        )
    if values["generator"] == "wrk":
        yield "--djworkers-generator=wrk, which has no windows"


def _not_with_bisection(config: pytest.Config, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the flags that only a bisection can't be combined with."""
    if values["bisect"] is None:
        return
    if config.getoption("djworkers_compare_budget") is not None:
        yield "--djworkers-compare-budget: end it with Ctrl-C, and the same command goes on"
    if _is_under_xdist(config):
        yield "pytest-xdist: it is one test, and takes one process: use -n0"


def _is_under_xdist(config: pytest.Config) -> bool:
    """Return True in a worker of pytest-xdist, and in a controller that starts workers."""
    return hasattr(config, "workerinput") or bool(getattr(config.option, "tx", None))


def _refuse_without_effect(config: pytest.Config, name: str) -> None:
    """Raise SettingsError if this flag is given, which needs --djworkers-compare.

    A value in the configuration file is there for the runs that compare.
    """
    if config.getoption(f"djworkers_{name}") is not None:
        flag = f"--djworkers-{name.replace('_', '-')}"
        raise SettingsError(f"{flag} has no effect without --djworkers-compare=REF")
