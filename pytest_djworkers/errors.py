"""The exceptions that this package raises on purpose::

    DjworkersError
    ├── SettingsError          a flag or a configuration value can't be used: exit code 4
    ├── MarkerError            a marker can't be used: a collection error with file and line
    ├── BurstArgumentError     an argument of burst() can't be used: the test fails
    ├── OverrideError          what tests change for the server can't be given to it
    ├── DatabaseError          the test's database can't be shared with a server
    ├── ServerError
    │   ├── ServerStartError   the server died, never got ready, or its port is taken
    │   ├── ProbeError         the server runs, but the path gives no expected response
    │   └── ServerDiedError    the server ended in the middle of a burst
    ├── GeneratorError         the load generator failed, so there are no figures
    ├── ResourceError          the system gives no process, no file or no space
    ├── BusyMachineError       another run kept this machine busy for too long
    ├── BaselineError          a stored baseline can't be read or written
    └── ReportError            a report's file can't be read

Each message says what happened, to what, and what to do about it.
"""

from __future__ import annotations

# Wrong flags, markers and arguments are found at different moments of a run, and end it
# in different ways: so each has an exception of its own.


class DjworkersError(Exception):
    """The base class of all exceptions that this package raises on purpose."""


class SettingsError(DjworkersError):
    """A flag or a value of the configuration file can't be used."""


class MarkerError(DjworkersError):
    """An argument of a marker can't be used."""


class BurstArgumentError(DjworkersError):
    """An argument of ``burst()`` can't be used."""


class OverrideError(DjworkersError):
    """A Django setting, or a variable, that tests change can't be given to another process."""


class DatabaseError(DjworkersError):
    """The test's database can't be shared with a server in another process."""


class ServerError(DjworkersError):
    """The base class of errors of the server under test."""


class ServerStartError(ServerError):
    """The server died at start, never got ready, or another process has its port."""


class ProbeError(ServerError):
    """The server runs, but the path gives no expected response.

    ``status`` is the status of the response, or None if there is none that can be read.
    """

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message)
        self.status = status


class ServerDiedError(ServerError):
    """The server ended in the middle of a burst, so its figures mean nothing."""


class GeneratorError(DjworkersError):
    """The load generator failed, so there are no figures to judge."""


class ResourceError(DjworkersError):
    """The system starts no process, opens no file, or has no space left."""


class BusyMachineError(DjworkersError):
    """The burst of another run kept this machine busy for too long."""


class BaselineError(DjworkersError):
    """A stored baseline can't be read or written."""


class ReportError(DjworkersError):
    """The file of a report can't be read."""
