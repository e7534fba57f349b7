"""Flags and ini values through pytest's own configuration, in every form that it reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.gunicorn_gevent import GunicornGevent
from pytest_djworkers.backends.protocol import LaunchPlan
from pytest_djworkers.backends.registry import BACKENDS, Registry
from pytest_djworkers.errors import SettingsError
from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.report_format import ReportFormat
from pytest_djworkers.settings.github import GitHubStep
from pytest_djworkers.settings.reading import read_settings
from pytest_djworkers.settings.report_files import ReportFile
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.settings.shape import parse_shape
from pytest_djworkers.system.cpu_count import available_cpus

NATIVE_TOML = pytest.mark.skipif(pytest.version_tuple < (9,), reason="new in pytest 9")

type_of_file = pytest.mark.parametrize(
    ("file", "table"),
    [
        ("pytest.ini", "[pytest]"),
        ("pyproject.toml", "[tool.pytest.ini_options]"),
        pytest.param("pyproject.toml", "[tool.pytest]", marks=NATIVE_TOML),
        pytest.param("pytest.toml", "[pytest]", marks=NATIVE_TOML),
    ],
)

Read = Callable[..., Settings | None]


@pytest.fixture
def read(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Settings from flags and from a configuration file's values."""
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)

    def read(
        *flags: str, file: str = "pytest.ini", table: str = "[pytest]", **ini: object
    ) -> Settings | None:
        shown: Callable[[object], object] = (lambda v: v) if file.endswith(".ini") else json.dumps
        lines = [table, *(f"{name} = {shown(value)}" for name, value in ini.items())]
        (pytester.path / file).write_text("\n".join(lines) + "\n")
        return read_settings(pytester.parseconfig(*flags))

    return read


def on(settings: Settings | None) -> Settings:
    """The settings of a run that has some."""
    assert settings is not None
    return settings


def test_without_backends_there_are_no_settings(read: Read) -> None:
    assert read() is None
    assert read("--djworkers=none", djworkers="granian") is None
    assert read(djworkers="none") is None
    assert read(djworkers="") is None


def test_settings_have_their_defaults(read: Read, pytester: pytest.Pytester) -> None:
    assert read("--djworkers=granian") == Settings(
        backends={"granian": Granian()},
        registry=Registry(BACKENDS, (pytester.path, pytester.path)),
        generator="auto",
        requested_workers=None,
        agents=AgentPlaces(1),
        baseline="default",
        tolerance=0.1,
        startup_timeout_s=30.0,
        reports=(),
        probe=None,
        application=None,
        save_baseline=False,
        root=pytester.path,
        shape=Shape(connections=2000, duration_s=10.0, timeout_s=2.0, warmup_s=1.0),
        shape_flags={},
    )


@type_of_file
def test_every_ini_value_is_read(
    read: Read, pytester: pytest.Pytester, file: str, table: str
) -> None:
    reports: object = "load.md" if file.endswith(".ini") else ["load.md"]
    settings = read(
        file=file,
        table=table,
        djworkers="gunicorn-gevent,granian",
        djworkers_generator="asyncio",
        djworkers_connections=64,
        djworkers_duration="3s",
        djworkers_timeout="500ms",
        djworkers_warmup="0s",
        djworkers_think="200ms",
        djworkers_workers=3,
        djworkers_agents=2,
        djworkers_baseline="main",
        djworkers_tolerance="5%",
        djworkers_startup_timeout="1m",
        djworkers_report=reports,
        djworkers_probe="/healthy",
        djworkers_settings="json.decoder",
        djworkers_application="shop.wsgi:wrapped",
        djworkers_bind="127.0.0.2",
        djworkers_no_queries=True,
    )
    assert settings == Settings(
        backends={"gunicorn-gevent": GunicornGevent(), "granian": Granian()},
        registry=Registry(BACKENDS, (pytester.path, pytester.path)),
        generator="asyncio",
        requested_workers=3,
        agents=AgentPlaces(2),
        baseline="main",
        tolerance=0.05,
        startup_timeout_s=60.0,
        reports=(ReportFile(pytester.path / "load.md", ReportFormat.MARKDOWN),),
        probe="/healthy",
        settings_module="json.decoder",
        application="shop.wsgi:wrapped",
        bind="127.0.0.2",
        counts_queries=False,
        save_baseline=False,
        root=pytester.path,
        shape=Shape(connections=64, duration_s=3.0, timeout_s=0.5, warmup_s=0.0, think_s=0.2),
        shape_flags={},
    )


