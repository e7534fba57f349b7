"""No other user can read what a burst sends: tokens, cookies, bodies."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytest_djworkers.load.builtin import AsyncioGenerator
from pytest_djworkers.load.generator import Generator, Target
from pytest_djworkers.load.wrk import WrkGenerator, find_wrk
from pytest_djworkers.request.build import make_request
from tests.support.fault_server import Peer, answer, serve
from tests.support.profiles import make_profile

PROC = Path("/proc")


def shown_to_others(folder: Path, secret: bytes) -> Iterator[str]:
    """Yield the places where others can read a secret now."""
    for process in PROC.glob("[0-9]*"):
        for file in ("cmdline", "environ"):
            with suppress(OSError):
                if secret in (process / file).read_bytes():
                    yield f"{process / file}: {(process / 'cmdline').read_bytes()!r}"
    for path in folder.rglob("*"):
        if path.is_file() and secret in path.read_bytes():
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & 0o077:
                yield f"{path} has mode {mode:o}"


def generators() -> Iterator[Generator]:
    """All there are."""
    yield AsyncioGenerator(2)
    if program := find_wrk():
        yield WrkGenerator(program)


@pytest.mark.skipif(not PROC.is_dir(), reason="Linux shows command lines there")
@pytest.mark.parametrize("generator", list(generators()), ids=lambda one: one.name)
def test_no_other_user_can_read_a_request(generator: Generator, tmp_path: Path) -> None:
    secret = secrets.token_hex(16)
    request = make_request(
        f"/{secret}",
        "POST",
        headers={"Authorization": f"Bearer {secret}"},
        cookies={"sessionid": secret},
        query={"token": secret},
        json={"password": secret},
    )
    found: list[str] = []
    looked = 0

    async def looks(peer: Peer) -> None:
        nonlocal looked
        while True:
            await peer.request()
            if not looked:
                found.extend(shown_to_others(tmp_path, secret.encode()))
            looked += 1
            await peer.send(answer())

    before = os.umask(0)
    try:
        with serve(looks) as server:
            profile = make_profile(request, connections=2, duration_s=1)
            result = generator.fire(profile, Target(server.address, tmp_path))
    finally:
        os.umask(before)
    assert looked
    assert result.ok
    assert not found
    # Nor is it left behind.
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and secret.encode() in f.read_bytes()]
