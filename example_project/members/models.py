"""The reviews of books that readers write."""

from django.conf import settings
from django.db import models


class Review(models.Model):
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    book = models.ForeignKey("myapp.Book", on_delete=models.CASCADE, related_name="reviews")
    stars = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.stars} stars for {self.book}"
