"""A server that somebody else runs: measured where it is, and drained instead of relaunched."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator import Target
from pytest_djworkers.server.origin import Origin
from pytest_djworkers.server.probe import probe
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.machine_lock import Lock

NAME = "url"
"""What it is called where backends have names."""
QUICK_RESPONSES = 8
"""So many in a row, each on a connection of its own, say that no work is left in any worker."""
_SLOWER_BY = 2.0
_SLOWER_BY_S = 0.05


class ExternalServer:
    """A server that somebody else runs: it is drained before a burst, and never stopped.

    Little is known of it: it may be on another machine.
    """

    backend = NAME
    log = None
    ended = None
    pids: frozenset[int] = frozenset()
    other_settings: tuple[str, ...] = ()

    def __init__(
        self,
        origin: Origin,
        lock: Lock,
        *,
        folder: Path,
        startup_timeout_s: float,
        watch: tuple[int, ...] = (),
    ) -> None:
        self._origin = origin
        self._address = origin.addresses[0]
        self._lock = lock
        self._folder = folder
        self._startup_timeout_s = startup_timeout_s
        self._watch = watch
        self._facts: ServerFacts | None = None
        self.interim: tuple[int, ...] = ()
        """The statuses that came before the last probe's response, such as 103."""

    @property
    def url(self) -> str:
        """``http://host:port``, without a slash at the end."""
        return f"http://{self._origin.netloc}"

    @property
    def facts(self) -> ServerFacts | None:
        """What is known of it, once it was drained."""
        return self._facts

    @property
    def target(self) -> Target:
        """Where a generator finds it."""
        return Target(
            address=self._address,
            folder=self._folder,
            watch=self._watch,
            startup_timeout_s=self._startup_timeout_s,
            host=self._origin.netloc,
        )

    def launch(self, needs: BurstNeeds) -> None:
        """Wait until it responds quickly several times in a row: no work is left in it.

        Quickly is not much slower than the quickest response so far. Raises ServerStartError if
        it doesn't within the start-up timeout, ProbeError for another response than expected,
        and BusyMachineError if another run's burst does not end.
        """
        self._lock.acquire()
        began = CLOCK.monotonic()
        within_s = self._startup_timeout_s
        quickest_s = within_s
        in_a_row = 0
        try:
            while in_a_row < QUICK_RESPONSES:
                asked = CLOCK.monotonic()
                answered = probe(
                    self._origin.addresses,
                    needs.probe,
                    None,
                    any_response=needs.any_response,
                    deadline=began + within_s,
                    host=self._origin.netloc,
                )
                self._address, self.interim = answered.address, answered.interim
                took_s = CLOCK.monotonic() - asked
                in_a_row = in_a_row + 1 if took_s <= _SLOWER_BY * quickest_s + _SLOWER_BY_S else 0
                quickest_s = min(quickest_s, took_s)
        except ServerStartError as error:
            self._lock.release()
            raise ServerStartError(
                f"{self.url} gave no {QUICK_RESPONSES} quick answers in a row within {within_s:g}s"
                f" (--djworkers-startup-timeout): it is not running, or still at work on what an"
                f" earlier burst asked for ({error})"
            ) from None
        except BaseException:
            self._lock.release()
            raise
        self._facts = ServerFacts(NAME, "unknown", 0, {"url": self.url}, CLOCK.monotonic() - began)

    def watched(self) -> AbstractContextManager[UsageWatch | None]:
        """Nobody looks at what it uses."""
        return nullcontext()

    def stop(self) -> None:
        """Let the next burst in; it runs on."""
        self._lock.release()
