"""The number of CPUs that this process may use, in a container too.

It is the least of three: the CPUs of the machine, those that the process may run on (its affinity,
sched_setaffinity(2)), and the quota of CPU time of its control groups (cgroups(7)).
"""

# A quota holds for a group and all groups below it, so the least one on the way up to the root is
# what binds: ``cpu.cfs_quota_us`` in version 1 of control groups, ``cpu.max`` in version 2.

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_MOUNT = re.compile(
    r"^\S+ \S+ \S+ (?P<root>\S+) (?P<point>\S+) .*? - (?P<kind>cgroup2?) \S+ (?P<options>\S+)$",
    re.MULTILINE,
)
"""A line of ``/proc/self/mountinfo`` for control groups (proc_pid_mountinfo(5))."""
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Cpus:
    """The CPUs that a process may use."""

    logical: int
    """The number of CPUs of the machine."""
    allowed: int
    """The number of those that the process may run on."""
    quota: float | None
    """The seconds of CPU time that it may use in a second; None for no quota."""

    @property
    def usable(self) -> float:
        """The number of CPUs that it can keep busy, which may be a fraction."""
        return self.allowed if self.quota is None else min(self.allowed, self.quota)

    @property
    def of_one_process(self) -> float:
        """The part of a CPU that a process with one thread can keep busy, at most 1."""
        return min(1.0, self.usable)

    @property
    def processes(self) -> int:
        """The number of processes that it takes to use all of that, at least 1."""
        return max(1, math.ceil(self.usable))


def available_cpus() -> Cpus:
    """Return the CPUs that this process may use now."""
    logical = os.cpu_count() or 1
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:
        allowed = logical  # macOS has no affinity
    return Cpus(logical, allowed, cpu_quota())


def cpu_quota(root: Path = Path("/")) -> float | None:
    """Return the least quota that holds for this process, in CPUs; None if there is none.

    ``root`` is the folder that /proc and /sys are in. A container may hide the groups above its
    own, and with them their quotas.
    """
    return min(_quotas(root), default=None)


@dataclass(frozen=True, slots=True)
class _Mount:
    """A mounted hierarchy of control groups, or a part of one."""

    root: PurePosixPath
    """The group that is seen at the mount point."""
    point: PurePosixPath
    version: int

    def folder(self, group: PurePosixPath) -> PurePosixPath | None:
        """Return the folder of a group; None if it is not below this mount point."""
        if ".." in group.parts or not group.is_relative_to(self.root):
            return None
        return self.point / group.relative_to(self.root)


def _quotas(root: Path) -> Iterator[float]:
    try:
        groups = _groups((root / "proc/self/cgroup").read_text())
        mounts = _mounts((root / "proc/self/mountinfo").read_text())
    except (OSError, UnicodeDecodeError):
        return
    for version, group in groups.items():
        those = [mount for mount in mounts if mount.version == version]
        found = [(mount, folder) for mount in those if (folder := mount.folder(group))]
        # In a namespace of control groups the own group may have a path that can't be seen from
        # here. The mount point then is the own group, or one above it.
        for mount, folder in found or [(mount, mount.point) for mount in those[:1]]:
            for one in (folder, *folder.parents):
                if one.is_relative_to(mount.point):
                    yield from _quota(root / one.relative_to("/"), version)


def _groups(text: str) -> dict[int, PurePosixPath]:
    """Return this process's group by version of control groups, from ``/proc/self/cgroup``.

    Its lines are ``number:controllers:path``; version 2 has number 0 and names no controllers.
    """
    groups = {}
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "cpu" in controllers.split(","):
            groups[1] = PurePosixPath(path)
        elif number == "0" and not controllers:
            groups[2] = PurePosixPath(path)
    return groups


def _mounts(text: str) -> list[_Mount]:
    """Return the mounted hierarchies that may have a CPU quota, from ``/proc/self/mountinfo``."""
    return [
        _Mount(_path(match["root"]), _path(match["point"]), 2 if match["kind"] == "cgroup2" else 1)
        for match in _MOUNT.finditer(text)
        if match["kind"] == "cgroup2" or "cpu" in match["options"].split(",")
    ]


def _path(text: str) -> PurePosixPath:
    """Return a path of ``/proc/self/mountinfo``, which has blanks and the like as octal numbers."""
    return PurePosixPath(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), text))


def _quota(group: Path, version: int) -> Iterator[float]:
    """Yield the quota of a group in CPUs, if it has one."""
    try:
        if version == 2:
            limit, period = (group / "cpu.max").read_text().split()
        else:
            limit, period = (
                (group / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period")
            )
        if limit != "max" and int(limit) > 0 and int(period) > 0:
            yield round(int(limit) / int(period), 3)
    except (OSError, ValueError):
        return
