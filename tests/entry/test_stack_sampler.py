"""The sampler sees requests of handlers while a window is open, and tells them afterwards."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.entry import stack_sampler as module
from pytest_djworkers.entry.stack_sampler import hook_handlers
from pytest_djworkers.entry.stack_sampling import SampledRequests, StackSampling
from tests.support.processes import until


class Stop(BaseException):
    """Ends the sampler's thread, which else ends with its process."""


class Sampling:
    """The sampling that a brief asks for, in this process, without pauses."""

    def __init__(self, folder: Path) -> None:
        self.stacks = StackSampling.begin(folder, tracer=1)
        self.threads: list[threading.Thread] = []
        self._has_ended = threading.Event()
        self._rounds = 0

    def sleep(self, _: float) -> None:
        """Begin the sampler's next round."""
        self._rounds += 1
        if self._has_ended.wait(0.001):
            raise Stop

    def start_thread(self, run: Callable[[], None]) -> None:
        """Run the sampler until ``end``."""

        def until_stopped() -> None:
            with suppress(Stop):
                run()

        self.threads.append(threading.Thread(target=until_stopped))
        self.threads[-1].start()

    def sample(self) -> None:
        """Open a window, and wait until the sampler has looked several times."""
        self.stacks.open_window()
        self.wait()

    def wait(self) -> None:
        """Wait for several rounds of the sampler."""
        begun = self._rounds
        until(lambda: self._rounds > begun + 6)

    def told(self) -> SampledRequests:
        """Close the window, and return what was seen in it."""
        self.stacks.close_window()
        until(self.stacks.read)
        return self.stacks.read()[os.getpid()]

    def end(self) -> None:
        """End the sampler."""
        self._has_ended.set()
        for thread in self.threads:
            thread.join(30)


@pytest.fixture
def sampling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sampling]:
    made = Sampling(tmp_path)
    monkeypatch.setattr(module, "sleep", made.sleep)
    monkeypatch.setattr(module, "start_thread", made.start_thread)
    monkeypatch.setattr(module, "this_brief", lambda: SimpleNamespace(stacks=made.stacks))
    yield made
    made.end()


def handler(view: Callable[[Any], Any], *, is_async: bool = False) -> Any:
    """Return the middleware chain of a new handler, as Django makes it, with the hook."""

    class BaseHandler:
        def load_middleware(self, is_async: bool = False) -> None:
            self._middleware_chain = view

    base = ModuleType("base")
    base.BaseHandler = BaseHandler  # type: ignore[attr-defined]  # a module made by hand
    hook_handlers(base)
    made = BaseHandler()
    made.load_middleware(is_async)
    return made._middleware_chain


def test_a_request_is_seen_while_the_window_is_open(sampling: Sampling) -> None:
    def view(request: str) -> str:
        sampling.sample()
        return request.upper()

    assert handler(view)("request") == "REQUEST"
    found = sampling.told()
    outermost = {found.frames[one.frames[0]] for one in found.stacks if len(one.frames) > 2}
    assert outermost == {(view.__qualname__, __file__, view.__code__.co_firstlineno + 1)}
    assert found.ticks >= sum(one.count for one in found.stacks) > 3


def test_a_coroutine_is_seen_as_well(sampling: Sampling) -> None:
    async def view(request: str) -> str:
        await asyncio.to_thread(sampling.sample)
        return request.upper()

    assert asyncio.run(handler(view, is_async=True)("request")) == "REQUEST"
    found = sampling.told()
    (suspended,) = (one for one in found.stacks if one.state == "suspended")
    assert suspended.count > 3
    outermost = found.frames[suspended.frames[0]]
    assert outermost == (view.__qualname__, __file__, view.__code__.co_firstlineno + 1)


def test_without_a_window_nothing_is_told(sampling: Sampling) -> None:
    assert handler(lambda _: sampling.wait())("request") is None
    assert sampling.stacks.read() == {}


def test_a_request_that_is_over_is_not_seen(sampling: Sampling) -> None:
    def fails(request: str) -> None:
        raise ZeroDivisionError(request)

    with pytest.raises(ZeroDivisionError):
        handler(fails)("request")
    sampling.sample()
    found = sampling.told()
    assert found.ticks
    assert found.stacks == ()


def test_each_window_has_its_own_samples(sampling: Sampling) -> None:
    def first(_: str) -> None:
        sampling.sample()

    def second(_: str) -> None:
        sampling.sample()

    served = handler(lambda view: view(""))
    seen = []
    for view in (first, second):
        served(view)
        frames = {name.rpartition(".")[2] for name, _, _ in sampling.told().frames}
        seen.append(frames & {"first", "second"})
    assert seen == [{"first"}, {"second"}]


def test_all_requests_of_a_handler_have_one_thread_that_looks(sampling: Sampling) -> None:
    served = handler(lambda request: request)
    assert [served("one"), served("two")] == ["one", "two"]
    assert len(sampling.threads) == 1


def test_a_fork_has_a_thread_of_its_own(
    sampling: Sampling, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = handler(lambda request: request)
    served("one")
    monkeypatch.setattr("os.getpid", lambda: -1)
    served("two")
    assert len(sampling.threads) == 2


def test_a_brief_without_sampling_leaves_handlers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "this_brief", lambda: SimpleNamespace(stacks=None))
    assert handler(len) is len
