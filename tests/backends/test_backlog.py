"""The number of connections that may wait: the lower of the server's and the kernel's limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends import backlog
from pytest_djworkers.backends.backlog import effective_backlog, somaxconn
from pytest_djworkers.backends.command import command_backend
from pytest_djworkers.backends.protocol import LaunchPlan
from pytest_djworkers.backends.registry import BACKENDS

PLAN = LaunchPlan("127.0.0.1", 4321, 2, 2000)


@pytest.mark.parametrize(
    ("name", "kernel", "queue"),
    [
        ("uvicorn", 4096, 2048),
        ("uvicorn", 128, 128),
        ("uvicorn", None, 2048),
        ("gunicorn-asgi", 4096, 100),
        ("runserver", 4096, 10),
        ("runserver", 5, 5),
    ],
)
def test_the_kernel_cuts_a_backlog_down(
    monkeypatch: pytest.MonkeyPatch, name: str, kernel: int | None, queue: int
) -> None:
    monkeypatch.setattr(backlog, "somaxconn", lambda: kernel)
    assert effective_backlog(BACKENDS[name], PLAN) == queue


def test_the_backlog_of_a_command_is_unknown() -> None:
    own = command_backend("own = {python} -m own {port} {wsgi}")
    assert effective_backlog(own, PLAN) is None


def test_the_kernels_limit_is_read_if_there_is_one(tmp_path: Path) -> None:
    file = tmp_path / "somaxconn"
    assert somaxconn(file) is None
    file.write_text("4096\n")
    assert somaxconn(file) == 4096
