"""What a benchmark has measured, kept in a file with one line of JSON each."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from pytest_djworkers.serialization import from_simple, to_simple

_Line = TypeVar("_Line")


class KeptLines(Generic[_Line]):
    """The file, whose lines are of one type; a benchmark that was stopped goes on from there."""

    def __init__(self, file: Path, type_: type[_Line]) -> None:
        self._file = file
        self._type = type_
        self.lines: list[_Line] = []
        """The lines, in the order in which they were added."""
        self._read()

    def add(self, line: _Line) -> None:
        """Keep a line."""
        # One write for each line, and on the disk at once: each takes minutes to measure.
        with self._file.open("ab", buffering=0) as file:
            text = json.dumps(to_simple(line), separators=(",", ":"))
            file.write(text.encode() + b"\n")
            os.fsync(file.fileno())
        self.lines.append(line)

    def _read(self) -> None:
        with suppress(FileNotFoundError):
            text = self._file.read_bytes()
            # A killed run may have left half a line at the end.
            whole = text[: text.rfind(b"\n") + 1]
            # Without it the next line would continue the broken one.
            if whole != text:
                os.truncate(self._file, len(whole))
            for number, line in enumerate(whole.splitlines(), start=1):
                try:
                    self.lines.append(from_simple(json.loads(line), self._type))
                except (ValueError, KeyError, TypeError) as error:
                    raise SystemExit(
                        f"{self._file}:{number} is of another version ({error!r}): remove the"
                        " file, or name another with --results"
                    ) from None
