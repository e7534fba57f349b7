"""The example's streams, as a user runs them: its ``test_streams.py``, at few connections."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2] / "example_project"
BACKENDS = ["gunicorn-gevent", "granian", "uvicorn"]


@pytest.mark.matrix
def test_streams_of_both_kinds_of_servers(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_streams.py"),
            *(f"--djworkers={','.join(BACKENDS)}", "--djworkers-workers=1"),
            *("--djworkers-connections=12", "--djworkers-duration=2s", "--djworkers-warmup=200ms"),
            f"--djworkers-report={report}",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    bursts = json.loads(report.read_text())["bursts"]
    results = [one["record"]["result"] for one in bursts]
    streams = [
        burst
        for burst, result in zip(bursts, results, strict=True)
        if result["profile"]["name"].endswith("stream")
    ]
    assert {result["server"]["backend"] for result in results} == {*BACKENDS}
    assert len(streams) == len(BACKENDS)
    for burst in streams:
        figures = burst["figures"]
        assert figures["first_byte_p50_s"] < 0.15 < 0.3 <= figures["p50_s"]
        assert figures["body_bytes"] > 1000
    assert done.stdout.count("first byte: p50") == len(BACKENDS)
    (events,) = (burst["figures"]["events"] for burst in bursts if burst not in streams)
    assert f"{events} events, " in done.stdout
