"""The forms of readers."""

from django import forms

from members.models import Review
from myapp.models import Book


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]  # at run time it takes no parameter
    book = forms.ModelChoiceField(Book.objects.order_by("title"), to_field_name="isbn")
    stars = forms.IntegerField(min_value=1, max_value=5)

    class Meta:
        model = Review
        fields = ("book", "stars", "text")


class PictureForm(forms.Form):
    title = forms.CharField(max_length=100)
    picture = forms.FileField(max_length=100)
