"""The number of connections that a server holds; its users may have set fewer than a burst has."""

from __future__ import annotations

from pytest_djworkers.backends.protocol import Backend, LaunchPlan

_OF_EACH_WORKER = ("backpressure", "worker_connections", "limit_concurrency")
_OF_ALL = ("connection_limit",)


def max_connections(backend: Backend, plan: LaunchPlan) -> int | None:
    """Return the number of connections that a server holds open at once, by its options.

    None if no option says so: then it has no such limit, or only the server knows it.
    """
    # Options of backends in other packages count as well, if they have one of these names.
    options = backend.options(plan)
    limits = [int(options[name]) * plan.workers for name in _OF_EACH_WORKER if name in options]
    limits += [int(options[name]) for name in _OF_ALL if name in options]
    return min(limits, default=None)
