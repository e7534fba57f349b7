"""The site's addresses: everything is under /myapp/."""

from django.urls import include, path

urlpatterns = [path("myapp/", include("myapp.urls"))]
