"""A team's notes of wrk: two servers, nine endpoints each, the figures of the published table."""

from __future__ import annotations

from decimal import Decimal

from tests.support.wrk_printer import Run, Stats, printed

SERVERS = {
    "Gunicorn with gevent": (
        ("sync/json", "31896.61", 2301, 300),
        ("sync/json_query", "11958.97", 241, 1240),
        ("sync/template_query", "7646.02", 213, 3090),
        ("sync/gateway_1s", "1679.09", 0, 290),
        ("sync/gateway_3s", "595.01", 6000, 290),
        ("sync/gateway_10s", "121.23", 1224, 290),
        ("sync/brotli", "430.81", 68, 6700),
        ("sync/requests", "34.96", 319, 25600),
        ("sync/httpx", "10.20", 102, 25600),
    ),
    "Granian, WSGI": (
        ("sync/json", "47134.70", 0, 300),
        ("sync/json_query", "9882.84", 0, 1240),
        ("sync/template_query", "6206.26", 0, 3090),
        ("sync/gateway_1s", "18.92", 170, 290),
        ("sync/gateway_3s", "0.00", 0, 290),
        ("sync/gateway_10s", "0.00", 0, 290),
        ("sync/brotli", "0.00", 0, 6700),
        ("sync/requests", "0.00", 0, 25600),
        ("sync/httpx", "0.00", 0, 25600),
    ),
}
"""By server: the endpoint, requests/s as printed, timeouts, and the bytes of a response."""

NOTHING = Stats(Decimal(0), Decimal(0), Decimal(0), None)


def runs() -> dict[tuple[str, str], Run]:
    """The runs by server and endpoint, in the order of the document."""
    return {
        (server, row[0]): _run(number, *row)
        for server, rows in SERVERS.items()
        for number, row in enumerate(rows)
    }


def document() -> str:
    """The notes: prose and commands between the runs, and a heading above each."""
    lines = ["# How fast is the site?", "", "Ten seconds each, on the big machine.", ""]
    above = ""
    for (server, endpoint), run in runs().items():
        if server != above:
            lines += [f"## {server}", "", "```sh", "# 20 workers", "serve --workers 20", "```", ""]
        above = server
        lines += [f"### `{endpoint}`", "", "```", f"$ wrk -t20 -c2000 -d10s {run.url}"]
        lines += [*printed(run).splitlines(), "```", ""]
    return "\n".join(lines)


def _run(number: int, endpoint: str, rps: str, timeouts: int, size: int) -> Run:
    requests = round(Decimal(rps) * 10)
    elapsed_us = requests / Decimal(rps) * 1_000_000 if requests else Decimal(10_104_000)
    # Where every answer was late, wrk has requests and no latency.
    measured = max(0, requests - timeouts)
    mean, spread = Decimal("57.1349") * 1000 * (number + 1), Decimal("1.61004") * 1000
    return Run(
        url=f"http://127.0.0.1:8000/myapp/{endpoint}",
        duration_s=10,
        threads=20,
        connections=2000,
        latency=Stats(mean, mean * 2, Decimal(1_999_999 - number), Decimal("92.84"))
        if measured
        else NOTHING,
        per_thread=Stats(spread / (number + 1), spread / 3, spread * 2, Decimal("66.15"))
        if requests
        else NOTHING,
        percentiles=None,
        requests=requests,
        elapsed_us=elapsed_us,
        bytes=requests * size,
        errors=(0, 0, 0, timeouts),
        statuses=requests // 1000 if endpoint == "sync/brotli" else 0,
    )
