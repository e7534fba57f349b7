"""A server that somebody else runs: it is drained before a burst instead of relaunched."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from pytest_djworkers.errors import ServerStartError
from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator import Target
from pytest_djworkers.progress import NO_SINK, Phase, ProgressSink
from pytest_djworkers.server.launch_hooks import NO_HOOKS, LaunchHooks
from pytest_djworkers.server.origin import Origin
from pytest_djworkers.server.probe import NobodyListensError, probe
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.usage import UsageWatch
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.machine_lock import Lock

NAME = "url"
"""The name that it has where others have their backend's."""
QUICK_RESPONSES = 8
"""The number of quick responses in a row after which no work is left in any of its workers. Each is
on a new connection, so that they reach several workers."""
_QUICK_FACTOR = 2.0
_QUICK_EXTRA_S = 0.05
"""A response is quick if it takes no longer than the quickest one times the factor, plus these
seconds: without them, the noise of a response of a millisecond would never end."""


class ExternalServer:
    """A server that was there before the run. It may be on another machine, so that its processes,
    its log and its settings are not known."""

    backend = NAME
    arm = ""
    log = None
    ended = None
    sampling = None
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
        progress: ProgressSink = NO_SINK,
        hooks: LaunchHooks = NO_HOOKS,
    ) -> None:
        self._origin = origin
        self._address = origin.addresses[0]
        self._lock = lock
        self._folder = folder
        self._startup_timeout_s = startup_timeout_s
        self._watch = watch
        self._progress = progress
        self._hooks = hooks
        self._facts: ServerFacts | None = None
        self.interim: tuple[int, ...] = ()
        """The statuses that came before the last probe's response, such as 103."""

    @property
    def url(self) -> str:
        """``http://host:port``, or https, without a slash at the end."""
        return self._origin.url

    @property
    def facts(self) -> ServerFacts | None:
        """The little that is known of it; None until it was drained."""
        return self._facts

    @property
    def target(self) -> Target:
        """The address that a generator fires at, with what it must know of the server."""
        return Target(
            address=self._address,
            folder=self._folder,
            watch=self._watch,
            startup_timeout_s=self._startup_timeout_s,
            host=self._origin.netloc,
            route=self._origin.route,
        )

    def prepare(self) -> None:
        """Prepare nothing: its site and its rows are somebody else's."""

    def launch(self, needs: BurstNeeds) -> None:
        """Wait until it is drained: until it responds quickly several times in a row.

        Raises ServerStartError if nothing listens there, or if it doesn't respond quickly within
        the start-up timeout, ProbeError for another response than expected, and BusyMachineError
        if another run's burst does not end.
        """
        self._lock.acquire()
        self._progress.begin(Phase("drain"))
        began = CLOCK.monotonic()
        try:
            self._drain(needs, began + self._startup_timeout_s)
        except NobodyListensError as error:
            self._lock.release()
            raise ServerStartError(
                f"no server listens at {self.url} ({error}): start it before the tests, or mend"
                " --djworkers-url"
            ) from None
        except ServerStartError as error:
            self._lock.release()
            raise ServerStartError(
                f"{self.url} gave no {QUICK_RESPONSES} quick responses in a row within"
                f" {self._startup_timeout_s:g}s (--djworkers-startup-timeout): it hangs, or"
                f" is still at work on what an earlier burst asked for ({error})"
            ) from None
        except BaseException:
            self._lock.release()
            raise
        self._facts = ServerFacts(NAME, "unknown", 0, {"url": self.url}, CLOCK.monotonic() - began)
        try:
            self._hooks.ready(self)
        except BaseException:
            self._lock.release()
            raise

    def _drain(self, needs: BurstNeeds, deadline: float) -> None:
        # Its connections can't tell: granian closed all of them 20 s before its queue was empty.
        # A response that is slower than others waited for work that is left.
        quickest_s = self._startup_timeout_s
        in_a_row = 0
        while in_a_row < QUICK_RESPONSES:
            sent_at = CLOCK.monotonic()
            result = probe(
                self._origin.addresses,
                needs.probe,
                None,
                any_response=needs.any_response,
                deadline=deadline,
                host=self._origin.netloc,
                # The others are sent to measure the time.
                check=None if in_a_row else self._hooks.check_of(self),
                route=self._origin.route,
            )
            self._address, self.interim = result.address, result.interim
            took_s = CLOCK.monotonic() - sent_at
            is_quick = took_s <= _QUICK_FACTOR * quickest_s + _QUICK_EXTRA_S
            in_a_row = in_a_row + 1 if is_quick else 0
            quickest_s = min(quickest_s, took_s)
        for request in needs.others:
            probe(
                self._origin.addresses,
                request,
                None,
                any_response=False,
                deadline=CLOCK.monotonic() + self._startup_timeout_s,
                host=self._origin.netloc,
                check=self._hooks.check_of(self),
                route=self._origin.route,
            )

    def last_said(self) -> list[str]:
        """Return no lines: its log is not known."""
        return []

    def watched(self) -> AbstractContextManager[UsageWatch | None]:
        """Return a context manager that records nothing."""
        return nullcontext()

    def stop(self) -> None:
        """Free the machine for the next burst; the server runs on."""
        self._lock.release()
