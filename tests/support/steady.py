"""Runs of pytest whose bursts all find the same figures, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.site import Site

STEADY = """
import sys
from dataclasses import replace
import json
from pathlib import Path

import pytest_djworkers.run.one_server

sys.path.insert(0, {root!r})
from tests.support.results import RESULT


class Steady:
    name, version = "steady", "1"

    def cannot(self, profile):
        return None

    def fire(self, profile, target, progress):
        rps = float(Path("rps").read_text())
        return replace(
            RESULT,
            profile=profile,
            ok=round(rps * RESULT.window_s),
            late=0,
            generator=replace(RESULT.generator, name=self.name),
        )


pytest_djworkers.run.one_server.choose_generator = lambda *_, **__: Steady()
"""
"""A generator that finds what the file ``rps`` says, at once."""


ROOT = Path(__file__).parents[2]


def steady(site: Site, rps: float, *arguments: str) -> pytest.RunResult:
    """Run pytest with bursts that all find ``rps`` requests a second."""
    site.write("steady.py", STEADY.format(root=str(ROOT)))
    site.write("rps", str(rps))
    return site.pytest("-p", "steady", "--djworkers=granian", "--djworkers-workers=1", *arguments)


def baseline_file(site: Site) -> Path:
    """Return the one file that a baseline was stored in."""
    (file,) = site.folder.glob(".djworkers/*/*.json")
    return file


def stored_sessions(site: Site) -> dict[str, int]:
    """Return the number of stored sessions of each burst."""
    bursts = json.loads(baseline_file(site).read_text())["bursts"]
    return {key: len(stored["sessions"]) for key, stored in bursts.items()}
