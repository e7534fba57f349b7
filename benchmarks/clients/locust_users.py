"""A locust user that requests ``LOCUST_PATH`` without a pause, with locust's faster client."""

from __future__ import annotations

import os

from locust import FastHttpUser, task

PATH = os.environ["LOCUST_PATH"]


class User(FastHttpUser):
    """One connection, kept alive."""

    @task
    def get(self) -> None:
        """Send one request."""
        self.client.get(PATH)
