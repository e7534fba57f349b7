"""What can go wrong, as a tree of exceptions.

```
DjworkersError
├── SettingsError          a flag or an ini value; pytest ends with exit code 4
├── MarkerError            a marker; a collection error with file and line
├── BurstArgumentError     an argument of burst(); the test fails
├── OverrideError          a setting that a test changed can't be given to a server
├── DatabaseError          the test's database is one that a server can't share
├── ServerError
│   ├── ServerStartError   it died, never got ready, or somebody else has its port
│   ├── ProbeError         it runs, but the path does not give an expected answer
│   └── ServerDiedError    it ended in the middle of a burst
├── GeneratorError         what fires the burst failed, so there are no figures
├── ResourceError          the system gives no process, no file, or no space
├── BusyMachineError       another run held this machine for too long
└── BaselineError          a stored baseline can't be read or written
```

Every message says what happened, to what, and what to do about it.
"""

from __future__ import annotations


class DjworkersError(Exception):
    """The base of every exception that this package raises on purpose."""


class SettingsError(DjworkersError):
    """A flag or an ini value that can't be used."""


class MarkerError(DjworkersError):
    """A marker with an argument or a value that can't be used."""


class BurstArgumentError(DjworkersError):
    """An argument of ``burst()`` that can't be used."""


class OverrideError(DjworkersError):
    """A Django setting that a test changed can't be given to a server in another process."""


class DatabaseError(DjworkersError):
    """The test's database is one that a server in another process can't share."""


class ServerError(DjworkersError):
    """Something about the server under test."""


class ServerStartError(ServerError):
    """The server died at start, never got ready, or its port is somebody else's."""


class ProbeError(ServerError):
    """The server runs, but the path does not give an expected answer; its ``status`` instead,
    None where what came can't be read."""

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class ServerDiedError(ServerError):
    """The server ended in the middle of a burst, whose figures then say nothing."""


class GeneratorError(DjworkersError):
    """The generator failed, so there are no figures to judge."""


class ResourceError(DjworkersError):
    """The system gives no process, opens no file, or has no space left."""


class BusyMachineError(DjworkersError):
    """Another run's burst held this machine for too long."""


class BaselineError(DjworkersError):
    """A stored baseline can't be read or written."""
