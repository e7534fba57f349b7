"""The exception that matters, and the site's own line, are found in a log."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

import pytest_djworkers
from pytest_djworkers.server.diagnosis import own_frame, why_not_started, why_requests_failed
from pytest_djworkers.server.tracebacks import Frame

ENTRY = Path(pytest_djworkers.__file__).parent / "entry/app.py"
PACKAGES = sysconfig.get_path("purelib")
STDLIB = sysconfig.get_path("stdlib")
LOGGED = """\
celery is not there
Traceback (most recent call last):
  File "/site/settings.py", line 3, in <module>
    import celery
ModuleNotFoundError: No module named 'celery'
"""
FAILED = f"""\
[2026-01-01 10:00:00 +0000] [17] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "{PACKAGES}/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "{ENTRY}", line 29, in load
    application = _site_application(interface)
  File "<frozen importlib._bootstrap>", line 1204, in _gcd_import
  File "/site/shop/apps.py", line 7, in ready
    environ["KEY"]
  File "{STDLIB}/os.py", line 679, in __getitem__
    raise KeyError(key) from None
KeyError: 'KEY'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "{ENTRY}", line 29, in load
    application = _site_application(interface)
  File "{PACKAGES}/environ/environ.py", line 524, in get_value
    raise ImproperlyConfigured(error_msg) from exc
django.core.exceptions.ImproperlyConfigured: Set the KEY environment variable
"""
GAVE_UP = f"""\
Traceback (most recent call last):
  File "{PACKAGES}/gunicorn/arbiter.py", line 209, in run
    self.sleep()
gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>
"""


def request(line: int, exception: str) -> str:
    """Return what Django logs of a request that failed in a view at this line."""
    return f"""\
Internal Server Error: /
Traceback (most recent call last):
  File "{PACKAGES}/django/core/handlers/exception.py", line 55, in inner
    response = get_response(request)
  File "/site/shop/views.py", line {line}, in index
    return render(request, "index.html")
  File "{PACKAGES}/compressor/templatetags/compress.py", line 99, in render
    raise OfflineGenerationError(...)
{exception}
"""


def test_a_failed_start_is_explained_by_the_first_exception_of_loading_the_site(log: Path) -> None:
    more = "\n".join(str(number) for number in range(10_000))
    wrapped = f"""
During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "{PACKAGES}/granian/_internal.py", line 67, in load_module
    raise RuntimeError(
RuntimeError: While importing 'pytest_djworkers.entry.wsgi', an ImportError was raised:
"""
    log.write_text(LOGGED + FAILED + wrapped + more + FAILED.replace("KEY", "OTHER") + GAVE_UP)
    reason, *causes = why_not_started(log)
    assert reason == (
        "the first error in its log: django.core.exceptions.ImproperlyConfigured: Set the KEY"
        " environment variable, after KeyError: 'KEY', at /site/shop/apps.py:7 in ready"
    )
    assert [cause.partition(": ")[0] for cause in causes] == [
        "its log says \"No module named 'celery'\"",
        "its log says 'Set the KEY environment variable'",
    ]


def test_a_failed_start_is_explained_by_the_first_exception_if_none_came_through_our_entry(
    log: Path,
) -> None:
    log.write_text(LOGGED + GAVE_UP)
    assert why_not_started(log)[0] == (
        "the first error in its log: ModuleNotFoundError: No module named 'celery',"
        " at /site/settings.py:3 in <module>"
    )
    log.write_text(GAVE_UP)
    assert why_not_started(log) == [
        "the first error in its log: gunicorn.errors.HaltServer:"
        " <HaltServer 'Worker failed to boot.' 3>"
    ]


def test_failed_requests_are_explained_by_the_last_exception_of_a_request(log: Path) -> None:
    long = "ValueError: x" + "y" * 1000 + "\n" + "more\n" * 1000
    log.write_text(request(7, "KeyError: 'a'") + request(8, long) + LOGGED)
    (reason, _) = why_requests_failed(log)
    assert reason == (
        f"the last error in its log: ValueError: x{'y' * (300 - len('ValueError: x'))}...,"
        " at /site/shop/views.py:8 in index"
    )


def test_an_exception_group_is_shown_with_its_first_part(log: Path) -> None:
    log.write_text("""\
  + Exception Group Traceback (most recent call last):
  |   File "/nowhere/lib/python3.12/asyncio/taskgroups.py", line 1, in __aexit__
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "/site/views.py", line 3, in fetch
    | KeyError: 'b'
    +------------------------------------
""")
    assert why_requests_failed(log) == [
        "the last error in its log: ExceptionGroup: unhandled errors in a TaskGroup"
        " (1 sub-exception), the first of them KeyError: 'b', at /site/views.py:3 in fetch"
    ]


@pytest.mark.parametrize("content", [None, b"", b"\xff\x1b[2J\n"])
def test_a_log_without_errors_explains_nothing(log: Path, content: bytes | None) -> None:
    if content is not None:
        log.write_bytes(content)
    assert why_not_started(log) == why_requests_failed(log) == []


def test_control_sequences_of_terminals_are_escaped(log: Path) -> None:
    log.write_text(request(1, "ValueError: \x1b]0;title\x07\u202e"))
    (reason,) = why_requests_failed(log)
    assert r"ValueError: \x1b]0;title\x07\u202e, at" in reason


@pytest.mark.parametrize(
    "file",
    [
        f"{PACKAGES}/django/a.py",
        "/usr/lib/python3/dist-packages/django/a.py",
        "/elsewhere/lib/python3.13t/asyncio/a.py",
        f"{STDLIB}/os.py",
        f"{sysconfig.get_path('scripts')}/gunicorn",
        str(ENTRY),
        "<frozen os>",
        "<string>",
    ],
)
def test_files_of_libraries_and_of_python_are_not_the_sites_own(file: str) -> None:
    own = Frame("/home/me/site/lib/views.py", 1, "f")
    assert own_frame([own, Frame(file, 2, "g")]) == own
    assert own_frame([Frame(file, 2, "g")]) is None
    assert own_frame([own, Frame("relative.py", 3)]) == Frame("relative.py", 3)
