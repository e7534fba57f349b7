from __future__ import annotations

import re
from dataclasses import asdict

import pytest

from pytest_djworkers.load.agent_places import AgentPlaces
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.options import OPTIONS, SHAPE_OPTIONS, SWITCHES, Option
from pytest_djworkers.report_format import ReportFormat
from pytest_djworkers.units import parse_share
from tests.support.pages import DOCS

BY_NAME = {option.name: option for option in OPTIONS}

GOOD: list[tuple[str, object, object]] = [
    ("", "granian", ("granian",)),
    ("", "gunicorn-gevent, granian", ("gunicorn-gevent", "granian")),
    ("", "none", ()),
    ("generator", "wrk", "wrk"),
    ("connections", "2_000", 2000),
    ("duration", "10s", 10.0),
    ("timeout", "500ms", 0.5),
    ("warmup", "0", 0.0),
    ("rate", "2.5", 2.5),
    ("think", "200ms", 0.2),
    ("think", 0, 0.0),
    ("workers", "3", 3),
    ("agents", 2, AgentPlaces(2)),
    ("agents", " 4 ", AgentPlaces(4)),
    ("agents", "popen", AgentPlaces(0, ("popen",))),
    (
        "agents",
        "2, 2*ssh=-p 22 load@10.0.0.7//python=/venv/bin/python,socket=10.0.0.8:8888",
        AgentPlaces(
            2,
            (
                "ssh=-p 22 load@10.0.0.7//python=/venv/bin/python",
                "ssh=-p 22 load@10.0.0.7//python=/venv/bin/python",
                "socket=10.0.0.8:8888",
            ),
        ),
    ),
    (
        "agents",
        "popen//python=kubectl exec -i POD -- python3",
        AgentPlaces(0, ("popen//python=kubectl exec -i POD -- python3",)),
    ),
    ("baseline", "py3.13", "py3.13"),
    ("tolerance", "5%", 0.05),
    ("startup_timeout", "1m", 60.0),
    ("report", "out/load.md", "out/load.md"),
    ("report_format", "csv", ReportFormat.CSV),
    ("probe", "/healthy", "/healthy"),
    ("application", "shop.asgi:app.wrapped", "shop.asgi:app.wrapped"),
    ("application", "django", "django"),
    ("url", " http://127.0.0.1:8000 ", "http://127.0.0.1:8000"),
    ("allow_host", "staging", "staging"),
    ("bind", " 10.0.0.5 ", "10.0.0.5"),
    ("certificate", "cert.pem, key.pem", ("cert.pem", "key.pem")),
    ("ignore_database", "legacy", "legacy"),
    ("max_regression", "5%", 0.05),
    ("max_errors", "5%", 0.05),
    ("compare", "main~2", "main~2"),
    ("bisect", "v1.2^", "v1.2^"),
    ("compare_connections", "16", 16),
    ("compare_budget", "10m", 600.0),
    ("compare_python", "../base/bin/python", "../base/bin/python"),
    ("compare_requirements", "requirements/base.txt", "requirements/base.txt"),
    ("compare_environments", "python3.13, new.txt", ("python3.13", "new.txt")),
    ("compare_prepare", "sh -c 'npm ci && make css'", ("sh", "-c", "npm ci && make css")),
    ("compare_copy", "static/dist/", "static/dist"),
    ("compare_copy", "**/*.mo", "**/*.mo"),
    ("seed", "0", 0),
    ("settings", "shop.settings_load", "shop.settings_load"),
    ("commands", "own = {python} {port} {wsgi}", "own = {python} {port} {wsgi}"),
    (
        "",
        "granian:workers=4:blocking-threads=8,daphne",
        ("granian:workers=4:blocking-threads=8", "daphne"),
    ),
]
BAD: list[tuple[str, object, str]] = [
    ("", "", "such as gunicorn-gevent,granian"),
    ("", "granian,,", "such as gunicorn-gevent,granian"),
    ("", ["granian"], "such as gunicorn-gevent,granian"),
    ("", "granian,granian", "names granian twice"),
    ("", "granian,none", '"none" can\'t be combined with backends'),
    ("generator", "ab", "not one of auto, asyncio, wrk"),
    ("connections", "0", "a whole number of 1 or more"),
    ("duration", "0s", "must be longer than 0 s"),
    ("timeout", "soon", "a duration such as 250ms"),
    ("warmup", "-1s", "a duration such as 250ms"),
    ("rate", "500/s", "a number of requests per second up to 100,000"),
    ("rate", "0", "a number of requests per second"),
    ("rate", True, "a number of requests per second"),
    ("rate", "nan", "a number of requests per second"),
    ("think", "-1s", "a duration such as 250ms"),
    ("workers", "two", "a whole number of 1 or more"),
    ("agents", "1.5", "'1.5' is no kind of agent: accepted are a whole number of 1 or more, popen"),
    ("agents", 1.5, "no list of agents: accepted are a whole number of 1 or more, popen"),
    ("agents", True, "no list of agents"),
    ("agents", "0", "0 is no number of agents from 1 to 10,000"),
    ("agents", "0*popen", "0 is no number of agents from 1 to 10,000"),
    ("agents", "2,", "'' is no kind of agent"),
    ("agents", "99999*popen", "99999 is no number of agents from 1 to 10,000"),
    ("agents", "vagrant_ssh=default", "'vagrant_ssh' is no kind of agent"),
    ("agents", "via=gw1//popen", "'via' is no kind of agent"),
    ("agents", "popen//via=gw1", "'via' can't be given with popen"),
    ("agents", "popen//execmodel=main_thread_only", "'execmodel' can't be given with popen"),
    ("agents", "popen=3", "popen has no value"),
    ("agents", "ssh=", "ssh= must name a host"),
    ("agents", "socket=10.0.0.8", "socket=10.0.0.8 is no HOST:PORT"),
    ("agents", "socket=10.0.0.8:8888//python=python3", "'python' can't be given with socket"),
    ("agents", "popen//python=", "python= must not be empty"),
    ("agents", "popen//python=a//python=b", "python is given twice"),
    ("baseline", "../main", "a name of up to 100 letters, digits"),
    ("tolerance", "0.1", "a share such as 10%"),
    ("startup_timeout", "0", "must be longer than 0 s"),
    ("report", "  ", "must not be empty"),
    ("report_format", "pdf", "one of json, md, html, csv, comment, github-action-benchmark, "),
    ("commands", "own", "is not NAME = command"),
    ("probe", "healthy", "a path that starts with /"),
    ("application", "shop.asgi", "MODULE:ATTRIBUTE"),
    ("application", "shop/asgi.py:app", "MODULE:ATTRIBUTE"),
    ("application", ":app", "MODULE:ATTRIBUTE"),
    ("url", " ", "must not be empty"),
    ("max_regression", "5", "a share such as 10%"),
    ("max_errors", 5, "a share such as 10%"),
    ("compare", "", "must not be empty"),
    ("bisect", " ", "must not be empty"),
    ("compare_connections", "0", "a whole number of 1 or more"),
    ("compare_budget", "0", "must be longer than 0 s"),
    ("compare_python", " ", "must not be empty"),
    ("compare_requirements", "", "must not be empty"),
    ("compare_environments", "old.txt", "is not two environments, such as"),
    ("compare_environments", "old.txt,", "is not two environments, such as"),
    ("compare_environments", "old.txt,old.txt", "names one environment twice"),
    ("compare_prepare", "make 'css", "is not a command line: No closing quotation"),
    ("compare_prepare", " ", "must not be empty"),
    ("compare_copy", "/srv/static", "a path inside of the repository"),
    ("compare_copy", "../static", "a path inside of the repository"),
    ("compare_copy", ".", "a path inside of the repository"),
    ("seed", "-1", "a whole number of 0 or more"),
    ("settings", "shop/settings.py", "the dotted name of a module"),
    ("settings", "", "the dotted name of a module"),
    ("settings", "shop.", "the dotted name of a module"),
    ("allow_host", "", "must not be empty"),
    ("bind", "", "must not be empty"),
    ("bind", "localhost", "is not the IPv4 address of one machine, such as 10.0.0.5"),
    ("bind", "10.0.0.5:8000", "is not the IPv4 address of one machine"),
    ("bind", "224.0.0.1", "is not the IPv4 address of one machine"),
    ("bind", "::1", "is an IPv6 address: it must be an IPv4 address"),
    ("bind", "0.0.0.0", "stands for all addresses of this machine"),
    ("bind", "::", "is an IPv6 address"),
    ("certificate", "cert.pem", "is not the files of a certificate and its key, such as"),
    ("certificate", "cert.pem,", "is not the files of a certificate and its key"),
    ("ignore_database", " ", "must not be empty"),
]


