"""The explanation why workers ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.compare.worker_exits import explain_worker_exits


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An empty log of a server."""
    (tmp_path / "log").write_text("")
    return tmp_path / "log"


@pytest.mark.parametrize(
    ("command", "setting"),
    [
        ("uvicorn --limit-max-requests 50 {asgi}", "limit-max-requests 50"),
        ("gunicorn --max-requests=1000 --max-requests-jitter=50", "max-requests=1000"),
        ("granian --workers-lifetime 60s --workers-max-rss 200", "workers-lifetime 60s"),
        ("granian --workers-max-rss=200 {wsgi}", "workers-max-rss=200"),
        ("hypercorn --max-requests 10", "max-requests 10"),
        ("uwsgi --max-requests=5 --master", "max-requests=5"),
        ("uwsgi --reload-on-rss 200", "reload-on-rss 200"),
        ("uwsgi --max-worker-lifetime 60", "max-worker-lifetime 60"),
        ("uwsgi --harakiri=5", "harakiri=5"),
    ],
)
def test_a_recycling_setting_on_the_command_line_is_named(
    command: str, setting: str, log: Path
) -> None:
    text = explain_worker_exits({"command": command}, log)
    assert text.startswith(setting)
    assert text.endswith("recycles them: compare without it")


def test_a_recycling_setting_in_a_configuration_file_is_named(log: Path, tmp_path: Path) -> None:
    config = tmp_path / "gunicorn.conf.py"
    config.write_text("# max_requests = 7\nmax_requests = 1000\nmax_requests_jitter = 0\n")
    text = explain_worker_exits({"config": str(config)}, log)
    assert text == "max_requests = 1000 recycles them: compare without it"
    config.write_text("max_requests = 0\n")
    assert "recycles" not in explain_worker_exits({"config": str(config)}, log).split("or")[0]


@pytest.mark.parametrize(
    "line",
    [
        "[1] [ERROR] Worker (pid:9) was sent SIGKILL! Perhaps out of memory?",
        "[1] [CRITICAL] WORKER TIMEOUT (pid:9)",
        "[ERROR] Unexpected exit from worker-1",
        "INFO:     Child process [9] died",
        "DAMN ! worker 1 (pid: 9) died :( trying respawn ...",
        "WARNING:  Maximum request limit of 50 exceeded. Terminating process.",
        "Fatal Python error: Segmentation fault",
    ],
)
def test_lines_of_the_log_about_an_end_are_quoted(line: str, log: Path) -> None:
    log.write_text(f"one\n{line}\n{line}\ntwo\n")
    assert explain_worker_exits({"backlog": 9}, log) == f"its log says: {line}"


def test_without_a_reason_max_requests_is_suggested(log: Path) -> None:
    assert "max_requests" in explain_worker_exits({}, log)
    assert "max_requests" in explain_worker_exits({"config": "/no/such/file"}, log)
