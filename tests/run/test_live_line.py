"""The line on the burst at hand as users see it: on a real terminal, in a log, with a debugger."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

import pytest

from tests.support.screen import Shown, on_terminal
from tests.support.site import GENTLE, PYTEST, Site

# The phases of a burst, without one: a run on a terminal takes a second.
PHASES = """
import os
import signal
import time
from pathlib import Path

from pytest_djworkers.progress import LiveFigures, Phase
from pytest_djworkers.run.live import ticker
from pytest_djworkers.run.stash import PROGRESS

ticker._EVERY_S = 0.05

@pytest.fixture
def progress(request):
    return request.config.stash[PROGRESS]

def burst(progress, seed=lambda: None):
    with progress.burst("granian GET /a/path/that/is/much/longer/than/the/terminal/is/wide"):
        progress.begin(Phase("seed", runs_site_code=True))
        seed()
        progress.begin(Phase("warm-up", time.monotonic()), Phase("window", time.monotonic() + 9))
        progress.show(LiveFigures(2310.0, 0.045, 0))
        time.sleep(0.5)
"""
TWO = f"""{PHASES}
def test_one(progress):
    print("captured")
    burst(progress)
    burst(progress)

def test_two(progress):
    burst(progress)
"""
WINDOW = re.compile(r"granian.*\.\..*wide: window, 9s left, 2,310 requests/s, p99 45ms, 0 errors")


def run(site: Site, *arguments: str, **options: object) -> Shown:
    """Run the site's tests on a terminal."""
    command = [*PYTEST, "--djworkers=granian", *arguments]
    return on_terminal(command, site.folder, **options)  # type: ignore[arg-type]  # passed on


def lines(shown: Shown) -> list[str]:
    """Return the lines on the screen from those of the tests on."""
    every = [line for line in shown.screen.lines if line]
    begins = next(at for at, line in enumerate(every) if line.startswith("test_site.py"))
    return every[begins:]


def test_the_line_stands_below_the_dots_is_replaced_and_is_gone_at_the_end(site: Site) -> None:
    site.test(TWO)
    shown = run(site)
    assert shown.status == 0
    dots, summary = lines(shown)
    assert re.fullmatch(r"test_site\.py \.\. +\[100%\]", dots)
    assert "2 passed" in summary
    assert any(state.endswith("wide: seed") for state in shown.states)
    assert any(map(WINDOW.fullmatch, shown.states))
    assert all(len(state) < 80 for state in shown.states if state.startswith("granian GET"))
    assert "captured" not in "\n".join(shown.screen.lines)


@pytest.mark.matrix
def test_on_a_narrow_terminal_nothing_of_the_line_is_wrapped(site: Site) -> None:
    site.test(TWO)
    shown = run(site, "--no-header", columns=44)
    assert len(lines(shown)) == 2
    live = [state for state in shown.states if state.startswith("granian GET")]
    assert live
    assert all(len(state) < 44 for state in live)


@pytest.mark.matrix
def test_with_verbose_the_line_stands_below_the_name_of_the_test(site: Site) -> None:
    site.test(TWO)
    shown = run(site, "-v")
    one, two, _ = lines(shown)
    assert re.fullmatch(r"test_site\.py::test_one PASSED +\[ 50%\]", one)
    assert re.fullmatch(r"test_site\.py::test_two PASSED +\[100%\]", two)
    assert any(map(WINDOW.fullmatch, shown.states))


def test_quiet_shows_no_line(site: Site) -> None:
    site.test(TWO)
    shown = run(site, "-q")
    assert not [state for state in shown.states if "granian GET" in state]
    assert any("2 passed" in line for line in shown.screen.lines)


@pytest.mark.parametrize(
    "variable", [{"CI": "true"}, pytest.param({"TERM": "dumb"}, marks=pytest.mark.matrix)], ids=str
)
def test_on_ci_or_a_terminal_without_a_cursor_no_line_is_rewritten(
    site: Site, variable: dict[str, str]
) -> None:
    site.test(TWO)
    shown = run(site, environment=variable)
    assert not [state for state in shown.states if "window" in state]
    assert "2 passed" in lines(shown)[-1]


@pytest.mark.matrix
def test_without_capturing_the_output_of_the_test_and_the_seed_stays(site: Site) -> None:
    site.test(
        f"""{PHASES}
def test_prints(progress):
    print("printed by the test", end="")
    burst(progress, lambda: print("printed by the seed"))
    print("printed after it")
"""
    )
    shown = run(site, "-s")
    assert shown.status == 0
    found = lines(shown)
    assert "test_site.py printed by the test" in found[0]
    text = "\n".join(found)
    assert text.index("by the seed") < text.index("printed after it") < text.index("1 passed")
    assert "\ngranian GET " not in text
    assert any(map(WINDOW.fullmatch, shown.states))


Respond = Callable[[str, Callable[[str], None], int], None]


