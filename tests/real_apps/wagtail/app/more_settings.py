INSTALLED_APPS += ["oidc_gate.django"]
MIDDLEWARE.insert(1, "whitenoise.middleware.WhiteNoiseMiddleware")
MIDDLEWARE += ["oidc_gate.django.OIDCMiddleware"]
AUTHENTICATION_BACKENDS = ["oidc_gate.django.backends.OIDCBackend"]
OIDC_GATE = {"SUPERUSER_GROUPS": ["admins"]}
