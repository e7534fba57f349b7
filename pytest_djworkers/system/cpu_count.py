"""How many CPUs this process may use, in a container too.

Three things bound it, and the least of them counts: the CPUs that are there, those that it may run
on (its affinity, which lies in its cpuset: sched_setaffinity(2)), and the quota of time of its
control groups. A quota holds for a whole subtree, so the least one on the way up to the root is
what binds, in version 1 (``cpu.cfs_quota_us``) as in version 2 (``cpu.max``) of cgroups(7).
"""

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
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Cpus:
    """What a process may use."""

    logical: int
    """The CPUs that are there."""
    allowed: int
    """Those of them that it may run on."""
    quota: float | None
    """The seconds of CPU time that it may have in a second; None where nothing says so."""

    @property
    def usable(self) -> float:
        """How many CPUs it can keep busy."""
        return self.allowed if self.quota is None else min(self.allowed, self.quota)

    @property
    def of_one_process(self) -> float:
        """How much of a CPU a process with one thread can keep busy."""
        return min(1.0, self.usable)

    @property
    def processes(self) -> int:
        """How many processes it takes to use all of that: a part of a CPU takes one as well."""
        return max(1, math.ceil(self.usable))


def available_cpus() -> Cpus:
    """What this process may use now."""
    logical = os.cpu_count() or 1
    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:
        allowed = logical
    return Cpus(logical, allowed, cpu_quota())


def cpu_quota(root: Path = Path("/")) -> float | None:
    """The least quota that holds for this process, in CPUs; ``root`` is where /proc and /sys are.

    None where there is none, or none that can be seen from in here: a container may hide the groups
    above its own.
    """
    return min(_quotas(root), default=None)


@dataclass(frozen=True, slots=True)
class _Mount:
    """A hierarchy of control groups, or a part of it, in the file system."""

    root: PurePosixPath
    """The group that the mount point is."""
    point: PurePosixPath
    version: int

    def folder(self, group: PurePosixPath) -> PurePosixPath | None:
        """Where a group is; None for one that is not below this mount point."""
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
        # A group that can't be seen from here, as from within a namespace of another one: then
        # the highest that can be seen is above it, or is it.
        for mount, folder in found or [(mount, mount.point) for mount in those[:1]]:
            for one in (folder, *folder.parents):
                if one.is_relative_to(mount.point):
                    yield from _quota(root / one.relative_to("/"), version)


def _groups(text: str) -> dict[int, PurePosixPath]:
    """This process's group in each version's hierarchy that may have a quota, from
    ``/proc/self/cgroup``: lines of ``number:controllers:path``."""
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
    """Where those hierarchies are, from ``/proc/self/mountinfo`` (proc_pid_mountinfo(5))."""
    return [
        _Mount(_path(match["root"]), _path(match["point"]), 2 if match["kind"] == "cgroup2" else 1)
        for match in _MOUNT.finditer(text)
        if match["kind"] == "cgroup2" or "cpu" in match["options"].split(",")
    ]


def _path(text: str) -> PurePosixPath:
    """A path as it is written there: blanks and the like as octal numbers."""
    return PurePosixPath(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), text))


def _quota(group: Path, version: int) -> Iterator[float]:
    """The quota of one group, if it has one."""
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
