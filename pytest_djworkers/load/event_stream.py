"""Reads responses that are read for a time only, and counts the events of server-sent events."""

from __future__ import annotations

from pytest_djworkers.load.client import ResponseReader

_CR = b"\r"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_EVENT_STREAM = b"text/event-stream"


class EventCounter:
    """Counts the events of an event stream, in whatever pieces it comes.

    An event ends at a blank line and has data, as in the format of the HTML standard: comments,
    which often keep a connection open, and ``retry`` alone are none. Lines end in LF, CRLF or CR.
    """

    __slots__ = ("_after_cr", "_has_data", "_is_first", "_line")

    def __init__(self) -> None:
        self._line = b""
        """The beginning of a line that has not ended."""
        self._after_cr = False
        """True if the last line ended in CR, so that an LF now is a part of that end."""
        self._has_data = False
        self._is_first = True

    def feed(self, data: bytes) -> int:
        """Return the number of events that end within these bytes."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
        self._after_cr = data.endswith(_CR)
        # splitlines() of bytes knows these three ends of lines, and no others.
        lines = (self._line + data).splitlines(keepends=True)
        ended = bool(lines) and lines[-1].endswith((b"\n", _CR))
        self._line = b"" if ended or not lines else lines.pop()
        return sum(self._end_line(line.rstrip(b"\r\n")) for line in lines)

    def _end_line(self, line: bytes) -> bool:
        """Note a line without its end, and return True if it ends an event."""
        if self._is_first:
            line = line.removeprefix(_BYTE_ORDER_MARK)
            self._is_first = False
        if line:
            self._has_data |= line == b"data" or line.startswith(b"data:")
            return False
        is_event, self._has_data = self._has_data, False
        return is_event


class StreamReader(ResponseReader):
    """Reads responses that may never end.

    ``status`` is that of the response as soon as its head has ended. ``events`` are those that have
    ended since they were last taken; only ``text/event-stream`` has some.
    """

    __slots__ = ("_counter", "_has_body", "_has_event", "events")

    def __init__(self) -> None:
        super().__init__()
        self.events = 0
        self._begin()

    def _begin(self) -> None:
        self._counter: EventCounter | None = None
        self._has_body = self._has_event = False

    @property
    def is_answered(self) -> bool:
        """True at the first event, or at the first byte of another body than an event stream."""
        if self._counter is not None:
            return self._has_event
        return self._has_body or self.complete > 0

    @property
    def fits(self) -> bool:
        """True if it has an event, or is no event stream."""
        return self.is_answered

    def take_events(self) -> int:
        """Return the number of new events, and forget them."""
        events, self.events = self.events, 0
        return events

    def on_message_begin(self) -> None:
        """Called by httptools at a response's first byte."""
        super().on_message_begin()
        self._begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by httptools for each header."""
        if name.lower() == b"content-type" and value.strip().lower().startswith(_EVENT_STREAM):
            self._counter = EventCounter()

    def on_headers_complete(self) -> None:
        """Called by httptools at the end of each head."""
        self.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        """Called by httptools for each piece of the body."""
        super().on_body(data)
        self._has_body = True
        if self._counter is not None:
            self.events += self._counter.feed(data)
            self._has_event |= self.events > 0
