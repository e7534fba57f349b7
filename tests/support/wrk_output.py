"""wrk's printed output, as examples."""

from __future__ import annotations

from pytest_djworkers.load.wrk_output import WrkRun

PRINTED = """\
Running 10s test @ http://127.0.0.1:8000/json?page=2
  20 threads and 2000 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    57.13ms  113.12ms   2.00s    92.84%
    Req/Sec     1.61k     1.05k    9.98k    66.15%
  Latency Distribution
     50%   30.12ms
     75%   61.05ms
     90%  101.92ms
     99%  901.40ms
  320012 requests in 10.03s, 94.00MB read
  Socket errors: connect 1, read 2, write 3, timeout 2301
  Non-2xx or 3xx responses: 7
Requests/sec:  31896.61
Transfer/sec:      9.37MB
"""


NOTHING_ANSWERED = """\
Running 1s test @ http://127.0.0.1:46717/x
  1 threads and 2 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     0.00us    0.00us   0.00us    -nan%
    Req/Sec     0.00      0.00     0.00      -nan%
  Latency Distribution
     50%    0.00us
     75%    0.00us
     90%    0.00us
     99%    0.00us
  0 requests in 1.01s, 0.00B read
Requests/sec:      0.00
Transfer/sec:       0.00B
"""


def read(text: str) -> WrkRun:
    return WrkRun.from_lines(text.splitlines())
