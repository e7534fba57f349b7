"""What the kernel knows of a connection: Linux's TCP_INFO (tcp(7))."""

from __future__ import annotations

import socket
import struct

_LONGEST = 256
_BYTES_ACKED = struct.Struct("120xQ")
_BYTES_SENT = struct.Struct("200xQQ")
"""``tcpi_bytes_sent`` and ``tcpi_bytes_retrans`` of linux/tcp.h, there since Linux 4.19."""
_SYN = 1
"""A connection that was opened from this side counts its SYN among what was acknowledged."""


def unacknowledged(sock: socket.socket) -> int | None:
    """How many of the bytes that were sent on a connection the other side's kernel never said it
    has; of a connection opened from this side, also one that is over. None where the system does
    not tell."""
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LONGEST)
        (acked,) = _BYTES_ACKED.unpack_from(told)
        sent, again = _BYTES_SENT.unpack_from(told)
    except (OSError, struct.error):
        return None
    return int(sent - again - max(0, acked - _SYN))
