"""The progress of a burst on a display: the phases, the thread, and the line at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from pytest_djworkers.progress import LiveFigures, Phase
from pytest_djworkers.report.progress_line import ProgressLine
from pytest_djworkers.run.live import plain_lines, ticker
from pytest_djworkers.run.live.burst_progress import BurstProgress
from pytest_djworkers.run.live.plain_lines import PlainLines
from tests.support.results import record

WINDOW = Phase("block 1, round 1 of 6: base", is_counted=True)
SEED = Phase("seed", runs_site_code=True)


@dataclass
class Board:
    """A display that keeps what it is told."""

    did: list[str] = field(default_factory=list)
    drawn: threading.Event = field(default_factory=threading.Event)

    def begin(self) -> None:
        self.did.append("begin")

    def show(self, line: ProgressLine, *, stays: bool) -> None:
        self.did.append(f"{line}{' (stays)' if stays else ''}")
        self.drawn.set()

    def hide(self) -> None:
        self.did.append("hide")

    def close(self) -> None:
        self.did.append("close")


def threads() -> list[threading.Thread]:
    """Return the threads that update a display."""
    return [one for one in threading.enumerate() if one.name == "djworkers progress"]


@pytest.fixture
def board() -> Iterator[Board]:
    """A display; no thread may be left at the end."""
    yield Board()
    assert threads() == []


def shown_on(board: Board, *, clears_for_site: bool = False) -> BurstProgress:
    """Return a progress that is shown on a display."""
    progress = BurstProgress()
    progress.show_on(board, clears_for_site=clears_for_site)
    return progress


def test_each_phase_is_shown_at_once_and_hidden_at_the_end(board: Board) -> None:
    progress = shown_on(board)
    with progress.burst("granian GET /"):
        progress.begin(SEED)
        progress.begin(Phase("launch"))
    assert board.did == [
        "begin",
        "granian GET /: seed (stays)",
        "granian GET /: launch",
        "hide",
    ]


def test_the_line_is_updated_while_a_phase_lasts(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "_EVERY_S", 0.01)
    progress = shown_on(board)
    with progress.burst("granian GET /"):
        progress.begin(Phase("window", time.monotonic() + 99))
        assert len(threads()) == 1
        progress.show(LiveFigures(25.0, 0.045, 1))
        for _ in range(2):
            board.drawn.clear()
            assert board.drawn.wait(30)
    assert board.did[-2].endswith(" left, 25.00 requests/s, p99 45ms, 1 error")


def test_the_figures_of_a_window_are_not_those_of_the_next_phase(board: Board) -> None:
    progress = shown_on(board)
    with progress.burst("granian GET /"):
        progress.begin(Phase("window"))
        progress.show(LiveFigures(25.0, 0.045, 1))
        progress.begin(Phase("stop"))
    assert board.did[-2] == "granian GET /: stop"


@pytest.mark.parametrize("phase", [WINDOW, SEED], ids=["window", "seed"])
def test_no_thread_is_there_in_a_counted_window_or_beside_code_of_the_site(
    phase: Phase, board: Board
) -> None:
    progress = shown_on(board)
    with progress.burst("granian GET /"):
        progress.begin(Phase("launch"))
        assert len(threads()) == 1
        progress.begin(phase)
        assert threads() == []
        progress.begin(phase)
        progress.begin(Phase("stop"))
        assert len(threads()) == 1


def test_a_terminal_that_is_shared_is_left_to_code_of_the_site(board: Board) -> None:
    progress = shown_on(board, clears_for_site=True)
    with progress.burst("granian GET /"):
        progress.begin(Phase("launch"))
        progress.begin(SEED)
    assert board.did == ["begin", "granian GET /: launch", "hide", "hide"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_whatever_ends_a_burst_hides_the_line(board: Board, error: type[BaseException]) -> None:
    progress = shown_on(board)

    def end() -> None:
        with progress.burst("granian GET /"):
            progress.begin(Phase("launch"))
            raise error

    with pytest.raises(error):
        end()
    assert board.did[-1] == "hide"


def test_phases_outside_of_a_burst_are_not_shown(board: Board) -> None:
    progress = shown_on(board)
    progress.begin(Phase("launch"))
    progress.show(LiveFigures(1.0, None, 0))
    assert board.did == []


def test_without_a_display_nothing_is_started_or_asked_for() -> None:
    progress = BurstProgress()
    with progress.burst("granian GET /"):
        progress.begin(Phase("launch"))
        assert threads() == []
        assert not progress.wants_figures
    with progress.hidden():
        pass
    progress.finished(record())
    progress.close()


def test_others_print_while_the_line_is_hidden(board: Board) -> None:
    progress = shown_on(board)
    with progress.burst("granian GET /"):
        progress.begin(SEED)
        with progress.hidden():
            board.did.append("print")
    assert board.did[2:4] == ["hide", "print"]
    progress.close()
    assert board.did[-1] == "close"


def test_a_burst_that_had_phases_has_a_line_when_it_ends(board: Board) -> None:
    printed: list[str] = []
    progress = BurstProgress()
    progress.show_on(board, printed.append)
    with progress.burst("granian GET /json"):
        progress.begin(SEED)
    progress.finished(record())
    assert printed == [
        "djworkers: granian GET /json: 100 requests/s, p50 1ms, p99 300ms, 10 timeouts, 0 errors,"
        " in 10s"
    ]
    # Its verdict is from an earlier turn of the test, and was said then.
    with progress.burst("granian GET /json"):
        pass
    progress.finished(record())
    assert len(printed) == 1


class FakeClock:
    """A clock that stands still."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_a_log_shows_life_every_fifteen_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, printed = FakeClock(), list[str]()
    monkeypatch.setattr(plain_lines, "CLOCK", clock)
    lines = PlainLines(lambda text: printed.append(f"{clock.now - 100:g}: {text}"))
    lines.begin()
    for second in range(60):
        clock.now = 100.0 + second
        if second == 20:
            lines.hide()  # somebody else prints
        lines.show(ProgressLine("granian GET /", "launch"), stays=second == 45)
    lines.close()
    assert printed == [f"{at}: djworkers: granian GET /: launch" for at in (14, 34, 45, 59)]