def test_every_flag_wins_over_its_ini_value(read: Read, pytester: pytest.Pytester) -> None:
    settings = read(
        "--djworkers=granian",
        "--djworkers-generator=asyncio",
        "--djworkers-connections=8",
        "--djworkers-duration=1s",
        "--djworkers-timeout=100ms",
        "--djworkers-warmup=0",
        "--djworkers-workers=1",
        "--djworkers-agents=4",
        "--djworkers-baseline=other",
        "--djworkers-tolerance=20%",
        "--djworkers-startup-timeout=5s",
        "--djworkers-report=a.md",
        "--djworkers-report=b.md",
        "--djworkers-save-baseline",
        "--djworkers-application=other:app",
        djworkers="gunicorn-gevent",
        djworkers_generator="auto",
        djworkers_connections=64,
        djworkers_duration="3s",
        djworkers_timeout="500ms",
        djworkers_workers=3,
        djworkers_agents=2,
        djworkers_baseline="main",
        djworkers_tolerance="5%",
        djworkers_startup_timeout="1m",
        djworkers_report="load.md",
        djworkers_application="shop.wsgi:wrapped",
    )
    assert settings == Settings(
        backends={"granian": Granian()},
        registry=Registry(BACKENDS, (pytester.path, pytester.path)),
        generator="asyncio",
        requested_workers=1,
        agents=AgentPlaces(4),
        baseline="other",
        tolerance=0.2,
        startup_timeout_s=5.0,
        reports=(
            ReportFile(pytester.path / "a.md", ReportFormat.MARKDOWN),
            ReportFile(pytester.path / "b.md", ReportFormat.MARKDOWN),
        ),
        probe=None,
        application="other:app",
        save_baseline=True,
        root=pytester.path,
        shape=Shape(connections=64, duration_s=3.0, timeout_s=0.5, warmup_s=1.0),
        shape_flags={"connections": 8, "duration": 1.0, "timeout": 0.1, "warmup": 0.0},
    )


