"""The files that a site consists of."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.server.runtime import Runtime


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        (["gunicorn", "--config", "/site/gunicorn.conf.py", "entry"], ["/site/gunicorn.conf.py"]),
        (["gunicorn", "--config=/site/gunicorn.conf.py"], ["/site/gunicorn.conf.py"]),
        (["gunicorn", "-c", "/site/gunicorn.conf.py"], ["/site/gunicorn.conf.py"]),
        (["python", "-c", "import site"], []),
        (["python", "/site/server.py", "-c"], []),
    ],
)
def test_the_servers_configuration_file_belongs_to_neither_arm(
    command: list[str], kept: list[str]
) -> None:
    runtime = Runtime("python", Path("/tree"), (), Path("/tree"), Path("/site"), ("/environment",))
    bounds = runtime.bounds(Path("strays"), command)
    assert bounds is not None
    assert bounds.kept == ("/environment", *kept)
    assert Runtime("python", Path("/tree"), ()).bounds(Path("strays"), command) is None
