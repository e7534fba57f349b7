"""A backend with its settings, as it is written and as it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gthread import GunicornGthread
from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.backends.spec import bare_name, spec_of
from pytest_djworkers.errors import SettingsError

SHOWN = "granian:workers-4:blocking-threads-8"


@pytest.mark.parametrize(
    "written",
    ["granian:workers=4:blocking-threads=8", "granian:blocking-threads=8:workers=4", SHOWN],
)
def test_a_spec_is_read_in_any_order_and_shown_in_a_fixed_one(written: str) -> None:
    backend = BUILT_IN.find(written)
    assert backend == Granian(workers=4, blocking_threads=8)
    assert spec_of(backend) == SHOWN
    assert bare_name(SHOWN) == "granian"


def test_words_and_files_are_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "gunicorn.conf.py").touch()
    assert (
        spec_of(BUILT_IN.find("hypercorn:worker-class=uvloop")) == "hypercorn:worker-class-uvloop"
    )
    assert BUILT_IN.find("gunicorn-gthread:config=gunicorn.conf.py") == GunicornGthread(
        config="gunicorn.conf.py"
    )


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            "daphne:threads=4",
            "daphne has no setting 'threads' (it has: workers; written daphne:workers=VALUE)",
        ),
        ("waitress:", "waitress has no setting '' (it has: workers, threads, connection-limit;"),
        ("waitress:threads", "waitress: threads needs a value: threads=VALUE"),
        ("waitress:threads=", "waitress: threads=: '' is not a whole number of 1 or more"),
        ("waitress:threads=0", "waitress: threads=0: '0' is not a whole number of 1 or more"),
        ("waitress:threads-few", "waitress: threads=few: 'few' is not a whole number of 1 or"),
        ("waitress:threads=1:threads=1", "waitress: threads is set twice"),
        ("uvicorn:loop=trio", "uvicorn: loop=trio: 'trio' is not one of asyncio, uvloop"),
        ("hypercorn:config=no.toml", "hypercorn: config=no.toml: 'no.toml' is not a file in /"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_accepted(written: str, said: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        BUILT_IN.find(written)
    assert said in str(refusal.value)
