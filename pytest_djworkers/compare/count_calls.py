"""Counts the Python calls of both arms' requests: figures that are the same in every run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pytest_djworkers.backends.protocol import Backend
from pytest_djworkers.compare.arms import BASE, HEAD, PreparedArms
from pytest_djworkers.compare.plan import plan_block
from pytest_djworkers.entry.strays import refusal, strays_told
from pytest_djworkers.errors import DjworkersError, ServerError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.profiling.code_changes import NO_CHANGES, CodeChanges
from pytest_djworkers.profiling.code_folders import CodeFolders
from pytest_djworkers.profiling.stacks import Frame
from pytest_djworkers.server.call_counts import CallCounts, CalledFunction
from pytest_djworkers.server.count_calls import count_calls as count_calls_of
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_sender import NoSampleError
from pytest_djworkers.server.server import Server
from pytest_djworkers.system.machine_lock import NullLock

MOST_FUNCTIONS = 40
"""The number of functions that are kept of each arm."""


class NotCountedError(Exception):
    """The calls of an arm can't be counted, or not be compared; the message says why."""


def count_calls(
    arms: PreparedArms, profile: Profile, needs: BurstNeeds, changes: CodeChanges = NO_CHANGES
) -> tuple[CallCounts, CallCounts]:
    """Launch each arm once with one worker, and return the counts of base and head; base's
    functions have head's names.

    Nothing else may be measured meanwhile. Raises NotCountedError.
    """
    base = _of_arm(arms, BASE, profile, needs, changes)
    head = _of_arm(arms, HEAD, profile, needs, NO_CHANGES)
    if base.python != head.python:
        raise NotCountedError(
            f"Python {base.python} serves {arms.names[BASE]} and {head.python} {arms.names[HEAD]}:"
            " each calls other functions for the same code"
        )
    kept = _kept(base, head)
    return _with(base, kept), _with(head, kept)


def most_changed(
    counts: tuple[CallCounts, CallCounts],
) -> Iterator[tuple[CalledFunction, float]]:
    """Yield the functions whose calls have changed most, each with the change: the site's, then a
    library's. There may be none of either."""
    changes = _changes(*counts)
    known = {_key(one): one for one in (*counts[BASE].functions, *counts[HEAD].functions)}
    for of_site in (True, False):
        keys = [key for key in changes if known[key].of_site is of_site]
        if keys:
            key = max(keys, key=lambda one: abs(changes[one]))
            yield known[key], changes[key]


def _of_arm(
    arms: PreparedArms, arm: int, profile: Profile, needs: BurstNeeds, changes: CodeChanges
) -> CallCounts:
    name = arms.names[arm]
    try:
        fresh = arms.with_fresh_data(arms.pair[arm])
        spec = arms.spec_of(fresh, arms.ports[arm], plan_block(arms.seed, 0).hash_seed)
        spec = replace(spec, counts_calls=True, counts_queries=False, workers=1)
        server = Server(_with_one_worker(fresh.backend), spec, NullLock())
        try:
            server.launch(needs)
            counted = count_calls_of(server, profile, arms.numbers.counted_requests)
            if strays := strays_told(server.strays):
                raise ServerError(refusal(strays))
        finally:
            server.stop()
    except (DjworkersError, NoSampleError) as error:
        raise NotCountedError(f"{name}: {error}") from None
    return replace(counted, functions=tuple(_placed(counted, fresh.code_folders, changes)))


def _with_one_worker(backend: Backend) -> Backend:
    """Return a backend whose users may have set another number of workers."""
    changed: Any = backend
    return backend if backend.workers is None else replace(changed, workers=1)


def _placed(
    counted: CallCounts, folders: CodeFolders, changes: CodeChanges
) -> Iterator[CalledFunction]:
    """Yield the functions with the names and the files that head has for them."""
    for one in counted.functions:
        function = changes.in_head(folders.function_of(Frame(one.name, one.file, one.line)))
        yield replace(one, name=function.name, file=function.file, of_site=function.is_of_site)


def _key(function: CalledFunction) -> tuple[str, str]:
    # The line moves whenever something above it changes.
    return function.file, function.name


def _changes(base: CallCounts, head: CallCounts) -> Mapping[tuple[str, str], float]:
    """Return the change of each function's calls, without those that have not changed."""
    found: dict[tuple[str, str], float] = defaultdict(float)
    for sign, counts in ((1, head), (-1, base)):
        for one in counts.functions:
            found[_key(one)] += sign * one.calls
    return {key: change for key, change in found.items() if change}


def _kept(base: CallCounts, head: CallCounts) -> set[tuple[str, str]]:
    """Return the functions to keep: those whose calls have changed most, then the most called."""
    changes = _changes(base, head)
    changed = sorted(changes, key=lambda key: -abs(changes[key]))
    frequent = (_key(one) for one in head.functions)
    return set(list(dict.fromkeys((*changed, *frequent)))[:MOST_FUNCTIONS])


def _with(counts: CallCounts, kept: set[tuple[str, str]]) -> CallCounts:
    return replace(counts, functions=tuple(one for one in counts.functions if _key(one) in kept))
