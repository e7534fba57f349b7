"""Counts of connections on the whole machine, as Linux keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_FILE = Path("/proc/net/netstat")


@dataclass(frozen=True, slots=True)
class KernelCounts:
    """Counts since the machine, or its network namespace, was started."""

    listen_overflows: int
    """Connections turned away because a backlog was full."""
    syn_retransmits: int
    """Attempts to connect that were sent again, a second and more after the first."""

    def since(self, before: KernelCounts) -> KernelCounts:
        """Return the counts that were added since an earlier reading."""
        return KernelCounts(
            self.listen_overflows - before.listen_overflows,
            self.syn_retransmits - before.syn_retransmits,
        )


def read_counts() -> KernelCounts | None:
    """Return the counts now; None if the system has none, such as outside of Linux."""
    try:
        return parse_counts(_FILE.read_text())
    except OSError:
        return None


def parse_counts(text: str) -> KernelCounts | None:
    """Return the counts in the text of ``/proc/net/netstat``; None if they are not in it.

    Its lines come in pairs: one of names, and one of their values.
    """
    lines = text.splitlines()
    for names, values in zip(lines[::2], lines[1::2], strict=False):
        if names.startswith("TcpExt:"):
            counts = dict(zip(names.split(), values.split(), strict=False))
            try:
                return KernelCounts(int(counts["ListenOverflows"]), int(counts["TCPSynRetrans"]))
            except KeyError:
                return None
    return None