def test_the_path_of_a_report_is_relative_to_where_it_is_written(
    read: Read, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = pytester.mkdir("below")
    monkeypatch.chdir(folder)
    (in_file,) = on(read("--djworkers=granian", djworkers_report="a.md")).reports
    assert in_file.file == pytester.path / "a.md"
    (by_flag,) = on(read("--djworkers=granian", "--djworkers-report=a.md")).reports
    assert by_flag.file == folder / "a.md"


def test_the_format_of_a_report_is_that_of_its_name_or_the_requested_one(
    read: Read, pytester: pytest.Pytester
) -> None:
    by_name = read("--djworkers=granian", "--djworkers-report=a.CSV", "--djworkers-report=b.html")
    assert [one.format for one in on(by_name).reports] == [ReportFormat.CSV, ReportFormat.HTML]
    requested = read("--djworkers=granian", "--djworkers-report=a", "--djworkers-report-format=md")
    assert on(requested).reports == (ReportFile(pytester.path / "a", ReportFormat.MARKDOWN),)


def test_a_report_without_a_known_format_is_refused(read: Read) -> None:
    said = (
        "'load.txt' ends in none of .json, .md, .html, .csv, .folded, .collapsed, .speedscope.json:"
        " choose another name, or the format"
    )
    with pytest.raises(SettingsError, match=f"--djworkers-report: {said}"):
        read("--djworkers=granian", "--djworkers-report=load.txt")
    with pytest.raises(SettingsError, match=f"djworkers_report in pytest.ini: {said}"):
        read("--djworkers=granian", djworkers_report="load.txt")


def test_a_step_of_github_is_reported_to_wherever_there_is_one(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = "--djworkers-report=github"
    assert on(read("--djworkers=granian")).github is None
    with pytest.raises(SettingsError, match=f"{asked}: this is no step of GitHub Actions"):
        read("--djworkers=granian", asked)
    # The file is read where people work, too.
    assert on(read("--djworkers=granian", djworkers_report="github")).github is None
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    assert on(read("--djworkers=granian")).github == GitHubStep(Path("summary"), None)
    monkeypatch.setenv("GITHUB_WORKSPACE", "/checkout")
    settings = on(read("--djworkers=granian", asked))
    assert settings.github == GitHubStep(Path("summary"), Path("/checkout"))
    assert settings.reports == ()


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--djworkers=", "'' is not a list of backends"),
        ("--djworkers=granien", "unknown backend 'granien'; did you mean 'granian'? (known: cher"),
        ("--djworkers=granian,nginx", "unknown backend 'nginx'"),
        ("--djworkers-generator=ab", "'ab' is not one of auto, asyncio, wrk"),
        ("--djworkers-connections=many", "'many' is not a whole number of 1 or more"),
        ("--djworkers-duration=0s", "'0s' must be longer than 0 s"),
        ("--djworkers-tolerance=10", "'10' is not a share such as 10%"),
        ("--djworkers-baseline=a/b", "'a/b' is not a name of up to 100 letters"),
        ("--djworkers-report-format=pdf", "'pdf' is not one of json, md, html, csv"),
        ("--djworkers-report=/dev/null", "is not a file in a folder that exists"),
        ("--djworkers-report=no/such/load.md", "is not a file in a folder that exists"),
    ],
)
def test_a_wrong_flag_is_refused_with_the_accepted_values(read: Read, flag: str, said: str) -> None:
    backends = [] if flag.startswith("--djworkers=") else ["--djworkers=granian"]
    with pytest.raises(SettingsError) as refusal:
        read(*backends, flag)
    assert str(refusal.value).startswith(f"{flag}: ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_server_has_a_worker_for_each_cpu_unless_told_otherwise(read: Read) -> None:
    assert on(read("--djworkers=granian")).workers == available_cpus().processes
    assert on(read("--djworkers=granian", "--djworkers-workers=7")).workers == 7


def test_more_workers_than_a_backend_can_have_are_a_remark(read: Read) -> None:
    settings = on(read("--djworkers=waitress,granian", djworkers_workers=4))
    assert settings.notes == ("waitress is a single process: it has 1 worker, not the 4 requested",)
    assert not on(read("--djworkers=waitress")).notes


@type_of_file
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("djworkers", "granien", "did you mean 'granian'"),
        ("djworkers_connections", 0, "0 is not a whole number of 1 or more"),
        ("djworkers_connections", "many", "must be a whole number"),
        ("djworkers_duration", "2 days", "'2 days' is not a duration such as 250ms"),
        ("djworkers_probe", "healthy", "'healthy' is not a path that starts with /"),
    ],
)
def test_a_wrong_ini_value_is_refused_with_its_file(
    read: Read, file: str, table: str, name: str, value: object, said: str
) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(file=file, table=table, **{"djworkers": "granian", name: value})
    assert str(refusal.value).startswith(f"{name} in {file}: ")
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_rate_and_a_think_time_are_refused_together(read: Read) -> None:
    with pytest.raises(SettingsError, match="rate=5 and think=1s can't be combined: at a fixed"):
        read("--djworkers=granian", "--djworkers-rate=5", djworkers_think="1s")
    assert read("--djworkers=granian", "--djworkers-rate=5", "--djworkers-think=0")


