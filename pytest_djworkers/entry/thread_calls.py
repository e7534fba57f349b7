"""Knows the frames by which asgiref runs a function in a thread, and by which a coroutine waits."""

from __future__ import annotations

from types import FrameType
from typing import Any

_IN_A_THREAD = "thread_handler"
"""The method of asgiref's SyncToAsync that runs in a thread what a coroutine waits for."""


def call_of(frame: FrameType) -> Any:
    """Return the object of the call that a frame runs in a thread; None if it is another frame."""
    if frame.f_code.co_name != _IN_A_THREAD or not _is_of_asgiref(frame):
        return None
    return frame.f_locals.get("self")


def awaited_by(frame: FrameType) -> Any:
    """Return the coroutine that a thread's frame waits for; None if it is another frame."""
    if frame.f_code.co_name != "__call__" or not _is_of_asgiref(frame):
        return None
    found = frame.f_locals.get("awaitable")
    return found if hasattr(found, "cr_frame") else None


def awaits_thread(frame: FrameType) -> bool:
    """Return True if a coroutine's frame is that of a call in a thread, or of the reverse."""
    return frame.f_code.co_name == "__call__" and _is_of_asgiref(frame)


def _is_of_asgiref(frame: FrameType) -> bool:
    return "asgiref" in frame.f_code.co_filename
