"""Records something about marked requests in a server's process, such as their SQL queries.

A hook puts a recording chain in front of each handler's middleware. It records for requests that
have the launch's private header. The first request after the last marked one removes all of it, so
that nothing is left of it in the window of a burst.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import suppress
from functools import wraps
from types import CodeType
from typing import Any, Protocol

from pytest_djworkers.entry.sampling import HEADER, META_KEY, Sampling


class Recording(Protocol):
    """The recording of one request."""

    def begin(self) -> None:
        """Record from now on, in the thread that calls the site."""

    def leave(self) -> None:
        """Stop recording, whatever the thread. It may be called again."""

    def finish(self) -> Mapping[str, Any]:
        """Return what was recorded, as JSON, after ``leave``."""


class MarkedRequests:
    """The recording in one process: what it has put in the place of Django's own parts.

    ``new_recording`` is given the code of the chain's innermost function of ours.
    """

    def __init__(
        self,
        sampling: Sampling,
        handler_class: Any,
        new_recording: Callable[[CodeType], Recording],
    ) -> None:
        self._sampling = sampling
        self._handler_class = handler_class
        self._new_recording = new_recording
        self._load_middleware: Callable[..., None] = handler_class.load_middleware
        self._chains: list[tuple[Any, Any, Any]] = []
        """Each handler, its own chain, and ours."""
        self._recording: Recording | None = None
        """The recording of the request that is marked. There is one such request at a time."""

    def install(self) -> None:
        """Put a recording chain into each handler that loads its middleware from now on."""

        @wraps(self._load_middleware)
        def load_middleware(handler: Any, is_async: bool = False) -> None:
            self._load_middleware(handler, is_async)
            own = handler._middleware_chain  # noqa: SLF001  # Django has no public place for it
            make = self._async_chain if is_async else self._sync_chain
            ours = handler._middleware_chain = make(own)  # noqa: SLF001  # likewise
            self._chains.append((handler, own, ours))

        self._handler_class.load_middleware = load_middleware

    def _remove_if_over(self) -> None:
        """Put all of Django's own parts back, unless marked requests may come."""
        # Before the burst, a hook of the user's may send requests of its own.
        if not self._sampling.is_over:
            return
        self._leave()
        self._handler_class.load_middleware = self._load_middleware
        for handler, own, ours in self._chains:
            if handler._middleware_chain is ours:  # noqa: SLF001  # as above
                handler._middleware_chain = own  # noqa: SLF001  # as above
        self._chains.clear()

    def _sync_chain(self, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def recorded(request: Any) -> Any:
            number = self._number_of(request)
            if number is None:
                self._remove_if_over()
                return own(request)
            recording = self._prepare(recorded.__code__)
            # Django makes responses of exceptions. What comes nevertheless ends it for good.
            try:
                recording.begin()
                response = own(request)
            except BaseException:
                self._leave()
                raise
            return self._handing_over(response, recording, number)

        return recorded

    def _async_chain(self, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
        async def recorded(request: Any) -> Any:
            number = self._number_of(request)
            if number is None:
                self._remove_if_over()
                return await own(request)
            recording = self._prepare(recorded.__code__)
            try:
                recording.begin()
                response = await own(request)
            except BaseException:
                self._leave()
                raise
            return self._handing_over(response, recording, number)

        return recorded

    def _number_of(self, request: Any) -> int | None:
        """Return the number of a marked request, whose header is taken away; None for others."""
        number = self._sampling.number_in(request.META.get(META_KEY, ""))
        if number is None:
            return None
        del request.META[META_KEY]
        if (scope := getattr(request, "scope", None)) is not None:
            name = HEADER.lower().encode()
            scope["headers"] = [one for one in scope["headers"] if one[0].lower() != name]
        return number

    def _prepare(self, end: CodeType) -> Recording:
        self._leave()
        self._recording = recording = self._new_recording(end)
        return recording

    def _leave(self) -> None:
        """Stop recording, if a request is recorded."""
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.leave()

    def _handing_over(self, response: Any, recording: Recording, number: int) -> Any:
        """Return a response that hands over what was recorded when all of it has been made."""

        def end() -> None:
            if self._recording is recording:
                self._leave()
                # Without the file, the pytest process says that nothing is known.
                with suppress(OSError):
                    self._sampling.write(number, recording.finish())

        # A file is sent by the server, which asks Django for nothing more.
        if not response.streaming or getattr(response, "file_to_stream", None) is not None:
            end()
        elif response.is_async:
            response.streaming_content = _then_async(response.streaming_content, end)
        else:
            response.streaming_content = _then(response.streaming_content, end)
        return response


def _then(pieces: Iterator[bytes], end: Callable[[], None]) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        end()


async def _then_async(
    pieces: AsyncIterator[bytes], end: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        async for piece in pieces:
            yield piece
    finally:
        end()
