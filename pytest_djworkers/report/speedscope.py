"""The JSON that Speedscope reads: https://www.speedscope.app/file-format-schema.json.

Each burst has a profile of base and one of head, of CPU time and of waiting.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.report.document import Document
from pytest_djworkers.report.measured_stacks import MeasuredStacks, stacks_of

_SCHEMA = "https://www.speedscope.app/file-format-schema.json"


def as_speedscope(document: Document) -> str:
    """Return the profiles of all bursts, in seconds of a request."""
    found = stacks_of(document)
    functions = dict.fromkeys(function for one in found for function in one.graph.functions)
    numbers = {function: number for number, function in enumerate(functions)}
    data = {
        "$schema": _SCHEMA,
        "exporter": "pytest-djworkers",
        "shared": {
            "frames": [{"name": str(one), "file": one.file} for one in functions],
        },
        "profiles": [profile for one in found for profile in _profiles(one, numbers)],
    }
    return json.dumps(data, ensure_ascii=False, allow_nan=False) + "\n"


def _profiles(measured: MeasuredStacks, numbers: Mapping[Function, int]) -> Iterator[Any]:
    """Yield the profile of each arm that has some time."""
    graph = measured.graph
    numbered = [numbers[one] for one in graph.functions]
    name = f"{measured.burst}: {measured.kind}"
    for arm, times in (
        ("base", [one.base_s for one in graph.stacks]),
        ("head", [one.head_s for one in graph.stacks]),
    ):
        stacks = [
            ([numbered[number] for number in stack.functions], time_s)
            for stack, time_s in zip(graph.stacks, times, strict=True)
            if time_s
        ]
        if stacks:
            yield {
                "type": "sampled",
                "name": f"{name}, {arm}" if measured.has_base else name,
                "unit": "seconds",
                "startValue": 0,
                "endValue": sum(times),
                "samples": [stack for stack, _ in stacks],
                "weights": [time_s for _, time_s in stacks],
            }
