"""Reads Linux's TCP_INFO (tcp(7)), the kernel's own figures of a connection."""

from __future__ import annotations

import socket
import struct

_LONGEST = 256
_BYTES_ACKED = struct.Struct("120xQ")
_BYTES_SENT = struct.Struct("200xQQ")
"""The places of ``tcpi_bytes_acked``, and of ``tcpi_bytes_sent`` and ``tcpi_bytes_retrans``, in
``struct tcp_info`` of linux/tcp.h, which has them since Linux 4.19."""
_SYN = 1
"""The kernel counts the SYN that opened the connection as one acknowledged byte."""


def unacknowledged(sock: socket.socket) -> int | None:
    """Return the number of bytes sent on a connection that the other side has not acknowledged.

    The connection must have been opened from this side, and may be closed. None if the system
    doesn't tell.
    """
    if not hasattr(socket, "TCP_INFO"):
        return None
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LONGEST)
        (acked,) = _BYTES_ACKED.unpack_from(told)
        sent, again = _BYTES_SENT.unpack_from(told)
    except (OSError, struct.error):
        return None
    return int(sent - again - max(0, acked - _SYN))
