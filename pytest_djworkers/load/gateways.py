"""The gateways of a run, each of which is opened once, and anew if it was lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_djworkers.load.agent_protocol import MakeAgent
from pytest_djworkers.load.generator import lack_of_descriptors

if TYPE_CHECKING:
    from pytest_djworkers.load.gateway import Gateway


class Gateways:
    """The gateways to a run's agents on other machines.

    ``specs`` has one of execnet's specifications for each agent; agents with the same one share a
    gateway. ``folder`` is the one for logs, and ``watch`` are processes that the gateways must not
    outlive, besides this one.
    """

    def __init__(self, specs: tuple[str, ...], folder: Path, watch: tuple[int, ...] = ()) -> None:
        self.specs = specs
        self._folder = folder
        self._watch = watch
        self._open: dict[str, Gateway] = {}

    def open(self) -> None:
        """Open those that aren't. Raises GeneratorError, which says what happened to which one."""
        for number, spec in enumerate(dict.fromkeys(self.specs), 1):
            if spec not in self._open:
                # Only runs with such agents wait for this, and for execnet.
                from pytest_djworkers.load.gateway import Gateway

                log = self._folder / f"gateway-{number}.log"
                self._open[spec] = Gateway(spec, log, self._watch)

    def agents(self) -> list[MakeAgent]:
        """Return what starts the agents; the clocks are compared anew.

        Raises GeneratorError if a gateway was lost and can't be opened again.
        """
        for spec, gateway in list(self._open.items()):
            if not gateway.refresh():
                del self._open[spec]
                gateway.close()
        self.open()
        return [self._open[spec].agent for spec in self.specs]

    def lacks_of_descriptors(self, connections: int, processes: int) -> Iterator[str]:
        """Yield why an agent can't open its part of the connections, for each gateway."""
        for spec, gateway in self._open.items():
            lack = lack_of_descriptors(
                connections, gateway.descriptors, processes=processes, where=f" at {spec}"
            )
            if lack is not None:
                yield lack

    def close(self) -> None:
        """End them all, even if one can't be ended."""
        with ExitStack() as stack:
            while self._open:
                stack.callback(self._open.popitem()[1].close)
