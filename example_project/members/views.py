"""Pages for readers who are logged in: their account, a review, and a picture of their shelf."""

import hashlib

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render

from members.forms import PictureForm, ReviewForm
from members.models import Review


class ReaderRequest(HttpRequest):
    """A request of somebody who is logged in."""

    user: User


@login_required
def account(request: ReaderRequest) -> HttpResponse:
    reviews = Review.objects.filter(reader=request.user).select_related("book").order_by("-id")
    context = {"reviews": reviews[:10], "form": ReviewForm()}
    return render(request, "members/account.html", context)


@login_required
def review(request: ReaderRequest) -> HttpResponse:
    """Store a review, and go back to the account, as forms do."""
    form = ReviewForm(request.POST, instance=Review(reader=request.user))
    if not form.is_valid():
        return render(request, "members/account.html", {"form": form}, status=400)
    form.save()
    return redirect("account")


@login_required
def picture(request: ReaderRequest) -> HttpResponse:
    """Take a picture, and respond with what came in."""
    form = PictureForm(request.POST, request.FILES)
    if not form.is_valid():
        return JsonResponse(form.errors, status=400)
    digest = hashlib.sha256()
    for chunk in form.cleaned_data["picture"].chunks():
        digest.update(chunk)
    return JsonResponse({"title": form.cleaned_data["title"], "sha256": digest.hexdigest()})
