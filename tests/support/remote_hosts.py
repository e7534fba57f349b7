"""What lets others run commands on a host of a test's network: a real sshd, a socket gateway."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.namespaces import SEARCH_PATH, Host, started_in
from tests.support.processes import until

_SSH_PORT = 22
_GATEWAY_PORT = 8888
_LISTENS = "0A"
"""The state of a socket that listens, in /proc/net/tcp."""

# A locked account, as root's may be, and other people's folders above the test's are no obstacles.
_SERVER = """\
ListenAddress {address}:{port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/client_key.pub
PidFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
PrintMotd no
"""
# Nothing of the user's who runs the tests: neither keys nor hosts nor an agent.
_CLIENT = """\
Host {address}
    User root
    IdentityFile {folder}/client_key
    IdentitiesOnly yes
    IdentityAgent none
    UserKnownHostsFile {folder}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    BatchMode yes
    ConnectTimeout 10
"""
# sshd wants a folder that a machine without a running sshd does not have. Each command that
# ``ip netns exec`` starts has mounts of its own, so this one is gone with it.
_WITH_ITS_FOLDER = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$0" "$@"'


@contextmanager
def ssh_server(host: Host, folder: Path) -> Iterator[Path]:
    """Run sshd in a host; yield the configuration for ``ssh -F``, with which root may log in."""
    program = shutil.which("sshd", path=SEARCH_PATH)
    if program is None or shutil.which("ssh") is None:
        pytest.skip("there is no sshd here: apt-get install openssh-server openssh-client")
    folder.mkdir()
    for name in ("host_key", "client_key"):
        _make_key(folder / name)
    host_key = (folder / "host_key.pub").read_text()
    (folder / "known_hosts").write_text(f"{host.address} {host_key}")
    for name, text in (("server", _SERVER), ("client", _CLIENT)):
        values = {"address": host.address, "port": _SSH_PORT, "folder": folder}
        (folder / name).write_text(text.format_map(values))
    command = (program, "-D", "-e", "-f", folder / "server")
    with started_in(host, "sh", "-c", _WITH_ITS_FOLDER, *command, log=folder / "log") as process:
        _wait(process, _SSH_PORT, folder / "log")
        yield folder / "client"


@contextmanager
def socket_gateway(host: Host, folder: Path) -> Iterator[str]:
    """Run execnet's socket server in a host, for one connection; yield its ``host:port``."""
    folder.mkdir()
    where = f"{host.address}:{_GATEWAY_PORT}"
    command = (sys.executable, "-u", "-m", "execnet.script.socketserver", where)
    with started_in(host, *command, log=folder / "log") as process:
        _wait(process, _GATEWAY_PORT, folder / "log")
        yield where


def _make_key(file: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", file], check=True)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Wait until a process listens. It isn't connected to: a gateway takes one connection."""
    until(lambda: process.poll() is not None or _listens(process.pid, port))
    assert process.poll() is None, log.read_text()


def _listens(pid: int, port: int) -> bool:
    """Return whether somebody listens on a port in the network that a process is in."""
    _, *lines = Path(f"/proc/{pid}/net/tcp").read_text().splitlines()
    sockets = [line.split()[1:4] for line in lines]
    return any(
        state == _LISTENS and int(local.rpartition(":")[2], 16) == port
        for local, _, state in sockets
    )
