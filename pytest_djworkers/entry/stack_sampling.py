"""The sampling of requests in flight: what the pytest process and the server's processes agree on.

The pytest process opens a window by making a file, and closes it by removing the file. Each process
that serves samples the stacks of its requests meanwhile, and leaves a file with them afterwards.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from pytest_djworkers.system.files import read_regular, write_private

_MOST_BYTES = 64 << 20
_OPEN = "open"
SUSPENDED, READY = "suspended", "ready"
"""The states of a greenlet or a coroutine that waits, and of a coroutine that could run."""


@dataclass(frozen=True, slots=True)
class RequestStack:
    """A stack in which requests were seen."""

    state: str
    """``SUSPENDED`` or ``READY``, and for a thread the kind of system call that it is in:
    ``sleep``, ``futex``, ``network``, ``disk`` or ``process``. Empty if it runs, or if nothing is
    known."""
    call: str
    """The call that the innermost line is in, as it is written: ``time.sleep(0.1)``; or
    ``with LOCK``. Empty if it is not known."""
    count: int
    """The number of times that a request was seen in it."""
    frames: tuple[int, ...]
    """The numbers of its frames, the outermost first."""


@dataclass(frozen=True, slots=True)
class SampledRequests:
    """The samples of one process in one window."""

    ticks: int
    """The number of times that it looked at its requests."""
    frames: tuple[tuple[str, str, int], ...]
    """The frames of all stacks: the function with its class, the file and the line."""
    stacks: tuple[RequestStack, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the samples that ``asdict`` has written."""
        frames = tuple((name, file, line) for name, file, line in data["frames"])
        stacks = (
            RequestStack(one["state"], one["call"], one["count"], tuple(one["frames"]))
            for one in data["stacks"]
        )
        return cls(data["ticks"], frames, tuple(stacks))


@dataclass(frozen=True, slots=True)
class StackSampling:
    """The place where a launch's processes and the pytest process meet, and who may attach."""

    folder: str
    tracer: int
    """The process whose children may read the stacks of the server's processes."""

    @classmethod
    def begin(cls, parent: Path, tracer: int) -> Self:
        """Return the sampling of a new launch, with an empty folder."""
        folder = parent / "stacks"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        return cls(str(folder), tracer)

    def open_window(self) -> None:
        """Let the processes sample from now on, and forget what they have told before."""
        for file in self._told():
            file.unlink()
        (Path(self.folder) / _OPEN).touch(mode=0o600)

    def close_window(self) -> None:
        """Let the processes tell what they have sampled."""
        (Path(self.folder) / _OPEN).unlink(missing_ok=True)

    @property
    def is_open(self) -> bool:
        """True between ``open_window`` and ``close_window``."""
        return (Path(self.folder) / _OPEN).exists()

    def write(self, pid: int, sampled: SampledRequests) -> None:
        """Leave a process's samples for the pytest process, whole or not at all. Raises OSError."""
        file = Path(self.folder) / f"{pid}.json"
        temporary = file.with_suffix(".part")
        write_private(temporary, json.dumps(asdict(sampled)).encode())
        temporary.replace(file)

    def read(self) -> dict[int, SampledRequests]:
        """Return what the processes have told since the window was opened, by process id. Raises
        OSError."""
        return {
            int(file.stem): SampledRequests.from_json(
                json.loads(read_regular(file, most_bytes=_MOST_BYTES))
            )
            for file in self._told()
        }

    def _told(self) -> list[Path]:
        return sorted(Path(self.folder).glob("*.json"))