@pytest.mark.parametrize(("name", "given", "value"), GOOD)
def test_an_option_parses_values_that_it_accepts(name: str, given: object, value: object) -> None:
    assert BY_NAME[name].parse(given) == value


@pytest.mark.parametrize(("name", "given", "accepted"), BAD)
def test_an_option_refuses_other_values_and_says_what_it_accepts(
    name: str, given: object, accepted: str
) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        BY_NAME[name].parse(given)
    assert repr(given) in str(refusal.value)
    assert accepted in str(refusal.value)


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.ini)
def test_every_option_is_tested_with_good_and_bad_values(option: Option) -> None:
    assert option.name in {name for name, _, _ in GOOD}
    assert option.name in {name for name, _, _ in BAD}


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.ini)
def test_a_flag_and_its_ini_value_have_the_same_name(option: Option) -> None:
    assert option.flag.removeprefix("--").replace("-", "_") == option.ini
    assert option.help


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.ini)
def test_a_default_is_one_that_the_option_accepts(option: Option) -> None:
    if option.default not in (None, ()):
        given = f"{option.default:.0%}" if option.parse is parse_share else option.default
        if isinstance(given, AgentPlaces):
            given = given.local
        assert option.parse(given) == option.default


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.ini)
def test_the_help_ends_with_the_default(option: Option) -> None:
    if option.default not in (None, ()):
        assert option.parse(option.help.rpartition(": ")[2]) == option.default


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.ini)
def test_the_help_names_the_default(option: Option) -> None:
    assert "; default: " in option.help


