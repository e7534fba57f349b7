"""The example site on PostgreSQL, with 2000 requests in flight and its 100 connections."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.postgres import MAX_CONNECTIONS, SUPERUSER, Cluster

PROJECT = Path(__file__).parents[2] / "example_project"


def run(cluster: Cluster, pool_size: int) -> subprocess.CompletedProcess[str]:
    """Fire the burst under gevent, as a user does."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_pool.py"),
            *("--ds=example.settings_postgres", "--djworkers=gunicorn-gevent"),
            *("--djworkers-generator=asyncio", "--djworkers-workers=2"),
        ],
        cwd=PROJECT,
        env={
            **os.environ,
            "PGHOST": str(cluster.folder),
            "PGPORT": str(cluster.port),
            "PGUSER": SUPERUSER,
            "EXAMPLE_POOL_SIZE": str(pool_size),
        },
        capture_output=True,
        text=True,
    )
    print(done.stdout)
    return done


@pytest.mark.matrix
def test_with_the_pool_all_responses_are_as_expected(postgres: Cluster) -> None:
    assert postgres.ask("SHOW max_connections") == [str(MAX_CONNECTIONS)]
    done = run(postgres, pool_size=20)
    assert done.returncode == 0, done.stderr


@pytest.mark.matrix
def test_without_the_pool_the_failure_says_what_to_do(postgres: Cluster) -> None:
    # Without a pool, each request in flight under gevent opens a connection of its own.
    done = run(postgres, pool_size=0)
    assert done.returncode == 1, done.stderr
    assert "PostgreSQL had no connection left" in done.stdout
