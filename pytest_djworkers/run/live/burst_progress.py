"""Shows people the burst at hand, from its first phase to its end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pytest_djworkers.progress import LiveFigures, Phase
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.progress_line import finished_line, progress_line
from pytest_djworkers.run.live.display import Display, NoDisplay
from pytest_djworkers.run.live.ticker import Ticker
from pytest_djworkers.system.clock import CLOCK


@dataclass(slots=True)
class _Current:
    """The burst at hand."""

    title: str
    note: str = ""
    phases: tuple[Phase, ...] = ()
    began_s: float = 0.0
    """The beginning of the first of these phases."""
    figures: LiveFigures | None = None


class BurstProgress:
    """The sink of a run: shows each burst's phases on a display, and prints a line when it ends.

    The line is updated by a thread, since the stages wait in many places: for processes, sockets,
    git and databases. There is no thread in a window of a comparison, which it might disturb, nor
    while code of the site runs in this process, which may fork.
    """

    def __init__(self) -> None:
        self._display: Display = NoDisplay()
        self._print_finished: Callable[[str], None] | None = None
        self._clears_for_site = False
        self._current: _Current | None = None
        # Its owner may print while it holds the lock.
        self._lock = threading.RLock()
        self._ticker = Ticker(self._draw)
        self._is_shown = False
        self._had_phases = False

    def show_on(
        self,
        display: Display,
        print_finished: Callable[[str], None] | None = None,
        *,
        clears_for_site: bool = False,
    ) -> None:
        """Use this display from now on, and this function for lines on bursts that have ended.

        With ``clears_for_site``, the display is left to the site's code while that runs.
        """
        self._display, self._is_shown = display, True
        self._print_finished = print_finished
        self._clears_for_site = clears_for_site

    @property
    def wants_figures(self) -> bool:
        """True if somebody looks."""
        return self._is_shown

    @contextmanager
    def burst(self, title: str) -> Iterator[None]:
        """Show the phases of a burst while entered; phases outside of it are nobody's."""
        with self._lock:
            self._current = _Current(title)
            self._display.begin()
        try:
            yield
        finally:
            self._ticker.stop()
            with self._lock:
                self._had_phases = bool(self._current.phases)
                self._current = None
                self._display.hide()

    def set_note(self, note: str) -> None:
        """Show this between the title and the phases of the burst at hand, until the next note."""
        with self._lock:
            if self._current is not None:
                self._current.note = note

    def begin(self, *phases: Phase) -> None:
        """Show the phase that begins now; see ``ProgressSink``."""
        current = self._current
        if current is None or not self._is_shown:
            return
        # Stopped first: a thread that draws could outlast the beginning of a window.
        if not phases or _is_left_alone(phases[0]):
            self._ticker.stop()
        with self._lock:
            current.phases, current.began_s, current.figures = phases, CLOCK.monotonic(), None
            if not phases:
                self._display.hide()
                return
            if phases[0].runs_site_code and self._clears_for_site:
                self._display.hide()
            else:
                self._draw()
        if not _is_left_alone(phases[0]):
            self._ticker.run()

    def show(self, figures: LiveFigures) -> None:
        """Show these figures of the open window with the next update."""
        with self._lock:
            if self._current is not None:
                self._current.figures = figures

    def finished(self, record: BurstRecord) -> None:
        """Print the line on the last burst, if such lines are wanted."""
        # A comparison that had its verdict in an earlier turn of the test has no phases now.
        if self._print_finished is not None and self._had_phases:
            self._print_finished(f"djworkers: {finished_line(record)}")

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Take the line off the display while entered, for others to print."""
        with self._lock:
            self._display.hide()
            yield

    def close(self) -> None:
        """Show nothing any more."""
        self._display.close()
        self._display, self._is_shown = NoDisplay(), False

    def _draw(self) -> None:
        with self._lock:
            one = self._current
            if one is None or not one.phases:
                return
            title = f"{one.title}, {one.note}" if one.note else one.title
            line = progress_line(title, one.phases, one.began_s, CLOCK.monotonic(), one.figures)
            self._display.show(line, stays=_is_left_alone(one.phases[0]))


def _is_left_alone(phase: Phase) -> bool:
    """Return True for a phase in which this process must not do anything of its own."""
    return phase.is_counted or phase.runs_site_code
