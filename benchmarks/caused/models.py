"""Orders, of which there are many."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    """An order."""

    code = models.CharField(max_length=20, db_index=True)
    total = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.code}: {self.total}"
