from django.views.generic import RedirectView

urlpatterns.insert(0, path("admin/logout/", RedirectView.as_view(url="/oauth2/logout")))
