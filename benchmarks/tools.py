"""The tools that are measured beside the built-in generator, each on given CPUs."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from fast_server import PATH
from speed import Start, command

CLIENTS = Path(__file__).resolve().parent / "clients"
_URL = "http://HOST:PORTPATH"
_ARGUMENTS = ("HOST", "PORT", "PATH", "CONNECTIONS", "SECONDS")


def wrk(threads: int, cpus: set[int]) -> Start:
    """Return wrk, with this many threads."""
    return command("wrk", f"-t{threads}", "-cCONNECTIONS", "-dSECONDSs", _URL, cpus=cpus)


def others(cpus: set[int]) -> dict[str, Start | None]:
    """Return the tools that people use instead, by name; None if one is not installed."""
    locust = command(
        *(sys.executable, "-m", "locust", "-f", str(CLIENTS / "locust_users.py"), "--headless"),
        *("-uCONNECTIONS", "-rCONNECTIONS", "--host=http://HOST:PORT"),
        environment={"LOCUST_PATH": PATH},
        cpus=cpus,
    )
    # ab stops after 50,000 requests, even with -t, unless -n is more. SECONDS is longer than any
    # run: the tools are killed at the end.
    programs = {
        "ab": command("ab", "-kq", "-cCONNECTIONS", "-tSECONDS", "-n9000000", _URL, cpus=cpus),
        "hey": command(
            *("hey", "-cpus", str(len(cpus)), "-c", "CONNECTIONS", "-z", "SECONDSs", _URL),
            cpus=cpus,
        ),
    }
    modules = {
        "aiohttp": _client("aiohttp_client", cpus=cpus),
        "httpx": _client("httpx_client", cpus=cpus),
        "locust": locust,
    }
    return {name: start if shutil.which(name) else None for name, start in programs.items()} | {
        "locust, FastHttpUser" if name == "locust" else name: start if _installed(name) else None
        for name, start in modules.items()
    }


def candidates(cpus: set[int]) -> dict[str, Start | None]:
    """Return minimal clients, each another way to write one in Python; None if not installed."""
    uvloop = _client("protocols", "uvloop", cpus=cpus)
    return {
        "one epoll, framed by hand": _client("epoll_sketch", cpus=cpus),
        "uvloop Protocol, httptools": uvloop if _installed("uvloop") else None,
        "asyncio BufferedProtocol, by hand": _client("protocols", "buffered", cpus=cpus),
        "asyncio Protocol, 16 KiB receives": _client("protocols", "small", cpus=cpus),
        "asyncio Protocol, by hand": _client("protocols", "protocol", cpus=cpus),
    }


def _client(name: str, *options: str, cpus: set[int]) -> Start:
    return command(sys.executable, str(CLIENTS / f"{name}.py"), *options, *_ARGUMENTS, cpus=cpus)


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
