"""The machine's key: what tells two machines apart, and what must not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_djworkers.baseline.machine import (
    Machine,
    _cpu_model,
    surroundings,
    this_machine,
)
from pytest_djworkers.system.cpu_count import Cpus

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
        replace(MACHINE, allowed_cpus=1),
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
    ("cpus", "machine"),
    [
        (Cpus(8, 8, None), Machine("x", 8, None)),
        (Cpus(8, 8, 0.5), Machine("x", 8, 0.5)),
        (Cpus(8, 1, None), Machine("x", 8, None, 1)),
    ],
)
def test_what_a_process_may_use_of_it_is_a_part_of_a_machine(
    cpus: Cpus, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_djworkers.baseline.machine.available_cpus", lambda: cpus)
    assert replace(this_machine(), cpu="x") == machine


def test_a_machine_that_is_not_limited_has_the_key_that_it_always_had() -> None:
    assert Machine("A CPU", 2, None).key == "a-cpu-2x-bfde2ea2"