def once(wanted: str, act: Callable[[Callable[[str], None], int], None]) -> Respond:
    """Return what acts once, when the screen has some text."""
    done: list[str] = []

    def respond(text: str, type_: Callable[[str], None], pid: int) -> None:
        if wanted in text and not done:
            done.append(text)
            act(type_, pid)

    return respond


@pytest.mark.parametrize("flags", [(), pytest.param(("-s",), marks=pytest.mark.matrix)], ids=str)
def test_a_breakpoint_in_the_seed_has_no_line_above_its_prompt(
    site: Site, flags: tuple[str, ...]
) -> None:
    site.test(f"{PHASES}\ndef test_stops(progress):\n    burst(progress, breakpoint)\n")
    prompted: list[str] = []

    def respond(text: str, type_: Callable[[str], None], _: int) -> None:
        if "(Pdb)" in text and not prompted:
            prompted.append(text)
            type_("c\n")

    shown = run(site, *flags, respond=respond)
    assert shown.status == 0
    assert len(prompted) == 1
    assert "\ngranian GET " not in prompted[0]
    assert "\ngranian GET " not in "\n".join(shown.screen.lines)


def test_the_debugger_after_a_failure_has_no_line_above_its_prompt(site: Site) -> None:
    site.test(f"{PHASES}\ndef test_fails(progress):\n    burst(progress)\n    assert not 1\n")
    shown = run(site, "--pdb", "-x", respond=once("(Pdb)", lambda type_, _: type_("c\n")))
    assert shown.status == 1
    assert any(map(WINDOW.fullmatch, shown.states))
    # The title is in the source of the failing test, which pytest prints.
    assert not any(WINDOW.search(line) for line in shown.screen.lines)


def test_ctrl_c_erases_the_line(site: Site) -> None:
    site.test(
        f"{PHASES}\ndef test_long(progress):\n    burst(progress, lambda: time.sleep(0))\n"
        "    burst(progress, lambda: time.sleep(60))\n"
    )
    shown = run(site, respond=once("wide: seed", lambda _, pid: os.kill(pid, signal.SIGINT)))
    assert shown.status == 2
    assert any(state.endswith("wide: seed") for state in shown.states)
    assert not any(line.startswith("granian GET") for line in shown.screen.lines)


@pytest.mark.matrix
def test_what_is_printed_in_mid_burst_is_not_mixed_with_the_line(site: Site) -> None:
    site.test(
        f"""{PHASES}
def test_waits(progress, request):
    lock_wait = request.config.pluginmanager.getplugin("djworkers-lock-wait")

    def seed():
        lock_wait.begin("another run's burst")
        lock_wait.say("waiting for another run's burst, 5s so far")
        lock_wait.end(0)

    burst(progress, seed)
"""
    )
    shown = run(site)
    assert "djworkers: waiting for another run's burst, 5s so far" in lines(shown)
    assert any("waiting for another run's burst" in state for state in shown.states)
    assert "1 passed" in lines(shown)[-1]
    assert not any(line.startswith("granian GET") for line in lines(shown))


# With real bursts.

BURST = '\ndef test_json(burst):\n    burst("/json")\n'


def test_a_real_burst_shows_its_figures_on_a_terminal(site: Site) -> None:
    site.test(BURST)
    shown = run(site, *GENTLE, "--djworkers-duration=2500ms", "-v")
    assert shown.status == 0
    phases = [state for state in shown.states if state.startswith("granian GET /json: ")]
    assert any(": launch" in state for state in phases)
    assert any(re.search(r"window, \ds left, [\d,.]+ requests/s, p99", state) for state in phases)
    text = "\n".join(lines(shown))
    assert re.search(
        r"^djworkers: granian GET /json: [\d,]+ requests/s, p50 \S+, p99", text, re.MULTILINE
    )
    assert not re.search(r"^granian GET /json: ", text, re.MULTILINE)


def test_a_log_has_a_line_for_each_burst_when_it_ends(site: Site) -> None:
    site.test('\ndef test_two(burst):\n    burst("/json")\n    burst("/users")\n')
    result = site.burst()
    result.stdout.fnmatch_lines(
        [
            "test_site.py ",
            "djworkers: granian GET /json: * requests/s, p50 *, p99 *, 0 timeouts, 0 errors, in *",
            "djworkers: granian GET /users: * requests/s, *",
            "test_site.py . *[[]100%[]]",
        ],
        consecutive=True,
    )
    quiet = site.burst("-q")
    quiet.stdout.no_fnmatch_line("djworkers: granian GET *")


@pytest.mark.matrix
@pytest.mark.parametrize("flags", [(), ("-v",)], ids=str)
def test_under_xdist_the_controller_prints_the_lines(site: Site, flags: tuple[str, ...]) -> None:
    site.test(BURST)
    result = site.burst("-n1", *flags)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["djworkers: granian GET /json: * requests/s, *"])
    result.stdout.no_fnmatch_line("?*djworkers: granian GET /json: *")
