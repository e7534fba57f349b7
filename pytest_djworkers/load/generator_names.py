"""The names of the generators, as options and reports show them. It imports nothing."""

AUTO, ASYNCIO, WRK = "auto", "asyncio", "wrk"

GENERATORS = (AUTO, ASYNCIO, WRK)
"""The values of ``--djworkers-generator``; with ``auto``, one of the others is chosen per burst."""
