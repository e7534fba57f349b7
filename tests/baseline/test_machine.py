"""The machine's key: what tells two machines apart, and what must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.baseline.machine import (
    Machine,
    _cpu_model,
    _cpu_quota,
    surroundings,
    this_machine,
)

MACHINE = Machine("AMD EPYC 7763 64-Core Processor", 8, None)


def test_the_key_is_a_readable_file_name() -> None:
    assert MACHINE.key.startswith("amd-epyc-7763-64-core-processor-8x-")
    assert Path(MACHINE.key).name == MACHINE.key


@pytest.mark.parametrize(
    "other",
    [
        replace(MACHINE, cpu="AMD EPYC 7763 64-Core  Processor"),
        replace(MACHINE, logical_cpus=16),
        replace(MACHINE, cpu_quota=2.0),
    ],
)
def test_other_machines_have_other_keys(other: Machine) -> None:
    assert other.key != MACHINE.key


@pytest.mark.parametrize("cpu", ["", "///", "龍芯", "x" * 500, "../../etc/passwd"])
def test_any_model_makes_a_harmless_file_name(cpu: str) -> None:
    key = replace(MACHINE, cpu=cpu).key
    assert key.isascii()
    assert not {"/", ".", " "} & set(key)
    assert 0 < len(key) < 80


def test_this_machine_is_the_same_twice() -> None:
    assert this_machine() == this_machine()
    assert this_machine().cpu


def test_the_surroundings_are_simple_values() -> None:
    assert all(isinstance(value, str | int) for value in surroundings().values())
    assert surroundings()["kernel"]


@pytest.mark.parametrize(
    ("cpuinfo", "model"),
    [
        (
            "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) @ 2.00GHz\n"
            "cpu MHz\t\t: 1999.998\n\nprocessor\t: 1\nmodel name\t: another\n",
            "Intel(R) Xeon(R) @ 2.00GHz",
        ),
        ("processor : 0\nBogoMIPS : 108\n\nModel\t: Raspberry Pi 4\n", "Raspberry Pi 4"),
        ("system type : board\ncpu model : MIPS 24Kc V5.0\n", "MIPS 24Kc V5.0"),
    ],
)
def test_the_cpu_model_is_read(tmp_path: Path, cpuinfo: str, model: str) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text(cpuinfo)
    assert _cpu_model(file) == model


@pytest.mark.parametrize("cpuinfo", [None, "", "processor : 0\nCPU part : 0xd0c\n"])
def test_without_a_model_there_is_still_a_name(tmp_path: Path, cpuinfo: str | None) -> None:
    file = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        file.write_text(cpuinfo)
    assert _cpu_model(file)


@pytest.mark.parametrize(
    ("own", "limits", "quota"),
    [
        ("0::/a/b\n", {"a/b": "150000 100000"}, 1.5),
        ("0::/a/b\n", {"a/b": "max 100000", "a": "50000 100000"}, 0.5),
        ("0::/a/b\n", {"a/b": "400000 100000", "a": "200000 100000", ".": "800000 100000"}, 2.0),
        ("0::/a/b\n", {"a/b": "max 100000"}, None),
        ("0::/\n", {".": "100000 100000"}, 1.0),
        ("0::/\n", {}, None),
        ("12:cpu:/docker/x\n0::/a\n", {"a": "300000 100000"}, 3.0),
        ("12:cpu:/docker/x\n", {".": "300000 100000"}, 3.0),
        ("0::/a\n", {"a": "nonsense"}, None),
        ("0::/a\n", {"a": "100000 0"}, None),
        ("0::/../outside\n", {".": "100000 100000"}, 1.0),
        (None, {}, None),
    ],
)
def test_the_cpu_quota_is_the_smallest_up_to_the_root(
    tmp_path: Path, own: str | None, limits: dict[str, str], quota: float | None
) -> None:
    root, file = tmp_path / "cgroup", tmp_path / "own"
    if own is not None:
        file.write_text(own)
    for group, limit in limits.items():
        (root / group).mkdir(parents=True, exist_ok=True)
        (root / group / "cpu.max").write_text(f"{limit}\n")
    assert _cpu_quota(root, file) == quota
