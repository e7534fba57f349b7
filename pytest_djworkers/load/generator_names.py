"""The names of the generators, as options and reports give them. It imports nothing."""

AUTO, ASYNCIO, WRK = "auto", "asyncio", "wrk"

GENERATORS = (AUTO, ASYNCIO, WRK)
"""The values of ``--djworkers-generator``; ``auto`` is one of the others, chosen by burst."""
