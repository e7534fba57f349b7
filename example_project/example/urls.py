"""The site's addresses: /myapp/ is for everybody, /members/ for readers who are logged in."""

from django.urls import include, path

urlpatterns = [
    path("myapp/", include("myapp.urls")),
    path("members/", include("members.urls")),
]
