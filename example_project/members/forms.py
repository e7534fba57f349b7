"""The forms of readers."""

from django import forms

from members.models import Review
from myapp.models import Book


class ReviewForm(forms.ModelForm):  # type: ignore[type-arg]  # at run time it takes no parameter
    # Typed in: a list of all books would be most of the page.
    book = forms.ModelChoiceField(
        Book.objects.all(), to_field_name="isbn", widget=forms.TextInput, label="ISBN"
    )
    stars = forms.IntegerField(min_value=1, max_value=5)

    class Meta:
        model = Review
        fields = ("book", "stars", "text")


class PictureForm(forms.Form):
    title = forms.CharField(max_length=100)
    picture = forms.FileField(max_length=100)
