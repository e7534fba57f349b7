"""The plugin's own view, under a server of each kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.entry.plain_view import PLAIN_PATH
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.server.protocol import BurstNeeds
from tests.support.launches import MakeServer


@pytest.mark.parametrize("name", ["granian", "uvicorn"])
def test_it_needs_no_transaction(name: str, make_server: MakeServer, folder: Path) -> None:
    settings = folder / "site_settings.py"
    settings.write_text(f'{settings.read_text()}\nDATABASES["default"]["ATOMIC_REQUESTS"] = True\n')
    server = make_server(BACKENDS[name])
    server.launch(BurstNeeds(8, SentRequest(PLAIN_PATH, contains=b"ok"), plain_view=True))
    assert server.probed is not None
    assert server.probed.status == 200
