"""Opens execnet's gateways: over ssh, to another command, or to a socket server."""

from __future__ import annotations

import os
import shlex
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_djworkers.load.agent_process import AGENTS_PATH
from pytest_djworkers.load.gateway_link import Link, LinkEnded
from pytest_djworkers.system.clock import CLOCK
from pytest_djworkers.system.environment import child_environment
from pytest_djworkers.system.process import GuardedProcess
from pytest_djworkers.system.unpatched_sockets import open_connection

if TYPE_CHECKING:
    from execnet import Gateway, XSpec

# Nobody is there who could type a password: ssh fails instead of asking for one. An option that the
# user gives comes later, and ssh takes the first.
_SSH_OPTIONS = "-o BatchMode=yes -o ConnectTimeout=10"
_PYTHON = "python3"
"""The interpreter on other hosts, where ``python`` may be none or an old one."""


class GatewayFailed(Exception):
    """A gateway could not be opened, or is gone; the message says what happened."""


def parsed(spec: str) -> XSpec:
    """Return execnet's specification, with what this package adds to it."""
    # Only runs with such agents import it.
    import execnet

    found = execnet.XSpec(spec)
    found.id = "djworkers"
    found.execmodel = "thread"
    if found.ssh:
        found.ssh = f"{_SSH_OPTIONS} {found.ssh}"
        found.python = found.python or _PYTHON
    return found


def open_gateway(
    spec: XSpec, log: Path, deadline: float, watch: tuple[int, ...]
) -> tuple[Gateway, Link]:
    """Return a gateway that is open, and the link that ends it.

    ``log`` gets what its command writes to standard error, and ``deadline`` is a monotonic time.
    Raises GatewayFailed.
    """
    from execnet.gateway_bootstrap import bootstrap

    link = _link(spec, log, deadline, watch)
    link.deadline = deadline
    try:
        gateway = bootstrap(link, spec)
    except BaseException as error:
        reason = _why_not_open(error, link)
        link.abandon()
        if reason is None:
            raise
        raise GatewayFailed(f"{reason}: {_advice(spec)}") from None
    link.deadline = None
    return gateway, link


def _why_not_open(error: BaseException, link: Link) -> str | None:
    """Return what went wrong, in words; None if it wasn't the other side."""
    if isinstance(error, TimeoutError):
        return "did not respond in time"
    if isinstance(error, LinkEnded | OSError):
        status = link.wait()
        return "ended before it was open" + ("" if status is None else f" (exit status {status})")
    if isinstance(error, AssertionError):  # execnet's own
        return (
            "wrote something else than execnet expects: nothing but Python may write to the"
            " standard output there, as a shell's start-up file may do"
        )
    return None


def _link(spec: XSpec, log: Path, deadline: float, watch: tuple[int, ...]) -> Link:
    from execnet.gateway_base import get_execmodel

    execmodel = get_execmodel("thread")
    if spec.socket:
        return Link.to_socket(_connected(str(spec.socket), deadline), execmodel)
    process = GuardedProcess(
        _command(spec),
        log=log,
        environment=_environment(spec),
        watch=watch,
        talks=True,
        name="the gateway of an agent",
    )
    return Link.to_process(process, execmodel)


def _connected(place: str, deadline: float) -> socket.socket:
    host, _, port = place.rpartition(":")
    try:
        found = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)
        made = open_connection(found[0][4][:2], max(0.0, deadline - CLOCK.monotonic()))  # type: ignore[arg-type]  # of an internet address
    except (OSError, OverflowError) as error:
        raise GatewayFailed(
            f"can't be reached: {error}: is execnet's socket server started there"
            f" (python -m execnet.script.socketserver {host}:{port})?"
        ) from None
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def _command(spec: XSpec) -> list[str]:
    from execnet import gateway_io

    return gateway_io.ssh_args(spec) if spec.ssh else gateway_io.popen_args(spec)


def _environment(spec: XSpec) -> dict[str, str]:
    # Another interpreter has packages of its own, and the site may have modules with the names of
    # what a gateway imports.
    path = os.environ.get("PYTHONPATH", "") if spec.ssh or spec.python else AGENTS_PATH
    return child_environment(PYTHONPATH=path, PYTHONSAFEPATH="1")


def _advice(spec: XSpec) -> str:
    """Return what to try by hand."""
    if spec.socket:
        return "is it execnet's socket server that listens there, and does it serve nobody else?"
    if spec.ssh:
        config = f"-F {shlex.quote(str(spec.ssh_config))} " if spec.ssh_config else ""
        command = f"ssh {config}{spec.ssh} {spec.python} -V"
    else:
        command = f"{spec.python or _PYTHON} -V"
    return f"try it by hand: {command}"
