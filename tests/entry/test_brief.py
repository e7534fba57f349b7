"""The brief: what is written is read, by its user alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_djworkers.entry.brief import Brief, DatabaseTarget
from pytest_djworkers.entry.sampling import Counting, Sampling

BRIEF = Brief(
    "site.settings",
    {
        "default": DatabaseTarget("test_ü", "user", "päss", "/run/db", "5432"),
        "other": DatabaseTarget("test_other"),
    },
    "/tmp/x/ready",
    sampling=Sampling("token", "/tmp/x/samples"),
    counting=Counting(Sampling("of calls", "/tmp/x/calls"), Sampling("of memory", "/tmp/x/memory")),
)


@pytest.mark.parametrize("brief", [BRIEF, Brief("s", {}, "")])
def test_a_written_brief_is_read_back(tmp_path: Path, brief: Brief) -> None:
    file = tmp_path / "brief.json"
    brief.write(file)
    assert Brief.read(str(file)) == brief


def test_only_the_user_can_read_a_brief(tmp_path: Path) -> None:
    file = tmp_path / "brief.json"
    before = os.umask(0)
    try:
        BRIEF.write(file)
    finally:
        os.umask(before)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_shorter_brief_replaces_a_longer_one(tmp_path: Path) -> None:
    file = tmp_path / "brief.json"
    BRIEF.write(file)
    Brief("s", {}, "").write(file)
    assert Brief.read(str(file)) == Brief("s", {}, "")


def test_a_target_speaks_djangos_language() -> None:
    assert DatabaseTarget("n", "u", "p", "h", "1").settings() == {
        "NAME": "n",
        "USER": "u",
        "PASSWORD": "p",
        "HOST": "h",
        "PORT": "1",
    }
