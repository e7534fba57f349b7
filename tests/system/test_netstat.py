"""The kernel's counts of connections."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pytest_djworkers.system import netstat
from pytest_djworkers.system.netstat import KernelCounts, parse_counts, read_counts
from tests.support.fault_server import deaf
from tests.support.firing import fire

TEXT = """\
TcpExt: SyncookiesSent ListenOverflows ListenDrops TCPSynRetrans
TcpExt: 1 22 333 4444
IpExt: InNoRoutes
IpExt: 5
"""


def test_the_counts_are_found_by_name() -> None:
    assert parse_counts(TEXT) == KernelCounts(22, 4444)
    assert KernelCounts(22, 4444).since(KernelCounts(20, 4000)) == KernelCounts(2, 444)


@pytest.mark.parametrize("text", ["", "IpExt: a\nIpExt: 1\n", "TcpExt: a\nTcpExt: 1\n"])
def test_missing_counts_are_none(text: str) -> None:
    assert parse_counts(text) is None


def test_other_systems_have_no_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(netstat, "_FILE", tmp_path / "netstat")
    assert read_counts() is None


@pytest.mark.skipif(sys.platform != "linux", reason="the counts are Linux's")
def test_a_full_backlog_is_counted() -> None:
    before = read_counts()
    assert before is not None
    with deaf(backlog=1) as address:
        fire(address, connections=16, duration_s=1.5)
    after = read_counts()
    assert after is not None
    assert after.since(before).listen_overflows >= 1
    assert after.since(before).syn_retransmits >= 1