def test_pytest_shows_a_default_for_every_flag_and_ini_value(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "500")  # wide enough for each text in one line
    shown = " ".join(" ".join(pytester.runpytest_subprocess("--help").outlines).split())
    names = [*(option.flag for option in OPTIONS if not option.ini_only), *SWITCHES]
    names += [option.ini for option in OPTIONS if not option.flag_only]
    for name in names:
        *_, rest = re.split(rf" {name}(?=[= ])", shown, maxsplit=1)
        own, found, _ = rest.partition("; default: ")
        assert found, name
        # Of the text of another option, that one's name would be here.
        assert not re.search(r" (--djworkers\S*[= ][A-Z]|djworkers\S* \()", own), name


def test_the_default_shape_has_the_defaults_of_the_options() -> None:
    defaults = {field: BY_NAME[name].default for name, field in SHAPE_OPTIONS.items()}
    # Stages are an argument of burst() alone.
    assert asdict(Shape()) == {**defaults, "stages": ()}


@pytest.mark.parametrize("format_", ReportFormat)
def test_each_format_of_reports_is_in_the_help_and_on_its_page(format_: ReportFormat) -> None:
    words = BY_NAME["report_format"].help.replace(",", " ").replace(";", " ").split()
    assert format_.value in words
    assert f"``{format_.value}``" in (DOCS / "reference" / "output.rst").read_text()
