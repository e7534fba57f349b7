"""A line of an access log."""

from __future__ import annotations

COMBINED = (
    '127.0.0.1 - - [10/Oct/2026:13:55:36 +0000] "{}" {} 2326 "http://example.com/" "A \\"b\\""'
)
"""A line in the combined format, without its request and its status."""
