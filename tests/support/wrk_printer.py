"""wrk's own printing, from ``units.c`` and ``wrk.c`` of wrk 4.2.0, for what reads it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal


@dataclass(frozen=True)
class Units:
    """A ``struct units``."""

    scale: int
    base: str
    units: tuple[str, ...]


TIME_US = Units(1000, "us", ("ms", "s"))
TIME_S = Units(60, "s", ("m", "h"))
BINARY = Units(1024, "", ("K", "M", "G", "T", "P"))
METRIC = Units(1000, "", ("k", "M", "G", "T", "P"))


def format_units(amount: Decimal, units: Units, digits: int) -> str:
    """``format_units``; it never gets to the last of the units."""
    unit = units.base
    for larger in units.units[:-1]:
        if amount < Decimal("0.85") * units.scale:
            break
        amount, unit = amount / units.scale, larger
    return f"{rounded(amount, digits)}{unit}"


def format_binary(amount: Decimal) -> str:
    """``format_binary``."""
    return format_units(amount, BINARY, 2)


def format_metric(amount: Decimal) -> str:
    """``format_metric``."""
    return format_units(amount, METRIC, 2)


def format_time_us(amount: Decimal) -> str:
    """``format_time_us``."""
    if amount >= 1_000_000:
        return format_units(amount / 1_000_000, TIME_S, 2)
    return format_units(amount, TIME_US, 2)


def format_time_s(amount: Decimal) -> str:
    """``format_time_s``."""
    return format_units(amount, TIME_S, 0)


def rounded(amount: Decimal, digits: int) -> Decimal:
    """As ``%.*Lf`` rounds."""
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Stats:
    """The figures of a row; ``within`` is None where wrk divides nothing by nothing."""

    mean: Decimal
    deviation: Decimal
    max: Decimal
    within: Decimal | None


@dataclass(frozen=True)
class Run:
    """The figures that wrk has when it prints."""

    url: str
    duration_s: int
    threads: int
    connections: int
    latency: Stats
    per_thread: Stats
    percentiles: Mapping[int, Decimal] | None
    requests: int
    elapsed_us: Decimal
    bytes: int
    errors: tuple[int, int, int, int]
    statuses: int

    @property
    def per_s(self) -> tuple[Decimal, Decimal]:
        """Requests and bytes a second."""
        elapsed_s = self.elapsed_us / 1_000_000
        return self.requests / elapsed_s, self.bytes / elapsed_s


def printed(run: Run, *, nan: str = "-nan") -> str:
    """All of wrk's output; ``nan`` as the C library writes it."""
    lines = [
        f"Running {format_time_s(Decimal(run.duration_s))} test @ {run.url}",
        f"  {run.threads} threads and {run.connections} connections",
        f"  Thread Stats{'Avg':>6}{'Stdev':>11}{'Max':>8}{'+/- Stdev':>12}",
        _row("Latency", run.latency, format_time_us, nan),
        _row("Req/Sec", run.per_thread, format_metric, nan),
    ]
    if run.percentiles is not None:
        lines.append("  Latency Distribution")
        lines.extend(
            f"{percent:7d}%{padded(format_time_us(value), 10)}"
            for percent, value in run.percentiles.items()
        )
    lines.append(
        f"  {run.requests} requests in {format_time_us(run.elapsed_us)},"
        f" {format_binary(Decimal(run.bytes))}B read"
    )
    if any(run.errors):
        connect, read, write, timeout = run.errors
        lines.append(
            f"  Socket errors: connect {connect}, read {read}, write {write}, timeout {timeout}"
        )
    if run.statuses:
        lines.append(f"  Non-2xx or 3xx responses: {run.statuses}")
    requests_per_s, bytes_per_s = run.per_s
    lines.append(f"Requests/sec: {rounded(requests_per_s, 2):>9}")
    lines.append(f"Transfer/sec: {format_binary(bytes_per_s):>10}B")
    return "\n".join(lines) + "\n"


def padded(text: str, width: int) -> str:
    """``print_units``: right-aligned in its width and cut to it, then padded as wrk pads."""
    pad = 2 - text[-1].isalpha() - text[-2].isalpha()
    width -= pad
    return f"{text[:width]:>{width}}{' ' * pad}"


def _row(name: str, stats: Stats, form: Callable[[Decimal], str], nan: str) -> str:
    columns = zip((stats.mean, stats.deviation, stats.max), (8, 10, 9), strict=True)
    within = nan if stats.within is None else str(rounded(stats.within, 2))
    return f"    {name:<10}{''.join(padded(form(v), w) for v, w in columns)}{within:>8}%"
