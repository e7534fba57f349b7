"""The object that the fixture ``burst`` returns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Shape
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.markers import TestPlan, refuse_unknown_parts
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.build import ARGUMENTS
from pytest_djworkers.request.plan import plan_burst
from pytest_djworkers.request.unknown_arguments import refuse_unknown
from pytest_djworkers.request.websocket import refuse_without_asgi
from pytest_djworkers.run.live.burst_progress import BurstProgress
from pytest_djworkers.run.measurement import MeasuredBurst, Measurement, PlannedBurst
from pytest_djworkers.server.protocol import AnyServer
from pytest_djworkers.settings.settings import Settings
from pytest_djworkers.settings.shape import contradiction, parse_shape
from pytest_djworkers.settings.stages import parse_stages, values_of_stages, with_stages
from pytest_djworkers.system.event_loop import without_running_loop
from pytest_djworkers.users.wanted import NOT_GIVEN, USER_ARGUMENTS

_KNOWN = (
    *ARGUMENTS,
    "mix",
    "paths",
    "bodies",
    "order",
    "seed",
    *USER_ARGUMENTS,
    "stages",
    "name",
    *SHAPE_OPTIONS,
)


class Burst:
    """Fires bursts for one test under one backend: call it with the path to hit.

    The request: ``path`` begins with a slash and is percent-encoded. ``method`` is any HTTP
    method but CONNECT. ``headers`` maps names to values. ``body`` is sent as it is, text in
    UTF-8; ``json`` is encoded, and sets Content-Type unless ``headers`` does. ``form`` maps
    fields to values, and ``files`` fields to files; they are posted as browsers do. ``query`` is
    encoded and added to the path. ``cookies`` maps names to values, or is ``client.cookies`` of
    Django's test client, or another client's jar.

    The users: ``user`` is the name of a user, a user object, or a function that returns one; None
    is nobody. ``users`` is a number of users, a list of them, or a function that takes the number
    of a connection and returns one. They are logged in once the rows are made, and their requests
    and forms get CSRF tokens.

    Several requests: ``paths`` or ``bodies``, or both in pairs, are sent in turn in place of one.
    ``order`` is "sequential", "random", or "connection" for one to each connection. ``mix`` maps
    paths, and objects of ``pytest_djworkers.Request``, to weights: the numbers of requests that
    each gets in proportion to others. It is also a list of pairs, or the path of a file.
    ``seed`` decides what is sent at random, so that the same seed repeats it.

    The response: ``expect`` is the expected status, or several; by default any from 200 to 299.
    ``contains`` must be in the body of each, as it is sent. Other responses are errors. With
    ``stream``, a time such as "5s", each response is read for that time, and then closed.
    ``websocket`` is a message to send on WebSockets, whose response is the next message that comes.

    The load: ``connections`` is the number of connections that are open at a time. ``duration``
    is the length of the window in which responses are counted, ``warmup`` that of the load before
    it, and a response counts as late after ``timeout``; the three are seconds, or text such as
    "250ms", "2s" or "1m". ``rate`` is a fixed number of requests per second; by default, each
    connection sends its next request when it has the response to the last one. ``think`` is the
    time that it waits before, as a duration. A flag, such as ``--djworkers-duration``, wins over
    these arguments.

    ``stages`` is a list of steps, each a duration and a number of connections, such as
    ``[("10s", 100), ("30s", 500)]``, or each a duration and a rate, such as ``("10s", "50/s")``.
    The burst is as long as all of them; its warm-up is under the first one's load.

    ``name`` tells the bursts of a test apart; by default it is the method and the path, or
    "mix of 3".

    ``server`` is the test's server, as the fixture ``djworkers_server`` returns it.
    """

    def __init__(
        self,
        settings: Settings,
        plan: TestPlan,
        server: AnyServer,
        measurement: Measurement,
        progress: BurstProgress,
    ) -> None:
        self._settings = settings
        self._measurement = measurement
        self._progress = progress
        self.server = server
        """The test's server. It runs from the first burst on, and each burst launches it anew."""
        self.plan = plan
        self.was_called = False
        """True once the test has called it, even if the arguments were refused."""
        self.under_way: str | None = None
        """The name of the burst that is fired now, or that the end of the test has cut short: what
        ends a test is no Exception."""
        self.measured: list[MeasuredBurst] = []

    @without_running_loop()
    def __call__(
        self,
        path: str | None = None,
        *,
        mix: Any = None,
        method: str | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        cookies: Mapping[str, str] | None = None,
        expect: int | Iterable[int] | None = None,
        contains: str | bytes | None = None,
        stream: Any = None,
        websocket: bytes | str | None = None,
        paths: Iterable[str] | None = None,
        bodies: Iterable[bytes | str] | None = None,
        order: str | None = None,
        seed: int = 0,
        user: Any = NOT_GIVEN,
        users: Any = None,
        stages: Any = None,
        name: str | None = None,
        **shape: Any,
    ) -> BurstResult:
        """Fire one burst at ``path`` on a freshly launched server, and return its figures.

        Limits are judged when the test function returns, not here.

        Raises BurstArgumentError for an argument that can't be used, ServerStartError or ProbeError
        if the site can't be served, ServerDiedError if the server ends during the burst,
        GeneratorError if there are no figures, DatabaseError if the server could not see the
        test's rows, OverrideError for a changed setting that it can't be given, and
        BusyMachineError if another run's burst does not end.
        """
        # Before anything is checked: a test whose arguments are refused has called it.
        self.was_called = True
        refuse_unknown(shape, _KNOWN)
        asked = Request(
            path,
            method=method,
            headers=headers,
            body=body,
            json=json,
            form=form,
            files=files,
            query=query,
            cookies=cookies,
            expect=expect,
            contains=contains,
            stream=stream,
            websocket=websocket,
            paths=paths,
            bodies=bodies,
            order=order,
            user=user,
            users=users,
            name=name,
        )
        measured = self._measure(self._plan(asked, mix, seed, self._shape(shape, stages)))
        self.measured.append(measured)
        return measured.record.result

    def _shape(self, given: Mapping[str, object], stages: object) -> tuple[Shape, tuple[str, ...]]:
        """Return the load that is asked for, and the flags that change it, in words.

        Raises BurstArgumentError.
        """
        values = parse_shape(given)
        steps = parse_stages(stages, values)
        whole, overridden = self._settings.shape_for(
            self.plan.shape, {**values, **values_of_stages(steps)}
        )
        shape = with_stages(whole, steps)
        if reason := contradiction(shape):
            raise BurstArgumentError(reason)
        return shape, overridden

    def _plan(
        self, asked: Request, mix: object, seed: object, load: tuple[Shape, tuple[str, ...]]
    ) -> PlannedBurst:
        """Return the plan of a burst that is asked for. Raises BurstArgumentError."""
        burst_shape, overridden = load
        plan = plan_burst(
            asked,
            mix,
            shape=burst_shape,
            seed=seed,
            taken=[measured.name for measured in self.measured],
            users=self.plan.users,
            root=self._settings.root,
        )
        refuse_unknown_parts(plan.profile, self.plan.limits)
        # A server that runs already is of no backend that is known.
        if backend := self._settings.backends.get(self.server.backend):
            refuse_without_asgi(plan.profile.request, backend)
        return PlannedBurst(plan.profile, overridden, tuple(part.login for part in plan.parts))

    def _measure(self, planned: PlannedBurst) -> MeasuredBurst:
        self.under_way = planned.name
        try:
            with self._progress.burst(f"{self.server.backend} {planned.name}"):
                measured = self._measurement.measure(planned)
        except Exception:
            self.under_way = None
            raise
        self.under_way = None
        self._progress.finished(measured.record)
        return measured.without_bodies()

    @property
    def records(self) -> list[BurstRecord]:
        """The records of the bursts so far."""
        return [measured.record for measured in self.measured]
