"""Keep-alive GETs with aiohttp: HOST PORT PATH CONNECTIONS SECONDS."""

from __future__ import annotations

import asyncio
import sys
import time

import aiohttp


async def fire(host: str, port: str, path: str, connections: str, seconds: str) -> None:
    """Fire with one task for each connection."""
    deadline = time.monotonic() + float(seconds)

    async def repeat() -> None:
        while time.monotonic() < deadline:
            async with session.get(f"http://{host}:{port}{path}") as response:
                await response.read()

    # 0 means no limit; the default is 100 connections.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(repeat() for _ in range(int(connections))))


if __name__ == "__main__":
    asyncio.run(fire(*sys.argv[1:]))
