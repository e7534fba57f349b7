"""The tests that ``regressions.py`` runs, one for each view."""

from __future__ import annotations

from pytest_djworkers import Burst


def test_list(burst: Burst) -> None:
    burst("/costly/report/1")


def test_report_31ms(burst: Burst) -> None:
    burst("/costly/report/7")


def test_report_200ms(burst: Burst) -> None:
    burst("/costly/report/44", timeout="10s")


def test_report_1s(burst: Burst) -> None:
    burst("/costly/report/220", timeout="40s")


def test_wait(burst: Burst) -> None:
    burst("/costly/wait", timeout="10s")


def test_json(burst: Burst) -> None:
    burst("/costly/json")
