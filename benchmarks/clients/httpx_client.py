"""Keep-alive GETs with httpx: HOST PORT PATH CONNECTIONS SECONDS."""

from __future__ import annotations

import asyncio
import ssl
import sys
import time

import httpx


async def fire(host: str, port: str, path: str, connections: str, seconds: str) -> None:
    """Fire with one client for each connection."""
    # A single client looks at every connection at each request. With 64 of them that costs ten
    # times as much.
    deadline = time.monotonic() + float(seconds)
    context = ssl.create_default_context()

    async def repeat() -> None:
        async with httpx.AsyncClient(verify=context, timeout=60.0) as client:
            while time.monotonic() < deadline:
                await client.get(f"http://{host}:{port}{path}")

    await asyncio.gather(*(repeat() for _ in range(int(connections))))


if __name__ == "__main__":
    asyncio.run(fire(*sys.argv[1:]))
