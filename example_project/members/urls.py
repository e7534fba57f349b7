"""Pages for readers who are logged in."""

from django.contrib.auth.views import LoginView
from django.urls import path

from members import views

urlpatterns = [
    path("", views.account, name="account"),
    path("review", views.review, name="review"),
    path("picture", views.picture, name="picture"),
    path("login", LoginView.as_view(template_name="members/login.html"), name="login"),
]
