"""The ``burst`` fixture's value: seed, launch, fire, compare."""

from __future__ import annotations

import json as json_module
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from pytest_djworkers.baseline.session import compare, last_figures
from pytest_djworkers.baseline.store import burst_key
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.choice import choose
from pytest_djworkers.load.profile import BODILESS_METHODS, Profile, Request
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.markers import TestPlan
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.run import Run
from pytest_djworkers.server.launch import Server, Site

_METHOD = re.compile(r"[A-Z]+")
_PATH = re.compile(r"/[!-~]*")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_OURS = frozenset({"content-length", "transfer-encoding", "connection"})


class Burst:
    """Fires bursts for one test under one backend. Call it with the path to hit."""

    def __init__(
        self,
        run: Run,
        server: Server,
        test: str,
        plan: TestPlan,
        *,
        prepare: Callable[[], Site],
    ) -> None:
        self.server = server
        self._run = run
        self._test = test
        self.plan = plan
        self._prepare = prepare
        self.records: list[BurstRecord] = []

    def __call__(
        self,
        path: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | str | None = None,
        json: Any = None,
        expect: int | Iterable[int] | None = None,
        name: str | None = None,
        **shape: Any,
    ) -> BurstResult:
        """Fire one burst at ``path`` on a freshly launched server.

        ``expect`` is the status, or statuses, of an expected answer: any 2xx unless told
        otherwise. ``name`` tells the bursts of a test apart. ``shape`` is ``connections``,
        ``duration``, ``timeout`` and ``warmup``.

        The result holds figures only: limits are judged when the test function returns.
        Raises BurstArgumentError, ServerError, GeneratorError, or BusyMachineError.
        """
        settings = self._run.settings
        burst_shape, overridden = settings.shape_for(self.plan.shape, shape)
        request = make_request(path, method, headers, body, json, expect)
        name = f"{request.method} {path}" if name is None else _one_line(name)
        if any(record.result.name == name for record in self.records):
            raise BurstArgumentError(
                f"a second burst named {name!r} in one test: tell them apart with name="
            )
        profile = Profile(name, request, burst_shape)
        stored = self._run.baseline.bursts.get(burst_key(self._test, name))
        generator = choose(
            settings.generator,
            profile,
            agents=settings.agents,
            stored=None if stored is None else stored.conditions.get("generator"),
        )
        if reason := generator.cannot(profile):
            raise BurstArgumentError(f"{name}: {reason}")
        self.launch(request, burst_shape.connections)
        try:
            result = generator.fire(profile, self.server.target)
        except BaseException:
            self.server.stop()
            raise
        result = replace(result, server=self.server.facts, shared_run=self._run.is_shared)
        record = BurstRecord(self._test, result, overridden)
        asks = self._run.baseline.bursts or self.plan.max_regression is not None
        if asks and not settings.save_baseline:
            record = replace(
                record,
                comparison=compare(
                    result,
                    stored,
                    tolerance=settings.tolerance,
                    max_regression=self.plan.max_regression,
                ),
                stored=None if stored is None else last_figures(stored),
            )
        self.records.append(record)
        return result

    def launch(self, request: Request | None = None, connections: int | None = None) -> None:
        """Launch the server anew, on seeded databases, and see one good reply from it.

        The probe is ``request`` itself where that changes nothing, else ``djworkers_probe``.
        """
        # Before the rows are made: it may be working off its queue still.
        self.server.stop()
        site = self._prepare()
        probe = self._run.settings.probe
        is_own = request is not None and request.method in BODILESS_METHODS
        self.server.launch(
            site,
            connections=connections or self._run.settings.shape.connections,
            probe_with=request if request is not None and is_own else Request(probe or "/"),
            any_answer=not is_own and probe is None,
        )


def make_request(
    path: object,
    method: object = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    expect: int | Iterable[int] | None = None,
) -> Request:
    """The request that a call of ``burst`` asks for. Raises BurstArgumentError."""
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise BurstArgumentError(
            f"path {path!r} is not one that starts with / and holds only printable ASCII"
            " (percent-encode the rest)"
        )
    verb = method.upper() if isinstance(method, str) else ""
    if not _METHOD.fullmatch(verb) or verb in {"CONNECT", "TRACE"}:
        raise BurstArgumentError(f"method={method!r} is not an HTTP method that can be used here")
    if not isinstance(headers, Mapping | None):
        raise BurstArgumentError(f"headers={headers!r} is not a mapping of names to values")
    given = list((headers or {}).items())
    for header, value in given:
        _check_header(header, value)
    if body is not None and json is not None:
        raise BurstArgumentError("body= and json= exclude each other")
    if json is not None:
        try:
            body = json_module.dumps(json)
        except (TypeError, ValueError) as error:
            raise BurstArgumentError(f"json=: {error}") from None
        if "content-type" not in {header.lower() for header, _ in given}:
            given.append(("Content-Type", "application/json"))
    content = body.encode() if isinstance(body, str) else body or b""
    if not isinstance(content, bytes):
        raise BurstArgumentError(f"body= is {type(body).__name__}, not bytes or str")
    return Request(path, verb, tuple(given), content, _statuses(expect))


def _one_line(name: object) -> str:
    if not isinstance(name, str) or not name.strip() or not name.isprintable():
        raise BurstArgumentError(f"name={name!r} is not a line of text")
    return name


def _check_header(name: object, value: object) -> None:
    if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
        raise BurstArgumentError(f"headers=: {name!r} is not a header name")
    if name.lower() in _OURS:
        raise BurstArgumentError(f"headers=: {name} is set by the generator")
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise BurstArgumentError(f"headers=: the value of {name} can't be sent: {value!r}")


def _statuses(expect: object) -> tuple[int, ...]:
    if expect is None:
        return ()
    statuses = tuple(expect) if isinstance(expect, Iterable) else (expect,)
    for status in statuses:
        if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
            raise BurstArgumentError(f"expect={expect!r} is not a status from 200 to 599")
    if not statuses:
        raise BurstArgumentError("expect= holds no status")
    return tuple(sorted(set(statuses)))
