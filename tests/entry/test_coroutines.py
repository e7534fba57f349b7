"""The frames of coroutines that wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from typing import Any

import pytest

from pytest_djworkers.entry.coroutines import suspended_frames


class Pause:
    def __await__(self) -> Generator[None]:
        yield


async def innermost() -> None:
    await Pause()


async def numbers() -> AsyncIterator[int]:
    await innermost()
    yield 1


async def over_numbers() -> None:
    async for _ in numbers():
        """Nothing."""


async def middle() -> None:
    await innermost()


async def outermost() -> None:
    await middle()


def names(waiting: Any) -> list[str]:
    return [frame.f_code.co_name for frame in suspended_frames(waiting)]


def begun(waiting: Any) -> Any:
    waiting.send(None)
    return waiting


def generator() -> Generator[None]:
    yield from Pause().__await__()


@pytest.mark.parametrize(
    ("waiting", "expected"),
    [
        (outermost, ["outermost", "middle", "innermost", "__await__"]),
        (over_numbers, ["over_numbers"]),
        (generator, ["generator", "__await__"]),
    ],
)
def test_the_outermost_is_first(waiting: Any, expected: list[str]) -> None:
    coroutine = begun(waiting())
    assert names(coroutine)[: len(expected)] == expected
    coroutine.close()


def test_a_future_has_no_frames() -> None:
    async def run() -> list[str]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def waits() -> None:
            await future

        task = asyncio.create_task(waits())
        await asyncio.sleep(0)
        found = names(task.get_coro())
        future.set_result(None)
        await task
        return found

    assert asyncio.run(run()) == ["waits"]


def test_what_is_over_or_is_none_has_no_frames() -> None:
    coroutine = outermost()
    coroutine.close()
    assert names(coroutine) == []
    assert names(None) == []
    assert names(3) == []
