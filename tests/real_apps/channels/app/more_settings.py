INSTALLED_APPS = ["daphne", *INSTALLED_APPS, "chat", "oidc_gate.django"]
MIDDLEWARE += ["oidc_gate.django.OIDCMiddleware"]
AUTHENTICATION_BACKENDS = ["oidc_gate.django.backends.OIDCBackend"]
ASGI_APPLICATION = "mysite.asgi.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