@NATIVE_TOML
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("djworkers_duration", 10, "must be a string"),
        ("djworkers_connections", "10", "must be a whole number"),
        ("djworkers_report", "load.md", "must be a list of strings"),
        ("djworkers_no_queries", "yes", "must be true or false"),
        ("djworkers_strict", 1, "must be true or false"),
        ("djworkers_tls", "yes", "must be true or false"),
        ("djworkers_unix_socket", "yes", "must be true or false"),
    ],
)
def test_native_toml_has_types(read: Read, name: str, value: object, said: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} in pytest.toml: {said}"):
        read("--djworkers=granian", file="pytest.toml", **{name: value})


def test_wrk_must_be_on_path(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert on(read("--djworkers=granian")).generator == "auto"
    with pytest.raises(SettingsError, match=r"^--djworkers-generator=wrk: wrk is not on PATH"):
        read("--djworkers=granian", "--djworkers-generator=wrk")
    with pytest.raises(SettingsError, match=r"^djworkers_generator in pytest.ini: wrk is not on"):
        read("--djworkers=granian", djworkers_generator="wrk")


def test_a_shape_is_flag_over_call_over_marker_over_ini_over_default(read: Read) -> None:
    settings = on(
        read(
            "--djworkers=granian",
            "--djworkers-connections=1",
            djworkers_connections=2,
            djworkers_duration="20s",
            djworkers_timeout="3s",
        )
    )
    marker = parse_shape({"connections": 4, "duration": "5s", "timeout": "4s"})
    call = parse_shape({"connections": 5, "duration": "6s", "warmup": None})
    shape, overridden = settings.shape_for(marker, call)
    assert shape == Shape(connections=1, duration_s=6.0, timeout_s=4.0, warmup_s=1.0)
    assert overridden == ("--djworkers-connections=1 (instead of 5)",)
    assert settings.shape_for({}, {})[0] == Shape(1, 20.0, 3.0, 1.0)
    without_flags = replace(settings, shape_flags={})
    assert without_flags.shape_for(marker, {})[0] == Shape(4, 5.0, 4.0, 1.0)


def test_flags_are_shown_as_they_are_written(read: Read) -> None:
    settings = on(
        read("--djworkers=granian", "--djworkers-duration=0.25", "--djworkers-connections=300000")
    )
    assert settings.flags == ("--djworkers-connections=300000", "--djworkers-duration=250ms")
    _, overridden = settings.shape_for({"duration": 60.0}, {})
    assert overridden[1] == "--djworkers-duration=250ms (instead of 60s)"


@pytest.mark.parametrize("as_flag", [True, False])
def test_the_file_of_a_setting_is_found_from_the_folder_where_it_was_named(
    read: Read, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, as_flag: bool
) -> None:
    """Its name is what is shown, and what baselines and test ids have."""
    (pytester.path / "conf.py").touch()
    (pytester.path / "below").mkdir()
    spec = "gunicorn-sync:config=conf.py"
    settings = on(read(f"--djworkers={spec}") if as_flag else read(djworkers=spec))
    monkeypatch.chdir(pytester.path / "below")
    (backend,) = settings.backends.values()
    plan = LaunchPlan("127.0.0.1", 1, 1, 1)
    command = backend.command("python", plan)
    assert command[command.index("--config") + 1] == str(pytester.path / "conf.py")
    assert settings.names == ("gunicorn-sync:config-conf.py",)
    assert backend.options(plan)["config"] == "conf.py"
    assert settings.registry.find(spec) == backend
    assert settings.started_in == pytester.path


def test_the_file_of_a_setting_is_looked_for_in_no_other_folder(
    read: Read, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = pytester.path / "below"
    below.mkdir()
    (below / "conf.py").touch()
    monkeypatch.chdir(below)
    with pytest.raises(SettingsError, match=r"'conf\.py' is not a file in"):
        read("--rootdir=..", "-c", "../pytest.ini", djworkers="gunicorn-sync:config=conf.py")
    assert read("--rootdir=..", "-c", "../pytest.ini", "--djworkers=gunicorn-sync:config=conf.py")
