"""The number of CPUs that a process may use, from containers' files and on this system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_djworkers.system.cpu_count import Cpus, available_cpus, cpu_quota

V1 = "/sys/fs/cgroup/cpu,cpuacct"
V2 = "/sys/fs/cgroup"
POD = "/kubepods/burstable/pod11d2/8d9c"


@dataclass(frozen=True)
class Container:
    """The control groups that a process sees, and their quotas."""

    cgroup: str
    mountinfo: str
    quotas: Mapping[str, str]
    """The text of cpu.max, or of the two files of version 1 with a blank between, by folder."""
    quota: float | None


def v1_mount(root: str, point: str = V1, options: str = "cpu,cpuacct") -> str:
    """A line as the kernel writes it."""
    flags = "ro,nosuid,nodev,noexec,relatime master:16"
    return f"685 676 0:31 {root} {point} {flags} - cgroup cgroup rw,{options}"


def v2_mount(root: str = "/", point: str = V2) -> str:
    """The same of version 2, where it has no optional fields."""
    return (
        f"31 23 0:26 {root} {point} rw,nosuid,nodev,noexec,relatime - cgroup2 cgroup2 rw,nsdelegate"
    )


V1_GROUPS = "12:pids:{0}\n11:cpuset:{0}\n4:cpu,cpuacct:{0}\n1:name=systemd:{0}\n0::/system.slice\n"

CONTAINERS = {
    "docker v1": Container(
        V1_GROUPS.format("/docker/3b1f"),
        v1_mount("/docker/3b1f", "/sys/fs/cgroup/cpuset", "cpuset")
        + "\n"
        + v1_mount("/docker/3b1f"),
        {V1: "50000 100000"},
        0.5,
    ),
    "docker v1 without a quota": Container(
        V1_GROUPS.format("/docker/3b1f"), v1_mount("/docker/3b1f"), {V1: "-1 100000"}, None
    ),
    "docker v1 in a namespace": Container(
        V1_GROUPS.format("/"), v1_mount("/"), {V1: "150000 100000"}, 1.5
    ),
    "docker v1 with the host's hierarchy": Container(
        V1_GROUPS.format("/docker/3b1f"),
        v1_mount("/"),
        {V1: "-1 100000", f"{V1}/docker": "300000 100000", f"{V1}/docker/3b1f": "-1 100000"},
        3.0,
    ),
    "docker v2": Container("0::/\n", v2_mount(), {V2: "150000 100000"}, 1.5),
    "docker v2 without a quota": Container("0::/\n", v2_mount(), {V2: "max 100000"}, None),
    "docker v2 with the host's namespace": Container(
        "0::/system.slice/docker-3b1f.scope\n",
        v2_mount("/system.slice/docker-3b1f.scope"),
        {V2: "20000 10000"},
        2.0,
    ),
    "kubernetes v1": Container(V1_GROUPS.format(POD), v1_mount(POD), {V1: "25000 100000"}, 0.25),
    "kubernetes v2, the pod's is smaller": Container(
        f"0::{POD}\n",
        v2_mount("/kubepods"),
        {
            V2: "max 100000",
            f"{V2}/burstable/pod11d2": "100000 100000",
            f"{V2}/burstable/pod11d2/8d9c": "200000 100000",
        },
        1.0,
    ),
    "a slice of systemd": Container(
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-u1.scope\n",
        v2_mount(),
        {f"{V2}/user.slice/user-1000.slice": "400000 100000", f"{V2}/user.slice": "max 100000"},
        4.0,
    ),
    "the smallest is a middle one": Container(
        "0::/a/b\n",
        v2_mount(),
        {f"{V2}/a/b": "400000 100000", f"{V2}/a": "200000 100000", V2: "800000 100000"},
        2.0,
    ),
    "nested lxc v1": Container(
        V1_GROUPS.format("/lxc/web/lxc.payload/inner"),
        v1_mount("/lxc/web"),
        {f"{V1}/lxc.payload/inner": "-1 100000", f"{V1}/lxc.payload": "75000 50000"},
        1.5,
    ),
    "both versions, the cpu controller in the first": Container(
        "1:cpu:/a\n0::/b\n",
        f"{v1_mount('/', '/sys/fs/cgroup/cpu', 'cpu')}\n{v2_mount('/', '/sys/fs/cgroup/unified')}",
        {"/sys/fs/cgroup/cpu/a": "120000 100000"},
        1.2,
    ),
    "moved out of its namespace": Container(
        "0::/../outside\n", v2_mount(), {V2: "100000 100000"}, 1.0
    ),
    "a group that is not mounted here": Container(
        V1_GROUPS.format("/docker/3b1f"), v1_mount("/docker/other"), {V1: "100000 100000"}, 1.0
    ),
    "a group whose folder is not there": Container(
        "0::/gone/child\n", v2_mount(), {V2: "300000 100000"}, 3.0
    ),
    "mounted at another place": Container(
        "0::/a\n", v2_mount(point="/mnt/c\\040g"), {"/mnt/c g/a": "100000 100000"}, 1.0
    ),
    "mounted twice, once only a part": Container(
        "0::/a\n",
        f"{v2_mount('/other', '/mnt/part')}\n{v2_mount()}",
        {"/mnt/part": "10000 100000", f"{V2}/a": "100000 100000"},
        1.0,
    ),
    "not mounted": Container("0::/a\n", "22 1 8:1 / / rw - ext4 /dev/sda1 rw", {}, None),
    "files that say something else": Container(
        "0::/a\n", v2_mount(), {f"{V2}/a": "nonsense", V2: "100000 0"}, None
    ),
    "lines that say something else": Container("\nnonsense\n", "nonsense\n", {}, None),
}


def write(root: Path, container: Container) -> None:
    """Lay the files out below a folder."""
    own = root / "proc/self"
    own.mkdir(parents=True)
    (own / "cgroup").write_text(container.cgroup)
    (own / "mountinfo").write_text(container.mountinfo)
    for name, text in container.quotas.items():
        folder = root / name.lstrip("/")
        folder.mkdir(parents=True, exist_ok=True)
        if container.cgroup.startswith("0::"):
            (folder / "cpu.max").write_text(f"{text}\n")
        else:
            quota, period = text.split()
            (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
            (folder / "cpu.cfs_period_us").write_text(f"{period}\n")


@pytest.mark.parametrize("container", CONTAINERS.values(), ids=list(CONTAINERS))
def test_a_quota_is_read_where_it_holds(container: Container, tmp_path: Path) -> None:
    write(tmp_path, container)
    assert cpu_quota(tmp_path) == container.quota


def test_a_system_without_these_files_has_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None


@pytest.mark.parametrize(
    ("cpus", "usable", "processes"),
    [
        (Cpus(8, 8, None), 8, 8),
        (Cpus(8, 2, None), 2, 2),
        (Cpus(8, 8, 0.5), 0.5, 1),
        (Cpus(8, 8, 1.5), 1.5, 2),
        (Cpus(8, 2, 3.0), 2, 2),
        (Cpus(8, 2, 0.001), 0.001, 1),
    ],
)
def test_the_smallest_bound_counts(cpus: Cpus, usable: float, processes: int) -> None:
    assert (cpus.usable, cpus.processes) == (usable, processes)
    assert cpus.of_one_process == min(1, usable)


# This system's own.

LOOK = (
    "from pytest_djworkers.system.cpu_count import available_cpus as c;"
    " print(c().allowed, c().quota)"
)


def looked(*before: str) -> str:
    """Return what a process finds after a shell has run these commands."""
    script = "; ".join(("set -e", *before, f'exec "{sys.executable}" -c "{LOOK}"'))
    return subprocess.run(
        ["sh", "-c", script], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


@pytest.fixture
def group(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A control group of our own under a hierarchy."""
    folder = Path(request.param) / f"djworkers-test-{os.getpid()}"
    if not (folder.parent / "cgroup.procs").exists():
        pytest.skip(f"{folder.parent} is no hierarchy of groups here")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no group can be made: {error}")
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()


@pytest.mark.parametrize("group", ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"], indirect=True)
def test_a_real_quota_is_found(group: Path) -> None:
    try:
        if (group / "cpu.max").exists():
            (group / "cpu.max").write_text("50000 100000")
        else:
            (group / "cpu.cfs_quota_us").write_text("50000")
    except OSError as error:
        pytest.skip(f"no quota can be set: {error}")
    allowed = available_cpus().allowed
    assert looked(f"echo $$ > {group}/cgroup.procs") == f"{allowed} 0.5"


@pytest.mark.parametrize("group", ["/sys/fs/cgroup/cpuset"], indirect=True)
def test_a_real_cpuset_is_a_bound(group: Path) -> None:
    (group / "cpuset.mems").write_text("0")
    (group / "cpuset.cpus").write_text(str(min(os.sched_getaffinity(0))))
    assert looked(f"echo $$ > {group}/cgroup.procs").split()[0] == "1"


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="Linux has affinities")
def test_an_affinity_is_a_bound() -> None:
    first = min(os.sched_getaffinity(0))
    assert looked(f"taskset -cp {first} $$ > /dev/null").split()[0] == "1"
