"""The documentation's table of a million follows from the measured tables beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import million
from million import APPENDIX, LOADS, Agents, Costs, computed_rows, computed_table, read_costs
from pytest_djworkers.load import agent_group, generator

COSTS = Costs(
    cpu_us=10.0,
    rate_cpu_us=100.0,
    process_mib=25.0,
    memory_kib=2.0,
    kernel_kib=4.0,
    opened_per_s=20_000.0,
    opening_cpu_us=50.0,
    request_bytes=110,
    head_bytes=200,
    report_mb=0.1,
    merge_ms=5.0,
    merge_mib=0.5,
)
CONNECTIONS, REQUESTS = LOADS
PAGE = (APPENDIX.parent / "explanation" / "many-machines.rst").read_text()


def test_the_documented_table_is_computed_from_the_measured_ones() -> None:
    documented = (APPENDIX / "million-table.rst").read_text()
    assert documented.endswith(computed_table(read_costs()).rst())


def test_the_page_shows_every_table() -> None:
    included = set(re.findall(r"^\.\. include:: \.\./appendix/(.*)$", PAGE, re.MULTILINE))
    assert included == {"agent-costs-table.rst", "many-agents-table.rst", "million-table.rst"}


@pytest.mark.parametrize(
    ("name", "of_connections", "of_requests"),
    [
        # 100,000 requests/s of 100 µs, and 1,000,000 of 10 µs, are 10 cores; 0.8 of 13 are more.
        ("busy cores", "10.0", "10.0"),
        ("cores, each up to 80 % busy", "13", "13"),
        ("agents", "200", "13"),
        # 200 * 25 MiB and a million times 2 KiB; 13 * 25 MiB and 50,000 times 2 KiB.
        ("memory of the agents", "6.8 GiB", "0.4 GiB"),
        ("memory of their kernels", "3.8 GiB", "0.2 GiB"),
        ("source addresses", "36", "2"),
        ("descriptors of an agent", "5,064", "3,911"),
        # 110 bytes and 90 around them; a body of 10,000 with its head needs 8 packets.
        ("sent", "0.16 Gbit/s", "1.60 Gbit/s"),
        ("received, bodies of 10,000 bytes", "8.74 Gbit/s", "87.36 Gbit/s"),
        ("CPU time to open them", "50.0 s", "2.5 s"),
        ("time to open them, a core each", "0.25 s", "0.19 s"),
        ("accepted by the server within 5 s", "200,000/s", "10,000/s"),
        # 200 agents open 2 at a time each, and 13 of them 39.
        ("longest round trip for that", "2.0 ms", "50.7 ms"),
        ("reports", "20.0 MB", "1.3 MB"),
        ("the controller's CPU time", "1.00 s", "0.07 s"),
        ("the controller's memory", "100 MiB", "6 MiB"),
    ],
)
def test_figures_are_those_computed_by_hand(
    name: str, of_connections: str, of_requests: str
) -> None:
    (found,) = (row for row in computed_rows(COSTS) if row[0] == name)
    assert found[2:] == (of_connections, of_requests)


def test_limits_are_those_of_the_agents() -> None:
    assert million.OPENED_AT_ONCE == agent_group._OPENED_AT_ONCE
    assert million.SPARE_DESCRIPTORS == generator._SPARE_DESCRIPTORS


def test_agents_are_as_many_as_connections_or_cores_need() -> None:
    slow = replace(COSTS, rate_cpu_us=10_000.0)
    assert Agents(COSTS, CONNECTIONS).number == 200
    assert Agents(slow, CONNECTIONS).number == Agents(slow, CONNECTIONS).cores == 1250
    assert Agents(COSTS, REQUESTS).number == 13
