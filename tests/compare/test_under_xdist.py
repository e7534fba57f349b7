"""Comparisons under pytest-xdist: the controller prepares them once, and the workers measure."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.repository import left
from tests.support.revisions import ANY_SPEED, FLAGS, nothing_is_left
from tests.support.site import Site

TWO = """
def test_slows(burst):
    burst("/slows")


def test_json(burst):
    burst("/json")


def test_other():
    pass
"""


@pytest.mark.matrix
def test_all_workers_compare_with_a_base_that_was_prepared_once(revisions: Site) -> None:
    revisions.test(TWO)
    before = left(revisions.folder)
    noted = revisions.folder.parent / f"{revisions.folder.name}-prepared"
    prepare = f"--djworkers-compare-prepare=sh -c 'echo once >> {noted}'"
    flags = (one for one in FLAGS if "seed" not in one)
    result = revisions.pytest(*flags, ANY_SPEED, prepare, "-n2", timeout_s=150)
    result.assert_outcomes(passed=3)
    # The title has the seed that the header has: each worker would draw its own.
    (said,) = (line for line in result.outlines if "rounds with seed" in line)
    seed = said.split("seed ")[1].split(",")[0]
    result.stdout.fnmatch_lines(
        [f"*djworkers: main (*) → the working tree, seed {seed} *", "*2 endpoints ok: *"]
    )
    assert noted.read_text() == "once\n"
    nothing_is_left(revisions, before)


@pytest.mark.matrix
def test_a_base_that_cannot_be_prepared_ends_the_run_at_once(revisions: Site) -> None:
    revisions.test(TWO)
    before = left(revisions.folder)
    prepare = "--djworkers-compare-prepare=sh -c 'echo no node; exit 3'"
    result = revisions.pytest(*FLAGS, prepare, "-n2", timeout_s=60)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*djworkers_compare_prepare: *exit status 3*", "*no node*"])
    nothing_is_left(revisions, before)


@pytest.mark.matrix
def test_two_environments_are_compared(revisions: Site, tmp_path: Path) -> None:
    revisions.test(TWO)
    for name in ("old", "new"):
        (tmp_path / name).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        (tmp_path / name).chmod(0o755)
    flags = (one for one in FLAGS if one != "--djworkers-compare=main")
    environments = f"--djworkers-compare-environments={tmp_path / 'old'},{tmp_path / 'new'}"
    result = revisions.pytest(*flags, ANY_SPEED, environments, "-n2", timeout_s=150)
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*2 endpoints ok: *"])


@pytest.mark.matrix
def test_a_run_without_load_tests_prepares_nothing(revisions: Site) -> None:
    revisions.test(TWO)
    noted = revisions.folder / "prepared"
    prepare = f"--djworkers-compare-prepare=sh -c 'echo once >> {noted}'"
    result = revisions.pytest(*FLAGS, prepare, "-n2", "-k", "test_other", timeout_s=60)
    result.assert_outcomes(passed=1)
    assert not noted.exists()
