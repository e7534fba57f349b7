"""The header that a site expects of its proxy: which it is, and when load has it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_djworkers.entry.proxy_header import proxy_header_of, reported_proxy_header

HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, None),
        ({"SECURE_SSL_REDIRECT": True, "SECURE_PROXY_SSL_HEADER": None}, None),
        # Other sites have the same load as before.
        ({"SECURE_SSL_REDIRECT": False, "SECURE_PROXY_SSL_HEADER": HEADER}, None),
        (
            {"SECURE_SSL_REDIRECT": True, "SECURE_PROXY_SSL_HEADER": HEADER},
            ("X-Forwarded-Proto", "https"),
        ),
        (
            {"SECURE_SSL_REDIRECT": True, "SECURE_PROXY_SSL_HEADER": ["HTTP_FRONT_END_TLS", "on"]},
            ("Front-End-Tls", "on"),
        ),
        # No client can set it.
        ({"SECURE_SSL_REDIRECT": True, "SECURE_PROXY_SSL_HEADER": ("HTTPS", "on")}, None),
    ],
)
def test_load_has_the_header_of_a_site_that_would_redirect(
    settings: dict[str, Any], header: tuple[str, str] | None
) -> None:
    assert proxy_header_of(SimpleNamespace(**settings)) == header


def test_a_server_that_reports_none_needs_none(tmp_path: Path) -> None:
    assert reported_proxy_header(tmp_path) == ()
